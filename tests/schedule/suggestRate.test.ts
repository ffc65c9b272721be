import { expect, test } from "vitest";
import { minimum, SmoothedLoss, steep, suggestRates, valley } from "../../src/schedule/suggestRate.ts";
import { golden } from "../golden/read.ts";

interface Case {
  readonly name: string;
  readonly numSteps: number;
  readonly rates: readonly number[];
  readonly raw?: readonly number[];
  readonly losses: readonly number[];
  readonly valley: number;
  readonly steep: number;
  readonly minimum: number;
}

const { cases } = golden<{ readonly cases: readonly Case[] }>("suggest_rate.json");

test.each(cases)("the rules suggest what fastai does: $name", ({ rates, losses, numSteps, ...expected }) => {
  const suggested = suggestRates({ rates, losses }, numSteps);
  for (const rule of ["valley", "steep", "minimum"] as const) {
    expect([rule, suggested?.[rule]]).toEqual([rule, expect.closeTo(expected[rule], 12)]);
    expect((suggested?.[rule] as number) / expected[rule]).toBeCloseTo(1, 12);
  }
});

test("losses are smoothed as fastai does", () => {
  const smoothed = cases.filter(({ raw }) => raw !== undefined);
  expect(smoothed.length).toBeGreaterThan(4);
  for (const { raw = [], losses } of smoothed) {
    const smooth = new SmoothedLoss();
    raw.forEach((loss, i) => {
      expect(smooth.add(loss)).toBeCloseTo(losses[i] as number, 12);
    });
  }
});

test("the rules differ on a curve, and each follows its own definition", () => {
  const curve = { rates: [1, 10, 100, 1000, 10_000, 100_000], losses: [5, 4.9, 3, 2.5, 2, 6] };
  expect(valley(curve)).toBe(1); // from one step before the curve: a third of 5 steps, and half of that
  expect(steep(curve)).toBe(10);
  expect(minimum(curve)).toBe(1000);
});

test("a curve of which nothing is left suggests nothing", () => {
  const rates = [1, 2, 3, 4, 5, 6, 7, 8];
  expect(suggestRates({ rates, losses: rates }, 20)).toBeUndefined();
  expect(suggestRates({ rates: [], losses: [] }, 100)).toBeUndefined();
});
