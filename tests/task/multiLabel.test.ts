import { expect, test } from "vitest";
import { multiLabelMetrics } from "../../src/task/multiLabel.ts";
import { golden } from "../golden/read.ts";

interface Case {
  name: string;
  labels: number[][];
  predictions: number[][];
  micro_f1: number;
  macro_f1: number;
  subset_accuracy: number;
}

test.each(golden<{ multi_label: Case[] }>("task_metrics.json").multi_label)(
  "$name: equal to scikit-learn",
  (expected) => {
    const { labels, predictions } = expected;
    const mine = multiLabelMetrics(predictions.flat(), labels.flat(), (labels[0] as number[]).length);
    expect(mine.microF1).toBeCloseTo(expected.micro_f1, 12);
    expect(mine.macroF1).toBeCloseTo(expected.macro_f1, 12);
    expect(mine.subsetAccuracy).toBeCloseTo(expected.subset_accuracy, 12);
  },
);
