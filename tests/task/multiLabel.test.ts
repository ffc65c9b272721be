import { expect, test } from "vitest";
import { binaryCrossEntropy, multiLabelMetrics } from "../../src/task/multiLabel.ts";
import { golden } from "../golden/read.ts";
import { testLoss } from "./goldenLosses.ts";

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

testLoss(
  binaryCrossEntropy,
  "binary_cross_entropy",
  (logit, label) => -(label * Math.log(sigmoid(logit)) + (1 - label) * Math.log(sigmoid(-logit))),
);

interface MetricsCase {
  name: string;
  labels: number[][];
  predictions: number[][];
  micro_f1: number;
  macro_f1: number;
  subset_accuracy: number;
}

test.each(golden<{ multi_label: MetricsCase[] }>("task_metrics.json").multi_label)(
  "$name: equal to scikit-learn",
  (expected) => {
    const { labels, predictions } = expected;
    const mine = multiLabelMetrics(predictions.flat(), labels.flat(), (labels[0] as number[]).length);
    expect(mine.microF1).toBeCloseTo(expected.micro_f1, 12);
    expect(mine.macroF1).toBeCloseTo(expected.macro_f1, 12);
    expect(mine.subsetAccuracy).toBeCloseTo(expected.subset_accuracy, 12);
  },
);
