import { expect, test } from "vitest";
import { resolveArguments } from "../../src/plan/arguments.ts";
import { metricOf } from "../../src/task/metrics.ts";
import { argumentNotices, bestEpochNotices, cutNotices } from "../../src/train/notices.ts";
import type { DataRecord } from "../../src/train/runRecord.ts";

const rows = (...values: number[]) =>
  values.map((evalMicroF1, i) => ({ step: i, epoch: i + 1, stage: 0, evalMicroF1, evalLoss: 0.5 - 0.1 * i }));
const [microF1, pearson] = [metricOf("evalMicroF1"), metricOf("evalPearson")];

test("a metric that is the same after every epoch is said, with what chose in its place", () => {
  expect(bestEpochNotices(rows(0, 0, 0), microF1, false)).toEqual([
    "Validation micro F1 0.0% after every epoch: epoch 3, with the lowest validation loss, 0.3000, counts as the best. " +
      'Train longer or at a higher learning rate, or choose the epoch by metricForBestModel: "loss".',
  ]);
});

test("nobody is told to train longer where patience ended the stage", () => {
  const [notice] = bestEpochNotices(rows(0, 0), microF1, true);
  expect(notice).not.toMatch(/longer/);
  expect(notice).toMatch(/metricForBestModel: "loss" chooses by that loss alone\.$/);
});

test("a metric that is not defined is said, in how many epochs and why", () => {
  const undefinedIn = rows(0, 0).map(({ evalMicroF1: _, ...row }) => row);
  expect(bestEpochNotices(undefinedIn, pearson, true)).toEqual([
    "Validation Pearson is not defined in 2 of 2 epochs, where the targets or the predictions do not vary: the epochs were " +
      "compared by their validation loss.",
  ]);
  const once = [{ ...undefinedIn[0], evalPearson: 0.5 }, undefinedIn[1]] as typeof undefinedIn;
  expect(bestEpochNotices(once, pearson, false)[0]).toMatch(/in 1 of 2 epochs.*: such epochs were compared/);
});

test("nothing is said where the epochs differ, where there is one or none, and of the loss", () => {
  expect(bestEpochNotices(rows(0, 0, 0.1), microF1, false)).toEqual([]);
  expect(bestEpochNotices(rows(0), microF1, false)).toEqual([]);
  expect(bestEpochNotices([], microF1, false)).toEqual([]);
  const still = rows(0, 0).map((row) => ({ ...row, evalLoss: 0.7 }));
  expect(bestEpochNotices(still, metricOf("evalLoss"), false)).toEqual([]);
});

test("an order of the texts that is not random is said", () => {
  expect(argumentNotices(resolveArguments())).toEqual([]);
  expect(argumentNotices(resolveArguments({ trainSamplingStrategy: "sequential" }))).toEqual([
    'Every epoch saw the texts in the order of the data (trainSamplingStrategy "sequential").',
  ]);
});

test("examples that were cut are said with their share, of both data sets, and none where all are whole", () => {
  const data = (rows: number, cut: number) => ({ rows, cut }) as DataRecord;
  expect(cutNotices(data(2000, 12), data(500, 500), 128)).toEqual([
    "Longer than 128 tokens (maxLength), and cut there: 12 of 2,000 training examples (0.6%), 500 of 500 validation " +
      "examples (100.0%).",
  ]);
  expect(cutNotices(data(2000, 0), undefined, 128)).toEqual([]);
});
