import { expect, test } from "vitest";
import { medianMs, ratioOf, ratiosByPair, speedOf, toJson } from "../../../bench/training/figures.ts";
import { plan, step } from "./exampleFigures.ts";

test("the median is that of all steps, the ratio that of the medians", () => {
  expect([medianMs(step.thaw), medianMs(step.torch)]).toEqual([25, 110]);
  expect(ratioOf(step)).toBeCloseTo(25 / 110, 12);
});

test("the spread of the ratio comes from blocks of the same batches", () => {
  expect(ratiosByPair(step)).toEqual([25 / 100, 25 / 120]);
});

test("a speed is that of everything that was measured, and is not made up where nothing was counted", () => {
  expect(speedOf(step.thaw)).toBeCloseTo(3e9 / 0.15 / 1e9, 9); // 150 ms in all
  expect(speedOf(plan.thaw)).toBeUndefined();
});

test("the JSON holds the machine, and of each workload the name, medians, peaks and the ratio: nothing else", () => {
  const machine = { processor: "a processor" };
  expect(JSON.parse(JSON.stringify(toJson(machine, [step, plan])))).toEqual({
    machine,
    workloads: [
      {
        name: "w1-full",
        thaw: { medianMs: 25, peakRssMb: 800 },
        torch: { medianMs: 110, peakRssMb: 1000 },
        ratio: 25 / 110,
      },
      {
        name: "w3-plan",
        thaw: { medianMs: 2200, peakRssMb: 900 },
        torch: { medianMs: 11000, peakRssMb: 1200 },
        ratio: 0.2,
      },
    ],
  });
});
