import { expect, test } from "vitest";
import { TransferSpeed } from "../../src/hub/downloadProgress.ts";

test("nothing is known before something has come", () => {
  const speed = new TransferSpeed(100);
  expect(speed.perSecond(100)).toBe(undefined);
  speed.add(0, 103);
  expect(speed.perSecond(103)).toBe(undefined);
});

test("a steady speed is told from the first piece on", () => {
  const speed = new TransferSpeed(100);
  for (let at = 100.1; at < 160; at += 0.1) {
    speed.add(5000, at);
    expect(speed.perSecond(at)).toBeCloseTo(50_000, 6);
  }
});

test("after ten seconds the speed is that of the new network, and after silence there is none", () => {
  const speed = new TransferSpeed(0);
  for (let at = 1; at <= 100; at++) speed.add(1_000_000, at);
  for (let at = 101; at <= 105; at++) speed.add(10_000, at);
  expect(speed.perSecond(105)).toBeLessThan(700_000);
  for (let at = 106; at <= 112; at++) speed.add(10_000, at);
  expect(speed.perSecond(112)).toBeCloseTo(10_000, 6);
  expect(speed.perSecond(1000)).toBe(undefined);
});
