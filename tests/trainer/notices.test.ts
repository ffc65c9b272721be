import { expect, test } from "vitest";
import { metricOf } from "../../src/history/metrics.ts";
import { resolveArguments } from "../../src/trainer/arguments.ts";
import { argumentNotices, bestEpochNotices } from "../../src/trainer/notices.ts";

const rows = (...values: number[]) =>
  values.map((evalMicroF1, i) => ({ step: i, epoch: i + 1, stage: 0, evalMicroF1, evalLoss: 0.5 - 0.1 * i }));

test("a metric that is the same after every epoch chooses nothing, which is said", () => {
  expect(bestEpochNotices(rows(0, 0, 0), metricOf("evalMicroF1"))).toEqual([
    "Validation micro F1 0.0% after every epoch: the first counts as the best. Train longer or at a higher learning rate, " +
      'or choose the epoch by metricForBestModel: "loss".',
  ]);
});

test("nothing is said where the epochs differ, where there is one, and of the loss", () => {
  expect(bestEpochNotices(rows(0, 0, 0.1), metricOf("evalMicroF1"))).toEqual([]);
  expect(bestEpochNotices(rows(0), metricOf("evalMicroF1"))).toEqual([]);
  expect(bestEpochNotices([], metricOf("evalMicroF1"))).toEqual([]);
  const still = rows(0, 0).map((row) => ({ ...row, evalLoss: 0.7 }));
  expect(bestEpochNotices(still, metricOf("evalLoss"))).toEqual([]);
});

test("an order of the texts that is not random is said", () => {
  expect(argumentNotices(resolveArguments())).toEqual([]);
  expect(argumentNotices(resolveArguments({ trainSamplingStrategy: "sequential" }))).toEqual([
    'Every epoch saw the texts in the order of the data (trainSamplingStrategy "sequential").',
  ]);
});
