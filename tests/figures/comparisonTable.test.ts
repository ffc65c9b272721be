import { expect, test } from "vitest";
import { comparisonTable } from "../../src/figures/comparisonTable.ts";
import { type RunLike, summarize } from "../../src/figures/runSummary.ts";
import { classifierRun, lastLayersRun, multiLabelRun, progressiveRun, regressionRun } from "../report/sampleRun.ts";

const tableOf = (runs: Parameters<typeof summarize>[0]) => comparisonTable(summarize(runs));
const marked = (runs: Parameters<typeof summarize>[0]) => {
  const table = tableOf(runs);
  return Object.keys(runs).filter((_, i) => table.isMarked(i));
};

test("several labels: micro F1 first, then what else was measured on the test texts", () => {
  const test = { evalLoss: 0.3, evalMacroF1: 0.4, evalMicroF1: 0.55, evalSubsetAccuracy: 0.5 };
  const { columns, rows } = tableOf({ a: multiLabelRun, b: { ...multiLabelRun, test } });
  expect(columns.map(({ title }) => title).slice(3, -3)).toEqual([
    "Validation micro F1",
    "Test micro F1",
    "Test macro F1",
    "Test subset accuracy",
  ]);
  expect(rows.map((row) => row.slice(3, -3))).toEqual([
    ["58.0%", undefined, undefined, undefined],
    ["58.0%", "55.0%", "40.0%", "50.0%"],
  ]);
});

test("regression: the lowest error is the best, and its spread is in its own unit", () => {
  const worse: RunLike = { ...regressionRun, best: { epoch: 1, evalMse: 4284.9 } };
  const better: RunLike = { ...regressionRun, best: { epoch: 3, evalMse: 880.5 } };
  expect(marked({ worse, seeds: [regressionRun, better] })).toEqual(["seeds"]);
  expect(tableOf({ worse, seeds: [regressionRun, better] }).rows.map((row) => row[3])).toEqual([
    "4285",
    "890.5 ± 14.14",
  ]);
});

test("the best is chosen on the test texts only where every strategy has them", () => {
  const tested: RunLike = { ...classifierRun, test: { evalAccuracy: 0.9 } }; // validation 70.8 %
  expect(marked({ tested, progressiveRun })).toEqual(["progressiveRun"]);
  expect(marked({ tested, lastLayers: lastLayersRun(0) })).toEqual(["tested"]);
});

test("a single strategy is not the best of anything, and runs without validation have no best", () => {
  expect(marked({ only: progressiveRun })).toEqual([]);
  const { best: _, ...unseen } = classifierRun;
  expect(marked({ a: unseen, b: unseen })).toEqual([]);
  expect(tableOf({ a: unseen, b: unseen }).columns.map(({ title }) => title)).not.toContain("Validation accuracy");
});

test("frozen bytes that changed would be named", () => {
  const changed = { ...classifierRun, evidence: { ...classifierRun.evidence, changed: ["a", "b"] } };
  expect(tableOf({ changed }).rows[0]?.at(-1)).toBe("in 2 tensors");
});

test("runs of different tasks are not compared", () => {
  expect(() => tableOf({ a: multiLabelRun, b: regressionRun })).toThrow(
    expect.objectContaining({
      code: "DIFFERENT_METRICS",
      message: expect.stringMatching(/"a" was judged by evalMicroF1, "b" by evalMse.*same metricForBestModel/),
    }),
  );
});
