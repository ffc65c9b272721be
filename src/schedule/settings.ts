/** The schedules by name, and the settings of each: `lrSchedulerType` and `lrSchedulerKwargs`. */
import { refuseUnknown } from "../options.ts";
import { inspect } from "../platform/inspect.ts";
import { type PlateauOptions, plateauFactor } from "./plateau.ts";
import {
  type CosineOptions,
  getConstantSchedule,
  getConstantScheduleWithWarmup,
  getCosineScheduleWithWarmup,
  getCosineWithHardRestartsScheduleWithWarmup,
  getInverseSqrtSchedule,
  getLinearScheduleWithWarmup,
  getPolynomialDecayScheduleWithWarmup,
  getWsdSchedule,
  type InverseSqrtOptions,
  type PolynomialOptions,
  type Schedule,
  type WsdOptions,
  wsdShapes,
} from "./schedule.ts";
import {
  annealStrategies,
  getOneCycleSchedule,
  getSlantedTriangularSchedule,
  type OneCycleOptions,
  type SlantedTriangularOptions,
} from "./triangles.ts";

/** Names of the available schedules: Hugging Face's, PyTorch's one-cycle and ULMFiT's slanted triangle. */
export const schedulerTypes = [
  "linear",
  "cosine",
  "cosine_with_restarts",
  "polynomial",
  "constant",
  "constant_with_warmup",
  "inverse_sqrt",
  "reduce_lr_on_plateau",
  "warmup_stable_decay",
  "one_cycle",
  "slanted_triangular",
] as const;
/** The name of a schedule. */
export type SchedulerType = (typeof schedulerTypes)[number];

/** Schedules that rise in a way of their own, or not at all: `warmupSteps` does not apply to them. */
const withoutWarmup: readonly SchedulerType[] = ["constant", "reduce_lr_on_plateau", "one_cycle", "slanted_triangular"];
/** Tells whether a schedule begins with a warm-up. */
export const hasWarmup = (type: SchedulerType): boolean => !withoutWarmup.includes(type);

/** Schedules with a setting that is a learning rate, such as `lrEnd`, where all others have factors only. */
const withRate: readonly SchedulerType[] = ["polynomial", "reduce_lr_on_plateau"];
/** Tells whether a schedule depends on the peak learning rate. */
export const dependsOnRate = (type: SchedulerType): boolean => withRate.includes(type);

/**
 * The settings that only some schedules have, as `lr_scheduler_kwargs` in Hugging Face. A setting that the schedule does not
 * have is refused.
 */
export interface SchedulerKwargs
  extends Pick<CosineOptions, "numCycles">,
    Pick<PolynomialOptions, "lrEnd" | "power">,
    Pick<InverseSqrtOptions, "timescale">,
    Pick<WsdOptions, "numStableSteps" | "warmupType" | "decayType" | "minLrRatio">,
    Pick<OneCycleOptions, "pctStart" | "annealStrategy" | "divFactor" | "finalDivFactor" | "threePhase">,
    Pick<SlantedTriangularOptions, "cutFrac" | "ratio">,
    Omit<PlateauOptions, "greaterIsBetter" | "learningRate"> {
  /** Number of optimizer steps in which `warmup_stable_decay` falls; below 1 a share of the stage's steps. Needed there. */
  readonly numDecaySteps?: number;
}

type Kwarg = keyof SchedulerKwargs;

const kwargsOf: Readonly<Record<SchedulerType, readonly Kwarg[]>> = {
  linear: [],
  cosine: ["numCycles"],
  cosine_with_restarts: ["numCycles"],
  polynomial: ["lrEnd", "power"],
  constant: [],
  constant_with_warmup: [],
  inverse_sqrt: ["timescale"],
  reduce_lr_on_plateau: ["factor", "patience", "threshold", "thresholdMode", "cooldown", "minLr", "eps"],
  warmup_stable_decay: ["numDecaySteps", "numStableSteps", "warmupType", "decayType", "minLrRatio", "numCycles"],
  one_cycle: ["pctStart", "annealStrategy", "divFactor", "finalDivFactor", "threePhase"],
  slanted_triangular: ["cutFrac", "ratio"],
};

/** A test of a value, and the value that is expected, in words. */
interface Expected {
  readonly words: string;
  readonly accepts: (value: unknown) => boolean;
}

const numberWhere = (words: string, accepts: (value: number) => boolean): Expected => ({
  words,
  accepts: (value) => typeof value === "number" && Number.isFinite(value) && accepts(value),
});
const wholeNumber = numberWhere("a whole number of 0 or more", (value) => Number.isSafeInteger(value) && value >= 0);
const notNegative = numberWhere("a number of 0 or more", (value) => value >= 0);
const aboveZero = numberWhere("a number above 0", (value) => value > 0);
const between = numberWhere("a number above 0 and below 1", (value) => value > 0 && value < 1);
const fromOne = numberWhere("a number of 1 or more", (value) => value >= 1);
const oneOf = (values: readonly string[]): Expected => ({
  words: values.map((value) => `"${value}"`).join(" or "),
  accepts: (value) => (values as readonly unknown[]).includes(value),
});

const expected: Readonly<Record<Kwarg, Expected>> = {
  numCycles: aboveZero,
  lrEnd: notNegative,
  power: aboveZero,
  timescale: aboveZero,
  numDecaySteps: numberWhere(
    "a whole number of steps of 1 or more, or a share above 0 and below 1",
    (value) => value > 0 && (value < 1 || Number.isSafeInteger(value)),
  ),
  numStableSteps: wholeNumber,
  warmupType: oneOf(wsdShapes),
  decayType: oneOf(wsdShapes),
  minLrRatio: numberWhere("a number from 0 to 1", (value) => value >= 0 && value <= 1),
  factor: between,
  patience: wholeNumber,
  threshold: notNegative,
  thresholdMode: oneOf(["rel", "abs"]),
  cooldown: wholeNumber,
  minLr: notNegative,
  eps: notNegative,
  pctStart: between,
  annealStrategy: oneOf(annealStrategies),
  divFactor: fromOne,
  finalDivFactor: fromOne,
  threePhase: { words: "true or false", accepts: (value) => typeof value === "boolean" },
  cutFrac: between,
  ratio: fromOne,
};

/** Settings of the schedules in Python that are somewhere else here. */
const elsewhere = {
  mode: "metricForBestModel and greaterIsBetter, which decide what is an improvement",
  numWarmupSteps: "warmupSteps",
  numTrainingSteps: "the steps of the stage: leave it out",
  totalSteps: "the steps of the stage: leave it out",
  maxLr: "learningRate, the peak",
  lastEpoch: "not needed: leave it out",
  cycleMomentum: "not there: AdamW's momentum stays adamBeta1",
} as const;

/** Who gave `lrSchedulerKwargs`, and how an impossible value is refused. */
interface KwargsCheck {
  readonly code: "BAD_STAGE" | "BAD_ARGUMENT";
  /** Throws with what is wrong: `'has lrSchedulerKwargs.power -1; it must be ...'`. */
  readonly refuse: (key: string, found: string, wanted: string) => never;
}

/** Checks `lrSchedulerKwargs` for a schedule: every name must be one of its settings, every value possible. */
export function checkSchedulerKwargs(
  kwargs: SchedulerKwargs | undefined,
  type: SchedulerType,
  { code, refuse }: KwargsCheck,
): void {
  const known = kwargsOf[type];
  if (kwargs !== undefined) {
    const kind = `setting of the schedule "${type}" in lrSchedulerKwargs`;
    refuseUnknown(kwargs, Object.fromEntries(known.map((key) => [key, true])), { code, kind, elsewhere });
  }
  for (const key of known) {
    const value = kwargs?.[key];
    if (value === undefined || expected[key].accepts(value)) continue;
    refuse(`lrSchedulerKwargs.${key}`, inspect(value), expected[key].words);
  }
  if (type === "warmup_stable_decay" && kwargs?.numDecaySteps === undefined) {
    refuse("lrSchedulerKwargs.numDecaySteps", "undefined", `${expected.numDecaySteps.words}: { numDecaySteps: 0.2 }`);
  }
}

/** Everything that decides a schedule. */
export interface ScheduleOptions {
  readonly numWarmupSteps: number;
  readonly numTrainingSteps: number;
  /** Peak learning rate, of which `lrEnd`, `minLr` and `eps` are parts. */
  readonly learningRate: number;
  readonly kwargs?: SchedulerKwargs | undefined;
}

/** A validation value, and the number of optimizer steps of the stage before it; earlier stages have negative ones. */
export interface ValidationValue {
  readonly step: number;
  readonly value: number;
}

/** The validation values so far, which only `reduce_lr_on_plateau` depends on. */
export interface ValidationCourse {
  /** Whether a greater value is better. */
  readonly greaterIsBetter: boolean;
  /** The values, in the order of the steps. */
  readonly values: readonly ValidationValue[];
}

/** Returns the schedule with this name. Errors: `BAD_SCHEDULE`. */
export function scheduleOf(type: SchedulerType, options: ScheduleOptions, validation?: ValidationCourse): Schedule {
  const { numWarmupSteps, numTrainingSteps, learningRate, kwargs = {} } = options;
  const length = { numWarmupSteps, numTrainingSteps };
  switch (type) {
    case "linear":
      return getLinearScheduleWithWarmup(length);
    case "cosine":
      return getCosineScheduleWithWarmup({ ...length, ...kwargs });
    case "cosine_with_restarts":
      return getCosineWithHardRestartsScheduleWithWarmup({ ...length, ...kwargs });
    case "polynomial":
      return getPolynomialDecayScheduleWithWarmup({ ...length, learningRate, ...kwargs });
    case "constant":
      return getConstantSchedule();
    case "constant_with_warmup":
      return getConstantScheduleWithWarmup({ numWarmupSteps });
    case "inverse_sqrt":
      return getInverseSqrtSchedule({ numWarmupSteps, ...kwargs });
    case "reduce_lr_on_plateau":
      return plateauSchedule({ learningRate, ...kwargs }, validation);
    case "warmup_stable_decay": {
      const { numDecaySteps = 0 } = kwargs;
      const decay = numDecaySteps < 1 ? Math.ceil(numDecaySteps * numTrainingSteps) : numDecaySteps;
      return getWsdSchedule({ ...length, ...kwargs, numDecaySteps: decay });
    }
    case "one_cycle":
      return getOneCycleSchedule({ numTrainingSteps, ...kwargs });
    case "slanted_triangular":
      return getSlantedTriangularSchedule({ numTrainingSteps, ...kwargs });
  }
}

/** The factor at a step is that after the validation values before it. */
function plateauSchedule(
  options: Omit<PlateauOptions, "greaterIsBetter">,
  { values, greaterIsBetter }: ValidationCourse = { values: [], greaterIsBetter: false },
): Schedule {
  return (step) => {
    const before = values.filter((each) => each.step <= step).map(({ value }) => value);
    return plateauFactor(before, { ...options, greaterIsBetter });
  };
}
