/** How long a run still takes: what the running stage was measured at, and the stages' relative costs for those to come. */
import type { StageRecord } from "../history/history.ts";

/** What has been measured so far in the stage that runs now. Times are in seconds. */
export interface Measured {
  /** Index of the stage. */
  readonly stage: number;
  readonly stepsDone: number;
  /** Of one optimizer step as of late; undefined before the first step of the stage. */
  readonly secondsPerStep: number | undefined;
  /** Spent on running the frozen prefix ahead of the stage. */
  readonly prefixSeconds: number;
  /** Of one evaluation; 0 where nothing is evaluated. */
  readonly evalSeconds: number;
  readonly evaluationsLeft: number;
  /** Seconds a step would take that trains everything, from the stages before this one; undefined in the first. */
  readonly fullStepSeconds: number | undefined;
}

/** Seconds that a step would take if everything trained, as this stage tells it; undefined before its first step. */
export function fullStepSeconds(stage: StageRecord, measured: Measured): number | undefined {
  if (measured.secondsPerStep === undefined || stage.steps === 0) return measured.fullStepSeconds;
  const perStep = measured.secondsPerStep + measured.prefixSeconds / stage.steps; // the prefix is part of the stage's cost
  return perStep / Math.max(stage.relativeCost, smallestCost);
}

/** Undefined before anything has been measured. */
export function remainingSeconds(stages: readonly StageRecord[], measured: Measured): number | undefined {
  const current = stages[measured.stage];
  if (current === undefined) return undefined;
  const full = fullStepSeconds(current, measured);
  if (full === undefined) return undefined;
  const perStep = measured.secondsPerStep ?? full * current.relativeCost;
  const later = stages
    .slice(measured.stage + 1)
    .reduce((sum, { steps, relativeCost }) => sum + steps * relativeCost, 0);
  return (
    Math.max(0, current.steps - measured.stepsDone) * perStep +
    full * later +
    measured.evaluationsLeft * measured.evalSeconds
  );
}

/** A stage is never predicted to be free: one whose cost rounds to 0 would make all others endless. */
const smallestCost = 1e-3;
