/** The statistics behind the alarms against SciPy, and the loss of a guess against the lowest that PyTorch finds. */
import { expect, test } from "vitest";
import { seedNoise } from "../../src/show/seedNoise.ts";
import type { ProblemType } from "../../src/task/task.ts";
import { chanceLoss } from "../../src/train/chanceLoss.ts";
import {
  chanceOfFall,
  chanceOfHigher,
  chanceOfLower,
  type Level,
  levelOf,
  studentTail,
} from "../../src/train/statistics.ts";
import { golden } from "../golden/read.ts";

interface Significance {
  samples: { values: number[]; against: number; lower: number; higher: number; fall: number | null }[];
  tails: { t: number; degrees: number; tail: number }[];
  variances: { values: number[][]; probability: number }[];
  guesses: {
    problemType: ProblemType;
    labels: number[];
    numLabels: number;
    weights: number[] | null;
    smoothing: number;
    loss: number;
  }[];
}
const { samples, tails, variances, guesses } = golden<Significance>("significance.json");

/** Compares small probabilities by their ratio. */
const expectClose = (value: number, expected: number) =>
  expect(Math.abs(value - expected) / Math.max(expected, 1e-300)).toBeLessThan(1e-8);

test("the tails of Student's t are SciPy's, far out too", () => {
  for (const { t, degrees, tail } of tails) expectClose(studentTail(t, degrees), tail);
  expect(tails).toHaveLength(60);
});

test("the tests of a mean and of a trend give SciPy's probabilities", () => {
  for (const { values, against, lower, higher, fall } of samples) {
    const level = levelOf(values) as Level;
    expectClose(chanceOfLower(level, against), lower);
    expectClose(chanceOfHigher(level, against), higher);
    if (fall !== null) expectClose(chanceOfFall(values), fall);
  }
});

test("values that do not spread are told apart by any difference, and too few tell nothing", () => {
  const level = levelOf([0.5, 0.5, 0.5]) as Level;
  expect([chanceOfLower(level, 0.6), chanceOfHigher(level, 0.6)]).toEqual([0, 1]);
  expect([chanceOfLower(level, 0.5), chanceOfHigher(level, 0.5)]).toEqual([0.5, 0.5]);
  expect(levelOf([1])).toBeUndefined();
  expect(chanceOfFall([2, 1])).toBe(1);
});

test("the probability of a comparison of strategies is that of SciPy's analysis of variance", () => {
  let [told, silent] = [0, 0];
  for (const { values, probability } of variances) {
    const strategies = values.map((group, i) => ({ name: String(i), values: group }));
    const [alarm] = seedNoise(strategies, "evalAccuracy", "validation accuracy");
    if (alarm === undefined) {
      expect(probability).toBeLessThan(0.05);
      silent += 1;
    } else {
      expectClose(alarm.values.probability as number, probability);
      told += 1;
    }
  }
  expect(told).toBeGreaterThan(2);
  expect(silent).toBeGreaterThan(2);
});

test("the loss of a guess is the lowest of logits that are the same for all examples", () => {
  for (const { labels, numLabels, problemType, weights, smoothing, loss } of guesses) {
    const given = problemType === "single_label_classification" ? Int32Array.from(labels) : Float32Array.from(labels);
    const settings = { ...(weights === null ? {} : { classWeights: weights }), labelSmoothing: smoothing };
    expect(chanceLoss(given, numLabels, problemType, settings)).toBeCloseTo(loss, 6);
  }
});
