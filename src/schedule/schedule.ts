/** Learning-rate schedules: pure functions of the step, so that a resumed run needs no scheduler state. */
import { ThawError } from "../errors.ts";

/** Returns the factor of the learning rate, in [0, 1], after so many optimizer steps (0 before the first). */
export type Schedule = (step: number) => number;

/** The length of a schedule, in optimizer steps and not in batches: under gradient accumulation these differ. */
export interface WarmupOptions {
  /** Number of optimizer steps in which the factor rises from 0 to 1. */
  readonly numWarmupSteps: number;
  /** Number of optimizer steps after which the factor is at its end. */
  readonly numTrainingSteps: number;
}

/** Names of the available schedules, as in Hugging Face. */
export const schedulerTypes = ["linear", "cosine", "constant", "constant_with_warmup"] as const;
/** The name of a schedule. */
export type SchedulerType = (typeof schedulerTypes)[number];

/**
 * Rises from 0 to 1 over the warm-up, then falls linearly to 0: `get_linear_schedule_with_warmup`, its 0 at step 0
 * included. Errors: `BAD_SCHEDULE`.
 */
export function getLinearScheduleWithWarmup({ numWarmupSteps, numTrainingSteps }: WarmupOptions): Schedule {
  checkWarmup(numWarmupSteps, numTrainingSteps);
  return (step) =>
    step < numWarmupSteps
      ? step / Math.max(1, numWarmupSteps)
      : Math.max(0, (numTrainingSteps - step) / Math.max(1, numTrainingSteps - numWarmupSteps));
}

/**
 * Rises from 0 to 1 over the warm-up, then falls to 0 in half a cosine: `get_cosine_schedule_with_warmup` with 0.5 cycles.
 * Errors: `BAD_SCHEDULE`.
 */
export function getCosineScheduleWithWarmup({ numWarmupSteps, numTrainingSteps }: WarmupOptions): Schedule {
  checkWarmup(numWarmupSteps, numTrainingSteps);
  return (step) => {
    if (step < numWarmupSteps) return step / Math.max(1, numWarmupSteps);
    const progress = (step - numWarmupSteps) / Math.max(1, numTrainingSteps - numWarmupSteps);
    return Math.max(0, 0.5 * (1 + Math.cos(Math.PI * 0.5 * 2 * progress)));
  };
}

/** Stays at 1: `get_constant_schedule`. */
export function getConstantSchedule(): Schedule {
  return () => 1;
}

/** Rises from 0 to 1 over the warm-up, and stays at 1: `get_constant_schedule_with_warmup`. */
export function getConstantScheduleWithWarmup({ numWarmupSteps }: { readonly numWarmupSteps: number }): Schedule {
  return (step) => (step < numWarmupSteps ? step / Math.max(1, numWarmupSteps) : 1);
}

/** Returns the schedule with this name. */
export function scheduleOf(type: SchedulerType, options: WarmupOptions): Schedule {
  switch (type) {
    case "linear":
      return getLinearScheduleWithWarmup(options);
    case "cosine":
      return getCosineScheduleWithWarmup(options);
    case "constant":
      return getConstantSchedule();
    case "constant_with_warmup":
      return getConstantScheduleWithWarmup(options);
  }
}

/** The settings that decide the course of a stage's learning rates; a `StagePlan` has them. */
interface StageSchedule {
  readonly lrSchedulerType: SchedulerType;
  /** Optimizer steps in which the rates rise to their peak. */
  readonly warmupSteps: number;
  /** Optimizer steps of the whole stage. */
  readonly steps: number;
}

/** Returns the schedule of a stage, whose steps are counted from 0. */
export const stageSchedule = ({ lrSchedulerType, warmupSteps, steps }: StageSchedule): Schedule =>
  scheduleOf(lrSchedulerType, { numWarmupSteps: warmupSteps, numTrainingSteps: steps });

/** The factors of a rate at the first and the last step of an epoch, and the highest in between. */
interface EpochFactors {
  readonly first: number;
  readonly highest: number;
  readonly last: number;
}

/** Returns the factors of one epoch, counted within the stage from 0. A schedule rises over the warm-up and never again. */
export function epochFactors(stage: StageSchedule & { readonly epochs: number }, epoch: number): EpochFactors {
  const factor = stageSchedule(stage);
  const perEpoch = stage.steps / stage.epochs;
  const [first, last] = [epoch * perEpoch, (epoch + 1) * perEpoch - 1];
  const peak = Math.min(Math.max(stage.warmupSteps, first), last);
  const highest = Math.max(factor(first), factor(peak), factor(last));
  return { first: factor(first), highest, last: factor(last) };
}

/** A step of a stage, from 0, and the factor of the rates at it. */
interface RatePoint {
  readonly step: number;
  readonly factor: number;
}

/**
 * Returns the course over the first `steps` steps of the stage: all of them, or as many as a curve needs, the peak among
 * them.
 */
export function rateCourse(stage: StageSchedule, steps: number, points = 120): RatePoint[] {
  if (steps < 1) return [];
  const factor = stageSchedule(stage);
  const last = steps - 1;
  const between = Array.from({ length: Math.min(points, steps) }, (_, i) =>
    Math.round((i * last) / Math.max(1, Math.min(points, steps) - 1)),
  );
  const chosen = new Set([...between, Math.min(stage.warmupSteps, last)]);
  return [...chosen].sort((a, b) => a - b).map((step) => ({ step, factor: factor(step) }));
}

function checkWarmup(numWarmupSteps: number, numTrainingSteps: number): void {
  const valid = Number.isInteger(numWarmupSteps) && Number.isInteger(numTrainingSteps);
  if (valid && numWarmupSteps >= 0 && numTrainingSteps >= numWarmupSteps) return;
  throw new ThawError(
    "BAD_SCHEDULE",
    `A schedule needs integers with 0 <= numWarmupSteps <= numTrainingSteps, got ${numWarmupSteps} and ` +
      `${numTrainingSteps}. Take fewer warm-up steps or train for longer.`,
  );
}
