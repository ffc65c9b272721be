import { expect, test } from "vitest";
import { classificationMetrics } from "../../src/task/metrics.ts";
import { golden } from "../golden/read.ts";

interface Case {
  name: string;
  labels: number[];
  predictions: number[];
  accuracy: number;
  macro_f1: number;
}

test.each(golden<{ cases: Case[] }>("metrics.json").cases)("$name: equal to scikit-learn", (expected) => {
  const { accuracy, macroF1 } = classificationMetrics(expected.predictions, expected.labels);
  expect(accuracy).toBeCloseTo(expected.accuracy, 12);
  expect(macroF1).toBeCloseTo(expected.macro_f1, 12);
});
