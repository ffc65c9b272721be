import { expect, test } from "vitest";
import {
  type BuiltInMetric,
  describeMetric,
  formatMetric,
  indexOfBest,
  isBetter,
  isImprovement,
  metricKinds,
  metricOf,
  metricTitle,
} from "../../src/task/metrics.ts";

test("shares are read in percent, correlations with three digits, errors with four", () => {
  expect(formatMetric("evalMicroF1", 0.6381)).toBe("63.8%");
  expect(formatMetric("evalPearson", 0.7)).toBe("0.700");
  expect(["evalMse", "evalMae", "evalLoss"].map((key) => formatMetric(key as "evalMse", 4218.28))).toEqual(
    Array(3).fill("4218"),
  );
  expect(formatMetric("evalMse", 42_183.3)).toBe("42,183");
});

test("nothing is a negative zero", () => {
  expect([-0.0001, -0.0006].map((value) => formatMetric("evalR2", value))).toEqual(["0.000", "-0.001"]);
});

test("errors are better the lower they are, everything else the higher", () => {
  const keys = Object.keys(metricKinds) as BuiltInMetric[];
  const lower = keys.filter((key) => !metricOf(key).greaterIsBetter);
  expect(lower).toEqual(["evalLoss", "evalMse", "evalMae"]);
  expect(isBetter(0.2, 0.3, metricOf("evalMse"))).toBe(true);
  expect(isBetter(0.2, 0.3, metricOf("evalMicroF1"))).toBe(false);
  expect([isBetter(undefined, 0.3, metricOf("evalMse")), isBetter(9, undefined, metricOf("evalMse"))]).toEqual([
    false,
    true,
  ]);
});

test("of equal values the first is the best, and of none nothing", () => {
  expect(indexOfBest([undefined, 0.5, 0.7, 0.7], metricOf("evalR2"))).toBe(2);
  expect(indexOfBest([undefined, 0.5, 0.7, 0.5], metricOf("evalMae"))).toBe(1);
  expect([indexOfBest([], metricOf("evalR2")), indexOfBest([undefined], metricOf("evalR2"))]).toEqual([
    undefined,
    undefined,
  ]);
});

test("in a sentence and as a title", () => {
  expect(describeMetric("evalSubsetAccuracy", 0.25)).toBe("subset accuracy 25.0%");
  expect(["evalMicroF1", "evalR2", "evalSpearman"].map((key) => metricTitle(key as "evalR2"))).toEqual([
    "Micro F1",
    "R2",
    "Spearman",
  ]);
});

test("with a least improvement only the metric counts, by more than it; with none the loss decides between equals", () => {
  const metric = metricOf("evalAccuracy");
  const best = { evalAccuracy: 0.5, evalLoss: 0.7 };
  const improves = (evalAccuracy: number, evalLoss: number, minDelta: number) =>
    isImprovement({ evalAccuracy, evalLoss }, best, metric, minDelta);
  expect([improves(0.5, 0.6, 0), improves(0.5, 0.8, 0), improves(0.51, 0.9, 0)]).toEqual([true, false, true]);
  expect([improves(0.5, 0.6, 0.125), improves(0.625, 0.6, 0.125), improves(0.65, 0.9, 0.125)]).toEqual([
    false,
    false,
    true,
  ]);
  expect(improves(0.3, 0.6, 0.125)).toBe(false);
  expect(isImprovement({ evalLoss: 0.5 }, { evalLoss: 0.75 }, metricOf("evalLoss"), 0.125)).toBe(true);
  expect(isImprovement({ evalAccuracy: 0 }, undefined, metric, 0.125)).toBe(true);
  expect(isImprovement({}, undefined, metric, 0.125)).toBe(false);
});
