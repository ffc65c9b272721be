import { expect, test } from "vitest";
import { epochTable } from "../../src/show/epochTable.ts";
import { accuracyMetric } from "../../src/task/metrics.ts";
import type { RunRecord } from "../../src/train/runRecord.ts";
import { lastLayersRun, multiLabelRun, progressiveRun, regressionRun } from "./sampleRun.ts";

const tableOf = ({ history, stages, metric }: RunRecord) =>
  epochTable({ rows: history, stages: stages.map(({ plan }) => plan), metric });
const titles = (run: RunRecord) => tableOf(run).columns.map(({ title }) => title);

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
  const byRank = tableOf({ ...regressionRun, metric: { key: "evalSpearman", greaterIsBetter: true } });
  expect([0, 1, 2].map((i) => byRank.isMarked(i))).toEqual([false, false, true]);
});

test("of equal rows the one with the lowest loss is the best, then the first", () => {
  const marked = (losses: readonly (number | undefined)[]) => {
    const rows = losses.map((evalLoss, i) => ({
      ...{ step: i, epoch: i + 1, stage: 0, evalAccuracy: 0.5 },
      ...(evalLoss === undefined ? {} : { evalLoss }),
    }));
    const table = epochTable({ rows, stages: [], metric: accuracyMetric });
    return rows.findIndex((_, i) => table.isMarked(i));
  };
  expect(marked([undefined, undefined])).toBe(0);
  expect(marked([0.7, 0.5, 0.6])).toBe(1);
  expect(marked([0.7, 0.5, 0.5])).toBe(1);
});

test("the column of a rate shows its course within each epoch, warm-up included, and none where layers are frozen", () => {
  const table = tableOf(progressiveRun);
  const column = (title: string) => {
    const index = table.columns.findIndex((each) => each.title === title);
    return table.rows.map((row) => row[index]);
  };
  // 38 of 375 steps of warm-up in the first epoch: from 0 up to the peak, then down
  expect(column("Head Learning Rate")[0]).toBe("0 → 1.00e-3 → 7.45e-4");
  expect(column("Head Learning Rate")[2]).toBe("3.71e-4 → 2.97e-6");
  expect(column("Learning Rate").slice(0, 4)).toEqual([undefined, undefined, undefined, "0 → 5.00e-5 → 3.72e-5"]);
  expect(
    tableOf(lastLayersRun(0))
      .columns.map(({ title }) => title)
      .slice(-3),
  ).toEqual(["Learning Rate", "Head Learning Rate", "Time"]);
  expect(titles(regressionRun)).not.toContain("Head Learning Rate"); // where both are the same, one says it
});

test("the pass through the frozen layers has a row of its own, before the epochs that it is for", () => {
  const { history, stages, metric } = progressiveRun;
  const prefixSeconds = new Map([
    [0, 64.4],
    [2, 3.21],
  ]);
  const table = epochTable({ rows: history, stages: stages.map(({ plan }) => plan), metric, prefixSeconds });
  expect(table.rows[0]?.slice(0, 2)).toEqual([undefined, "head: frozen layers, once"]);
  expect([table.rows[0]?.at(-1), table.rows[7]?.at(-1)]).toEqual(["1:04", "3.2 s"]);
  expect(table.rows[7]?.[1]).toBe("everything: frozen layers, once");
  expect(table.rows.length).toBe(12);
  expect(table.isMarked(9)).toBe(true); // epoch 8
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
  const table = tableOf({ ...multiLabelRun, history: [first as typeof bare, bare] });
  expect(table.rows[1]).toEqual([2, 8, "No log", undefined, undefined, undefined, undefined, undefined, undefined]);
  expect(second?.evalMicroF1).toBe(0.58);
});
