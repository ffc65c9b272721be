import { setImmediate as immediately } from "node:timers";
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { currentCell, runInCell, startCell } from "../../../../kernel/cells/asyncContext/currentCell.ts";
import { cancelTimersOf, kernelTimers, patchTimers } from "../../../../kernel/cells/asyncContext/timers.ts";

patchTimers();
const sleep = (ms: number) => new Promise((done) => kernelTimers.setTimeout(done, ms));

test("cancelling ends the timers of one cell, those set afterwards too, and leaves the others", async () => {
  const ran: string[] = [];
  const begin = (name: string) => {
    setTimeout(() => ran.push(`${name} timeout`), 10);
    setInterval(() => ran.push(`${name} interval`), 12).unref();
    immediately(() => ran.push(`${name} immediate`));
    void wait(11).then(() => ran.push(`${name} wait`));
  };
  startCell(1, () => begin("first"));
  startCell(2, () => begin("second"));
  cancelTimersOf(1);
  startCell(1, () => begin("first again"));
  await sleep(60);
  expect(ran.filter((each) => each.startsWith("first"))).toEqual([]);
  expect(ran).toEqual(
    expect.arrayContaining(["timeout", "interval", "immediate", "wait"].map((each) => `second ${each}`)),
  );
});

test("a callback runs as code of its cell while another one runs, and what follows it does not", async () => {
  const cells: number[] = [];
  startCell(3, () => setTimeout(() => cells.push(currentCell()), 5));
  startCell(4, () => cells.push(currentCell()));
  await sleep(30);
  cells.push(currentCell());
  expect(cells).toEqual([4, 3, 4]);
});

test("a callback that throws does not leave its cell behind", () => {
  startCell(6, () => {});
  const bad = () => {
    throw new Error("in a timer");
  };
  expect(() => runInCell(5, bad, undefined, [])).toThrow("in a timer");
  expect(currentCell()).toBe(6);
});
