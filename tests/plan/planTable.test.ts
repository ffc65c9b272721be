import { expect, test } from "vitest";
import { planTable } from "../../src/plan/plan.ts";
import { progressiveRun } from "../show/sampleRun.ts";

const stages = progressiveRun.stages.map(({ plan }) => plan);

test("a plan is a table before it runs: what trains, from which epoch on, at which rates and at what cost", () => {
  const table = planTable(stages, 22_713_986);
  expect(table.rows).toEqual([
    ["head", "head", "1-3", "375", "148,610 (0.7%)", "", "1.00e-3", "linear, 38 steps of warmup", "12.0%"],
    [
      ...["last 4 layers", "head, layers 2-5", "4-6", "375", "7,246,082 (31.9%)"],
      ...["5.00e-5", "5.00e-5", "linear, 38 steps of warmup", "72.0%"],
    ],
    [
      ...["everything", "everything", "7-10", "500", "22,713,986 (100.0%)"],
      ...["5.00e-5", "5.00e-5", "linear, 50 steps of warmup", "100.0%"],
    ],
    ["all", "", 10, "1,250", "", "", "", "", "65.2%"],
  ]);
  expect(table.caption).toMatch(/^3 stages over 22,713,986 parameters/);
});

test("with a prediction, time and memory stand at the end, and the caption says what they are", () => {
  const forecasts = [
    { predictedSeconds: 18, predictedMemory: 6.1e8 },
    { predictedSeconds: 99, predictedMemory: 9.5e8 },
    { predictedSeconds: 170, predictedMemory: 1.25e9 },
  ];
  const table = planTable(
    stages.map((stage, i) => ({ ...stage, ...forecasts[i] })),
    22_713_986,
  );
  expect(table.rows.map((row) => row.slice(-2))).toEqual([
    ["0:18", "610 MB"],
    ["1:39", "950 MB"],
    ["2:50", "1.25 GB"],
    ["4:47", "1.25 GB"],
  ]);
  expect(table.caption).toMatch(/Time: from what one layer takes on this machine, the pass .* included/);
});

test("patience stands beside the schedule", () => {
  const [row] = planTable([{ ...(stages[0] as (typeof stages)[0]), warmupSteps: 1, patience: 2 }], 22_713_986).rows;
  expect(row?.[7]).toBe("linear, 1 step of warmup, patience 2");
});

test("the settings of a stage stand beside the schedule", () => {
  const first = stages[0] as (typeof stages)[0];
  const written = {
    ...first.written,
    scheduleStart: "rewarm",
    minDelta: 0.01,
    restoreBest: true,
    moments: "reset",
  } as const;
  const cell = (dropout: number | { hidden: number }) => {
    const stage = {
      ...first,
      warmupSteps: 2,
      patience: 3,
      lrSchedulerKwargs: { power: 2 },
      written: { ...written, dropout },
    };
    return planTable([stage], 22_713_986).rows[0]?.[7];
  };
  const start = "linear rewarmed (power 2), 2 steps of warmup, patience 3, at least 0.01 better";
  expect(cell(0)).toBe(`${start}, best epoch restored, moments reset, dropout 0`);
  expect(cell({ hidden: 0.2 })).toBe(`${start}, best epoch restored, moments reset, dropout 0.2 hidden`);
});
