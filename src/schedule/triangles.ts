/** Schedules that rise to a peak and fall from it over the whole length, without a warm-up: one-cycle and slanted triangular. */
import { ThawError } from "../errors.ts";
import type { Schedule } from "./schedule.ts";

/** The shapes in which `getOneCycleSchedule` moves between its rates. */
export const annealStrategies = ["cos", "linear"] as const;

/** Options of `getOneCycleSchedule`. */
export interface OneCycleOptions {
  /** Number of all optimizer steps, at least 2. */
  readonly numTrainingSteps: number;
  /** Share of the steps in which the factor rises, in [0, 1]. Default: 0.3. */
  readonly pctStart?: number;
  /** Shape of the rise and the fall: half a cosine, or a line. Default: "cos". */
  readonly annealStrategy?: (typeof annealStrategies)[number];
  /** Peak over the factor at the start. Default: 25. */
  readonly divFactor?: number;
  /** Factor at the start over the one at the end. Default: 10,000. */
  readonly finalDivFactor?: number;
  /** Whether the factor falls to that of the start as fast as it rose, and to its end after that. Default: false. */
  readonly threePhase?: boolean;
}

/**
 * Rises from `1 / divFactor` to 1, then falls to `1 / divFactor / finalDivFactor` (Smith & Topin 2017, arXiv:1708.07120):
 * the learning rate of PyTorch's `OneCycleLR`, without its cycle of the momentum. Errors: `BAD_SCHEDULE`.
 */
export function getOneCycleSchedule(options: OneCycleOptions): Schedule {
  const { numTrainingSteps, pctStart = 0.3, annealStrategy = "cos" } = options;
  const { divFactor = 25, finalDivFactor = 1e4, threePhase = false } = options;
  const rise = pctStart * numTrainingSteps - 1;
  const initial = 1 / divFactor;
  const ends = [{ step: rise, factor: 1 }];
  if (threePhase) ends.push({ step: 2 * pctStart * numTrainingSteps - 2, factor: initial });
  ends.push({ step: numTrainingSteps - 1, factor: initial / finalDivFactor });
  const steps = [0, ...ends.map(({ step }) => step)];
  if (!Number.isInteger(numTrainingSteps) || steps.some((step, i) => i > 0 && step <= (steps[i - 1] as number))) {
    throw new ThawError(
      "BAD_SCHEDULE",
      `one_cycle cannot place a peak at the share ${pctStart} of ${numTrainingSteps} steps: each of its parts needs more ` +
        `than one step. Train for longer, or give pctStart: 0.5${threePhase ? " and threePhase: false" : ""}.`,
    );
  }
  const shape = (share: number) => (annealStrategy === "linear" ? 1 - share : (Math.cos(Math.PI * share) + 1) / 2);
  return (step) => {
    let [start, from] = [0, initial];
    for (const { step: end, factor: to } of ends) {
      if (step <= end) return to + (from - to) * shape((step - start) / (end - start));
      [start, from] = [end, to];
    }
    return from;
  };
}

/** Options of `getSlantedTriangularSchedule`. */
export interface SlantedTriangularOptions {
  /** Number of all optimizer steps. */
  readonly numTrainingSteps: number;
  /** Share of the steps in which the factor rises, above 0 and below 1. Default: 0.1. */
  readonly cutFrac?: number;
  /** Peak over the lowest factor, at least 1. Default: 32. */
  readonly ratio?: number;
}

/**
 * Rises from `1 / ratio` to 1 in a short line, then falls to `1 / ratio` in a long one, below which it never goes: the
 * slanted triangular learning rates of ULMFiT (Howard & Ruder 2018, arXiv:1801.06146, equation 3). Errors: `BAD_SCHEDULE`.
 */
export function getSlantedTriangularSchedule(options: SlantedTriangularOptions): Schedule {
  const { numTrainingSteps, cutFrac = 0.1, ratio = 32 } = options;
  const cut = Math.floor(numTrainingSteps * cutFrac);
  if (!Number.isInteger(numTrainingSteps) || !(cut >= 1 && cutFrac < 1)) {
    throw new ThawError(
      "BAD_SCHEDULE",
      `slanted_triangular rises in the share cutFrac ${cutFrac} of ${numTrainingSteps} steps, which must be a step or more ` +
        "and not all of them. Train for longer, or give a larger cutFrac below 1.",
    );
  }
  return (step) => {
    const height = step < cut ? step / cut : Math.max(0, 1 - (step - cut) / (cut * (1 / cutFrac - 1)));
    return (1 + height * (ratio - 1)) / ratio;
  };
}
