/** Learning-rate schedules: pure functions of the step, so that a resumed run needs no scheduler state. */
import { ThawError } from "../errors.ts";

/** `step` = optimizer steps already taken (0 before the first). Returns the factor of the learning rate, in [0, 1]. */
export type Schedule = (step: number) => number;

/** In optimizer steps, not batches: under gradient accumulation these differ. */
export interface WarmupOptions {
  readonly numWarmupSteps: number;
  readonly numTrainingSteps: number;
}

/** Hugging Face's names of the schedules. */
export const schedulerTypes = ["linear", "cosine", "constant", "constant_with_warmup"] as const;
export type SchedulerType = (typeof schedulerTypes)[number];

/** 0 -> 1 over the warm-up, then linearly to 0: `get_linear_schedule_with_warmup`, its 0 at step 0 included. */
export function getLinearScheduleWithWarmup({ numWarmupSteps, numTrainingSteps }: WarmupOptions): Schedule {
  checkWarmup(numWarmupSteps, numTrainingSteps);
  return (step) =>
    step < numWarmupSteps
      ? step / Math.max(1, numWarmupSteps)
      : Math.max(0, (numTrainingSteps - step) / Math.max(1, numTrainingSteps - numWarmupSteps));
}

/** 0 -> 1 over the warm-up, then half a cosine down to 0: `get_cosine_schedule_with_warmup` with 0.5 cycles. */
export function getCosineScheduleWithWarmup({ numWarmupSteps, numTrainingSteps }: WarmupOptions): Schedule {
  checkWarmup(numWarmupSteps, numTrainingSteps);
  return (step) => {
    if (step < numWarmupSteps) return step / Math.max(1, numWarmupSteps);
    const progress = (step - numWarmupSteps) / Math.max(1, numTrainingSteps - numWarmupSteps);
    return Math.max(0, 0.5 * (1 + Math.cos(Math.PI * 0.5 * 2 * progress)));
  };
}

/** 1 at every step: `get_constant_schedule`. */
export function getConstantSchedule(): Schedule {
  return () => 1;
}

/** 0 -> 1 over the warm-up, then 1: `get_constant_schedule_with_warmup`. */
export function getConstantScheduleWithWarmup({ numWarmupSteps }: { readonly numWarmupSteps: number }): Schedule {
  return (step) => (step < numWarmupSteps ? step / Math.max(1, numWarmupSteps) : 1);
}

/** The schedule that goes by this name. */
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

function checkWarmup(numWarmupSteps: number, numTrainingSteps: number): void {
  const valid = Number.isInteger(numWarmupSteps) && Number.isInteger(numTrainingSteps);
  if (valid && numWarmupSteps >= 0 && numTrainingSteps >= numWarmupSteps) return;
  throw new ThawError(
    "BAD_SCHEDULE",
    `A schedule needs integers with 0 <= numWarmupSteps <= numTrainingSteps, got ${numWarmupSteps} and ` +
      `${numTrainingSteps}. Take fewer warm-up steps or train for longer.`,
  );
}
