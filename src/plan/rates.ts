/** The course of a stage's learning rates, computed again from its plan: nothing of it has to be stored. */
import { type Schedule, scheduleOf } from "../schedule/schedule.ts";
import type { StagePlan } from "./plan.ts";

/** The schedule's factor at each step of the stage, counted from 0. */
const factorOf = ({ lrSchedulerType, warmupSteps, steps }: StagePlan): Schedule =>
  scheduleOf(lrSchedulerType, { numWarmupSteps: warmupSteps, numTrainingSteps: steps });

/** The factors of a rate at the first and the last step of an epoch, and the highest in between. */
export interface EpochFactors {
  readonly first: number;
  readonly highest: number;
  readonly last: number;
}

/** `epoch`: within the stage, from 0. A schedule rises over the warm-up and never again. */
export function epochFactors(stage: StagePlan, epoch: number): EpochFactors {
  const factor = factorOf(stage);
  const perEpoch = stage.steps / stage.epochs;
  const [first, last] = [epoch * perEpoch, (epoch + 1) * perEpoch - 1];
  const peak = Math.min(Math.max(stage.warmupSteps, first), last);
  const highest = Math.max(factor(first), factor(peak), factor(last));
  return { first: factor(first), highest, last: factor(last) };
}

/** A step of a stage, from 0, and the factor of the rates at it. */
export interface RatePoint {
  readonly step: number;
  readonly factor: number;
}

/** The course over the first `steps` steps of the stage: all of them, or so many as a curve needs, the peak among them. */
export function rateCourse(stage: StagePlan, steps: number, points = 120): RatePoint[] {
  if (steps < 1) return [];
  const factor = factorOf(stage);
  const last = steps - 1;
  const between = Array.from({ length: Math.min(points, steps) }, (_, i) =>
    Math.round((i * last) / Math.max(1, Math.min(points, steps) - 1)),
  );
  const chosen = new Set([...between, Math.min(stage.warmupSteps, last)]);
  return [...chosen].sort((a, b) => a - b).map((step) => ({ step, factor: factor(step) }));
}
