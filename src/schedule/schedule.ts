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

/**
 * Rises from 0 to 1 over the warm-up, then falls linearly to 0: `get_linear_schedule_with_warmup`, its 0 at step 0
 * included. Errors: `BAD_SCHEDULE`.
 */
export function getLinearScheduleWithWarmup({ numWarmupSteps, numTrainingSteps }: WarmupOptions): Schedule {
  checkWarmup(numWarmupSteps, numTrainingSteps);
  return (step) =>
    step < numWarmupSteps
      ? step / numWarmupSteps
      : Math.max(0, (numTrainingSteps - step) / Math.max(1, numTrainingSteps - numWarmupSteps));
}

/** Options of `getCosineScheduleWithWarmup` and `getCosineWithHardRestartsScheduleWithWarmup`. */
export interface CosineOptions extends WarmupOptions {
  /** Number of waves after the warm-up. Default: 0.5, which falls once; 1 with hard restarts, which falls once too. */
  readonly numCycles?: number;
}

/**
 * Rises from 0 to 1 over the warm-up, then falls to 0 in half a cosine: `get_cosine_schedule_with_warmup`. Errors:
 * `BAD_SCHEDULE`.
 */
export function getCosineScheduleWithWarmup(options: CosineOptions): Schedule {
  const { numWarmupSteps, numTrainingSteps, numCycles = 0.5 } = options;
  checkWarmup(numWarmupSteps, numTrainingSteps);
  return (step) => {
    if (step < numWarmupSteps) return step / numWarmupSteps;
    const progress = (step - numWarmupSteps) / Math.max(1, numTrainingSteps - numWarmupSteps);
    return Math.max(0, 0.5 * (1 + Math.cos(Math.PI * numCycles * 2 * progress)));
  };
}

/**
 * Rises from 0 to 1 over the warm-up, then falls to 0 in half a cosine `numCycles` times, and starts at 1 again after each
 * but the last: `get_cosine_with_hard_restarts_schedule_with_warmup`. Errors: `BAD_SCHEDULE`.
 */
export function getCosineWithHardRestartsScheduleWithWarmup(options: CosineOptions): Schedule {
  const { numWarmupSteps, numTrainingSteps, numCycles = 1 } = options;
  checkWarmup(numWarmupSteps, numTrainingSteps);
  return (step) => {
    if (step < numWarmupSteps) return step / numWarmupSteps;
    const progress = (step - numWarmupSteps) / Math.max(1, numTrainingSteps - numWarmupSteps);
    if (progress >= 1) return 0;
    return Math.max(0, 0.5 * (1 + Math.cos(Math.PI * ((numCycles * progress) % 1))));
  };
}

/** Options of `getPolynomialDecayScheduleWithWarmup`. */
export interface PolynomialOptions extends WarmupOptions {
  /** Peak learning rate, of which `lrEnd` is a part; Python reads it from the optimizer. */
  readonly learningRate: number;
  /** Learning rate at the end, below the peak. Default: 1e-7. */
  readonly lrEnd?: number;
  /** Exponent of the remaining share of the steps. Default: 1, which is linear. */
  readonly power?: number;
}

/**
 * Rises from 0 to 1 over the warm-up, then falls to `lrEnd / learningRate` as `(remaining share)^power`, and stays there:
 * `get_polynomial_decay_schedule_with_warmup`. Errors: `BAD_SCHEDULE`.
 */
export function getPolynomialDecayScheduleWithWarmup(options: PolynomialOptions): Schedule {
  const { numWarmupSteps, numTrainingSteps, learningRate, lrEnd = 1e-7, power = 1 } = options;
  checkWarmup(numWarmupSteps, numTrainingSteps);
  if (!(lrEnd >= 0 && lrEnd < learningRate)) {
    throw new ThawError(
      "BAD_SCHEDULE",
      `A polynomial schedule ends at lrEnd ${lrEnd}, which must be 0 or more and below the peak learning rate ` +
        `${learningRate}. Take a lower lrEnd: lrSchedulerKwargs: { lrEnd: 0 }.`,
    );
  }
  return (step) => {
    if (step < numWarmupSteps) return step / numWarmupSteps;
    const past = (step - numWarmupSteps) / Math.max(1, numTrainingSteps - numWarmupSteps);
    const remaining = Math.max(0, 1 - past);
    return ((learningRate - lrEnd) * remaining ** power + lrEnd) / learningRate;
  };
}

/** Stays at 1: `get_constant_schedule`. */
export function getConstantSchedule(): Schedule {
  return () => 1;
}

/** Rises from 0 to 1 over the warm-up, and stays at 1: `get_constant_schedule_with_warmup`. */
export function getConstantScheduleWithWarmup({ numWarmupSteps }: { readonly numWarmupSteps: number }): Schedule {
  return (step) => (step < numWarmupSteps ? step / numWarmupSteps : 1);
}

/** Options of `getInverseSqrtSchedule`. */
export interface InverseSqrtOptions {
  /** Number of optimizer steps in which the factor rises from 0 to 1. */
  readonly numWarmupSteps: number;
  /** Number of optimizer steps after the warm-up in which the factor falls by `1 / sqrt(2)`. Default: `numWarmupSteps`, or 10,000 without a warm-up. */
  readonly timescale?: number | undefined;
}

/**
 * Rises from 0 to 1 over the warm-up, then falls as `1 / sqrt(1 + (step - numWarmupSteps) / timescale)`, with no end:
 * `get_inverse_sqrt_schedule`. Errors: `BAD_SCHEDULE`.
 */
export function getInverseSqrtSchedule({ numWarmupSteps, timescale }: InverseSqrtOptions): Schedule {
  const scale = timescale ?? (numWarmupSteps || 10_000);
  checkWarmup(numWarmupSteps, numWarmupSteps);
  if (!(scale > 0 && Number.isFinite(scale))) {
    throw new ThawError("BAD_SCHEDULE", `timescale is ${scale}; it must be a number of steps above 0.`);
  }
  return (step) =>
    step < numWarmupSteps ? step / numWarmupSteps : 1 / Math.sqrt((step + (scale - numWarmupSteps)) / scale);
}

/** The shapes of the rise and the fall of `getWsdSchedule`. */
export const wsdShapes = ["linear", "cosine", "1-sqrt"] as const;
/** The shape of the rise or the fall of `getWsdSchedule`. */
export type WsdShape = (typeof wsdShapes)[number];

/** Options of `getWsdSchedule`; one of `numTrainingSteps` and `numStableSteps` is needed. */
export interface WsdOptions {
  /** Number of optimizer steps in which the factor rises to 1. */
  readonly numWarmupSteps: number;
  /** Number of optimizer steps in which the factor falls from 1 to `minLrRatio`. */
  readonly numDecaySteps: number;
  /** Number of all optimizer steps. Default: the sum of warm-up, stable and decay steps. */
  readonly numTrainingSteps?: number | undefined;
  /** Number of optimizer steps at 1. Default: what warm-up and decay leave of `numTrainingSteps`. */
  readonly numStableSteps?: number | undefined;
  /** Shape of the rise. Default: "linear". */
  readonly warmupType?: WsdShape;
  /** Shape of the fall. Default: "cosine". */
  readonly decayType?: WsdShape;
  /** Factor at the start of the warm-up and at the end of the decay, in [0, 1]. Default: 0. */
  readonly minLrRatio?: number;
  /** Number of waves of a decay of the shape "cosine". Default: 0.5, which falls once. */
  readonly numCycles?: number;
}

/**
 * Rises to 1 over the warm-up, stays there, then falls to `minLrRatio` and stays there (warmup-stable-decay):
 * `get_wsd_schedule`. Errors: `BAD_SCHEDULE`.
 */
export function getWsdSchedule(options: WsdOptions): Schedule {
  const { numWarmupSteps, numDecaySteps, numTrainingSteps } = options;
  const { warmupType = "linear", decayType = "cosine", minLrRatio = 0, numCycles = 0.5 } = options;
  const stable = options.numStableSteps ?? (numTrainingSteps ?? Number.NaN) - numWarmupSteps - numDecaySteps;
  if (![numWarmupSteps, numDecaySteps, stable].every((steps) => Number.isInteger(steps) && steps >= 0)) {
    throw new ThawError(
      "BAD_SCHEDULE",
      `warmup_stable_decay needs whole numbers of 0 or more, got ${numWarmupSteps} steps of warm-up, ${stable} stable and ` +
        `${numDecaySteps} of decay, of ${numTrainingSteps ?? "no"} steps in all. Take fewer numDecaySteps or warm-up steps.`,
    );
  }
  const above = (shape: number) => Math.max(0, shape * (1 - minLrRatio) + minLrRatio);
  return (step) => {
    if (step < numWarmupSteps) return above(wsdRise(warmupType, step / numWarmupSteps));
    const sinceStable = step - numWarmupSteps - stable;
    if (sinceStable < 0) return 1;
    return sinceStable < numDecaySteps ? above(wsdFall(decayType, sinceStable / numDecaySteps, numCycles)) : minLrRatio;
  };
}

function wsdRise(shape: WsdShape, progress: number): number {
  switch (shape) {
    case "linear":
      return progress;
    case "cosine":
      return 0.5 * (1 - Math.cos(Math.PI * progress));
    case "1-sqrt":
      return 1 - Math.sqrt(1 - progress);
  }
}

function wsdFall(shape: WsdShape, progress: number, numCycles: number): number {
  switch (shape) {
    case "linear":
      return 1 - progress;
    case "cosine":
      return 0.5 * (1 + Math.cos(Math.PI * numCycles * 2 * progress));
    case "1-sqrt":
      return 1 - Math.sqrt(progress);
  }
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
