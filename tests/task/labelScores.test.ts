import { expect, test } from "vitest";
import {
  calibrationOf,
  confusionMatrix,
  labelScores,
  matthewsCorrelation,
  overallRocAuc,
  rocAuc,
  shareInterval,
} from "../../src/task/labelScores.ts";
import { argmax, logSoftmax, sigmoid } from "../../src/task/scores.ts";
import { golden as read } from "../golden/read.ts";

interface PerLabel {
  readonly name: string;
  readonly logits: readonly (readonly number[])[];
  readonly precision: readonly number[];
  readonly recall: readonly number[];
  readonly f1: readonly number[];
  readonly support: readonly number[];
  readonly roc_auc_of_labels: readonly (number | null)[];
  readonly roc_auc: number | null;
}
interface Golden {
  readonly single: readonly (PerLabel & {
    readonly labels: readonly number[];
    readonly matthews: number;
    readonly confusion: readonly (readonly number[])[];
    readonly ece: number;
  })[];
  readonly sets: readonly (PerLabel & { readonly labels: readonly (readonly number[])[] })[];
  readonly intervals: readonly {
    readonly hits: number;
    readonly trials: number;
    readonly low: number;
    readonly high: number;
  }[];
}
const golden = read<Golden>("evaluation.json");

function expectScores(found: ReturnType<typeof labelScores>, wanted: PerLabel, isOneLabel: boolean): void {
  for (const key of ["precision", "recall", "f1", "support"] as const) {
    for (const [label, each] of found.entries()) expect(each[key]).toBeCloseTo(wanted[key][label] as number, 12);
  }
  expect(found).toHaveLength(wanted.f1.length);
  found.forEach(({ rocAuc: area }, label) => {
    const expected = wanted.roc_auc_of_labels[label];
    if (expected === null) expect(area).toBeUndefined();
    else expect(area).toBeCloseTo(expected as number, 12);
  });
  if (wanted.roc_auc === null) expect(overallRocAuc(found, isOneLabel)).toBeUndefined();
  else expect(overallRocAuc(found, isOneLabel)).toBeCloseTo(wanted.roc_auc, 12);
}

test.each(golden.single.map((each) => [each.name, each] as const))(
  "one label per example equals scikit-learn: %s",
  (_, each) => {
    const rows = each.logits.map((row) => Float32Array.from(row));
    const numLabels = each.f1.length;
    const oneHot = (labels: readonly number[]) =>
      labels.flatMap((label) => Array.from({ length: numLabels }, (_, i) => Number(i === label)));
    const predictions = rows.map(argmax);
    const probabilities = rows.map((row) => logSoftmax(row).map(Math.exp));
    expectScores(
      labelScores({
        present: oneHot(each.labels),
        predicted: oneHot(predictions),
        probabilities: probabilities.flat(),
        numLabels,
      }),
      each,
      true,
    );
    const matrix = confusionMatrix(each.labels, predictions, numLabels);
    expect(matrix).toEqual(each.confusion);
    expect(matthewsCorrelation(matrix)).toBeCloseTo(each.matthews, 12);
    const { error, bins } = calibrationOf(
      probabilities.map((row, i) => row[predictions[i] as number] as number),
      predictions.map((label, i) => label === each.labels[i]),
    );
    expect(error).toBeCloseTo(each.ece, 12);
    expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(each.labels.length);
  },
);

test.each(golden.sets.map((each) => [each.name, each] as const))(
  "several labels per example equal scikit-learn: %s",
  (_, each) => {
    const probabilities = each.logits.flat().map(sigmoid);
    const predicted = probabilities.map((probability) => Number(probability > 0.5));
    expectScores(
      labelScores({ present: each.labels.flat(), predicted, probabilities, numLabels: each.f1.length }),
      each,
      false,
    );
  },
);

test("intervals of shares are Wilson's, as SciPy computes them, and nothing is known without trials", () => {
  for (const { hits, trials, low, high } of golden.intervals) {
    const found = shareInterval(hits, trials);
    expect(found.share).toBe(hits / trials);
    expect(found.low).toBeCloseTo(low, 8);
    expect(found.high).toBeCloseTo(high, 8);
  }
  expect(shareInterval(0, 0)).toEqual({ share: Number.NaN, low: 0, high: 1 });
});

test("a ranking that is right, wrong or a guess has the area 1, 0 or 0.5", () => {
  expect(rocAuc([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4])).toBe(1);
  expect(rocAuc([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4])).toBe(0);
  expect(rocAuc([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5])).toBe(0.5);
});
