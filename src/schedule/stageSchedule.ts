/** The schedule of a stage: from its own start, or a part of one schedule that several stages share. */
import type { Schedule } from "./schedule.ts";
import { type SchedulerKwargs, type SchedulerType, scheduleOf, type ValidationCourse } from "./settings.ts";

/** The ways in which the schedule of a stage can begin. */
export const scheduleStarts = ["restart", "continue", "rewarm"] as const;
/**
 * The way in which the schedule of a stage begins. `"restart"`: anew. `"continue"`: where the stage before left it, as one schedule over
 * the steps of all stages joined so, with one warm-up at its beginning. `"rewarm"`: as `"continue"`, after a rise from 0 over
 * the stage's own warm-up to what the joined schedule has then.
 */
export type ScheduleStart = (typeof scheduleStarts)[number];

/** The schedule that a stage shares with the stages before it. */
export interface JoinedSchedule {
  /** Number of stages before this one that are joined with it, at least 1. */
  readonly stagesBefore: number;
  /** Number of optimizer steps of these stages. */
  readonly stepsBefore: number;
  /** Number of optimizer steps of all joined stages, later ones included. */
  readonly steps: number;
  /** Number of optimizer steps of the warm-up at the beginning of the first of them. */
  readonly warmupSteps: number;
}

/** The settings that decide the course of a stage's learning rates; a `StagePlan` has them. */
export interface StageSchedule {
  /** Name of the schedule: `"linear"`. */
  readonly lrSchedulerType: SchedulerType;
  /** The settings of this schedule. Default: its own defaults. */
  readonly lrSchedulerKwargs?: SchedulerKwargs;
  /** Optimizer steps of this stage in which the rates rise. */
  readonly warmupSteps: number;
  /** Optimizer steps of the whole stage. */
  readonly steps: number;
  /**
   * Peak learning rate, of which the settings `lrEnd`, `minLr` and `eps` are parts; only schedules with one of these have it.
   */
  readonly scheduleRate?: number;
  /** Present in stages whose schedule goes on from the stage before, and in the first of these. */
  readonly joined?: JoinedSchedule;
}

/**
 * Returns the schedule of a stage, whose steps are counted from 0. `validation`: the values so far, counted in the same
 * steps; only `reduce_lr_on_plateau` needs them.
 */
export function stageSchedule(stage: StageSchedule, validation?: ValidationCourse): Schedule {
  const { lrSchedulerType, lrSchedulerKwargs: kwargs, warmupSteps, steps, scheduleRate = 1, joined } = stage;
  const of = (numWarmupSteps: number, numTrainingSteps: number, course = validation) =>
    scheduleOf(lrSchedulerType, { numWarmupSteps, numTrainingSteps, learningRate: scheduleRate, kwargs }, course);
  if (joined === undefined) return of(warmupSteps, steps);
  const { stepsBefore, stagesBefore } = joined;
  const shifted = validation && {
    ...validation,
    values: validation.values.map(({ step, value }) => ({ step: step + stepsBefore, value })),
  };
  const whole = of(joined.warmupSteps, joined.steps, shifted);
  const rise = stagesBefore === 0 ? 0 : warmupSteps;
  return (step) => whole(stepsBefore + step) * (step < rise ? step / rise : 1);
}

/** A stage with its epochs; a `StagePlan` has them. */
interface StageEpochs extends StageSchedule {
  readonly epochs: number;
  /** Optimizer steps of a whole epoch; the last one of a stage may be shorter. Default: the steps are divided evenly. */
  readonly stepsPerEpoch?: number;
}

/** The factors of the epochs of each stage: a live table asks for those of every epoch at each redraw. */
const known = new WeakMap<StageEpochs, Map<number, readonly number[]>>();

/**
 * Returns the factors of one epoch, counted within the stage from 0, in their order: at its first step, at its lowest and
 * highest if they are beyond both ends, and at its last step. `validation`: as for `stageSchedule`.
 */
export function epochFactors(stage: StageEpochs, epoch: number, validation?: ValidationCourse): readonly number[] {
  if (validation !== undefined) return factorsOf(stage, epoch, validation);
  const ofStage = known.get(stage) ?? new Map<number, readonly number[]>();
  known.set(stage, ofStage);
  const factors = ofStage.get(epoch) ?? factorsOf(stage, epoch);
  ofStage.set(epoch, factors);
  return factors;
}

function factorsOf(stage: StageEpochs, epoch: number, validation?: ValidationCourse): readonly number[] {
  const factor = stageSchedule(stage, validation);
  const { steps, stepsPerEpoch = steps / stage.epochs } = stage;
  const first = epoch * stepsPerEpoch;
  const length = Math.max(1, Math.min(stepsPerEpoch, steps - first));
  const course = Array.from({ length }, (_, i) => factor(first + i));
  const turns = [course.reduce((a, b) => Math.max(a, b)), course.reduce((a, b) => Math.min(a, b))]
    .map((value) => course.indexOf(value))
    .sort((a, b) => a - b);
  return [0, ...turns, course.length - 1]
    .map((step) => course[step] as number)
    .filter((value, i, all) => value !== all[i - 1]);
}

/** A step of a stage, from 0, and the factor of the rates at it. */
export interface RatePoint {
  readonly step: number;
  readonly factor: number;
}

/**
 * Returns the course over the first `steps` steps of the stage: all of them, or as many as a curve needs, the steps at which
 * the factor turns among them.
 */
export function rateCourse(
  stage: StageSchedule,
  steps: number,
  { points = 120, validation }: { readonly points?: number; readonly validation?: ValidationCourse | undefined } = {},
): RatePoint[] {
  if (steps < 1) return [];
  const factor = stageSchedule(stage, validation);
  const last = steps - 1;
  const between = Array.from({ length: Math.min(points, steps) }, (_, i) =>
    Math.round((i * last) / Math.max(1, Math.min(points, steps) - 1)),
  );
  const chosen = new Set([...between, ...(steps > points ? turnsOf(factor, steps) : [])]);
  return [...chosen].sort((a, b) => a - b).map((step) => ({ step, factor: factor(step) }));
}

/** Finds the steps at which a schedule changes between rising, falling and staying: the ones before and after a jump, too. */
function turnsOf(factor: Schedule, steps: number): number[] {
  const turns: number[] = [];
  let [before, direction] = [factor(0), 0];
  for (let step = 1; step < steps; step++) {
    const now = factor(step);
    if (step > 1 && Math.sign(now - before) !== direction) turns.push(step - 1);
    [before, direction] = [now, Math.sign(now - before)];
  }
  return turns;
}
