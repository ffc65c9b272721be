import { expect, test } from "vitest";
import { fullStepSeconds, type Measured, remainingSeconds } from "../../src/show/runProgress.ts";
import { progressiveRun } from "./sampleRun.ts";

// 375 steps at 0.12 of the full cost, 375 at 0.72, 500 at 1
const stages = progressiveRun.stages.map(({ plan }) => plan);
const measured: Measured = {
  stage: 0,
  stepsDone: 75,
  secondsPerStep: 0.012,
  prefixSeconds: 0,
  evalSeconds: 0,
  evaluationsLeft: 10,
  fullStepSeconds: undefined,
};

test("later stages are predicted from this one's seconds per step and their relative costs", () => {
  // a full step takes 0.012 / 0.12 = 0.1 s
  expect(remainingSeconds(stages, measured)).toBeCloseTo(300 * 0.012 + 0.1 * (375 * 0.72 + 500), 9);
});

test("time spent on the frozen prefix is part of the stage's cost, and evaluations are added", () => {
  const withPrefix = { ...measured, prefixSeconds: 4.5, evalSeconds: 2 }; // 4.5 s over 375 steps: 0.012 a step
  expect(fullStepSeconds(stages[0] ?? never(), withPrefix)).toBeCloseTo(0.2, 9);
  expect(remainingSeconds(stages, withPrefix)).toBeCloseTo(300 * 0.012 + 0.2 * 770 + 10 * 2, 9);
});

test("a stage without a step yet is predicted from the one before", () => {
  const entered = { ...measured, stage: 1, stepsDone: 0, secondsPerStep: undefined, fullStepSeconds: 0.1 };
  expect(remainingSeconds(stages, entered)).toBeCloseTo(0.1 * (375 * 0.72 + 500), 9);
});

test("nothing is predicted before anything was measured, and a free stage does not make the others endless", () => {
  expect(remainingSeconds(stages, { ...measured, secondsPerStep: undefined })).toBeUndefined();
  const free = stages.map((stage, i) => (i === 0 ? { ...stage, relativeCost: 0 } : stage));
  expect(remainingSeconds(free, measured)).toBeLessThan(1e5);
});

function never(): never {
  throw new Error("the sample has stages");
}
