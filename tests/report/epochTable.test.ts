import { expect, test } from "vitest";
import { epochTable } from "../../src/report/epochTable.ts";
import { type classifierRun, multiLabelRun, regressionRun } from "./sampleRun.ts";

const tableOf = (run: typeof classifierRun) => epochTable(run.history, run.stages, run.metric);
const titles = (run: typeof classifierRun) => tableOf(run).columns.map(({ title }) => title);

test("the columns are the metrics that the task has", () => {
  expect(titles(multiLabelRun).slice(2, -1)).toEqual([
    "Training Loss",
    "Validation Loss",
    "Micro F1",
    "Macro F1",
    "Subset accuracy",
    "Learning Rate",
  ]);
  expect(titles(regressionRun).slice(4, -2)).toEqual(["MSE", "MAE", "R2", "Pearson", "Spearman"]);
});

test("the best row is the highest of a share, and the lowest of an error", () => {
  expect(multiLabelRun.history.map((_, i) => tableOf(multiLabelRun).isMarked(i))).toEqual([false, true, false]);
  expect(regressionRun.history.map((_, i) => tableOf(regressionRun).isMarked(i))).toEqual([false, true, false]);
  const byRank = epochTable(regressionRun.history, regressionRun.stages, {
    key: "evalSpearman",
    greaterIsBetter: true,
  });
  expect([0, 1, 2].map((i) => byRank.isMarked(i))).toEqual([false, false, true]);
});

test("of equal rows the first is the best", () => {
  const rows = [0.5, 0.5, 0.4].map((evalAccuracy, i) => ({ step: i, epoch: i + 1, stage: 0, evalAccuracy }));
  const table = epochTable(rows, []);
  expect(rows.map((_, i) => table.isMarked(i))).toEqual([true, false, false]);
});

test("large losses keep seven digits, small ones have six after the point", () => {
  const [row] = tableOf(regressionRun).rows;
  expect(row?.slice(2, 9)).toEqual([
    "5316.500",
    "4284.900",
    "4284.900",
    "40.10000",
    "-3.006900",
    "-0.051500",
    "-0.098800",
  ]);
  expect(tableOf(multiLabelRun).rows[0]?.[2]).toBe("0.500000");
});

test("a row that was not evaluated has empty cells, and no training loss is said", () => {
  const [first, second] = multiLabelRun.history;
  const bare = { step: 40, epoch: 2, stage: 7 };
  const table = epochTable([first as typeof bare, bare], multiLabelRun.stages, multiLabelRun.metric);
  expect(table.rows[1]).toEqual([2, 8, "No log", undefined, undefined, undefined, undefined, undefined, undefined]);
  expect(second?.evalMicroF1).toBe(0.58);
});
