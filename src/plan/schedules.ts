/** Resolves the schedule of every stage: its type, settings and warm-up, and the stages that share one schedule. */
import { ThawError } from "../errors.ts";
import { inspect } from "../platform/inspect.ts";
import { dependsOnRate, hasWarmup, type SchedulerKwargs } from "../schedule/settings.ts";
import { type StageSchedule, stageSchedule } from "../schedule/stageSchedule.ts";
import type { ResolvedArguments } from "./arguments.ts";
import { checkStageKwargs } from "./checkStages.ts";
import type { Stage } from "./stage.ts";

/** The settings of the run, used by stages that do not set their own. */
export type ScheduleDefaults = Pick<ResolvedArguments, "lrSchedulerType" | "warmupSteps"> &
  Partial<Pick<ResolvedArguments, "lrSchedulerKwargs">>;

/** A stage whose schedule is to be resolved. */
interface UnscheduledStage {
  readonly stage: Stage;
  /** Number of optimizer steps of the stage. */
  readonly steps: number;
  /** Peak learning rate of the encoder layers; of the head where no layer trains. */
  readonly learningRate: number;
}

/**
 * Returns the schedule of each stage. Throws `BAD_STAGE` for settings that do not fit together, or not into the steps of a
 * stage.
 */
export function resolveSchedules(stages: readonly UnscheduledStage[], defaults: ScheduleDefaults): StageSchedule[] {
  const schedules = chainsOf(stages).flatMap((chain) => chainSchedules(stages, chain, defaults));
  schedules.forEach((schedule, index) => {
    inStage(index, () => stageSchedule(schedule));
  });
  return schedules;
}

/** Groups the stages that share one schedule: each begins with one that restarts it. */
function chainsOf(stages: readonly UnscheduledStage[]): number[][] {
  const chains: number[][] = [];
  stages.forEach(({ stage }, index) => {
    const { scheduleStart = "restart" } = stage;
    if (scheduleStart === "restart") chains.push([index]);
    else chains.at(-1)?.push(index);
  });
  return chains;
}

function chainSchedules(
  stages: readonly UnscheduledStage[],
  chain: readonly number[],
  defaults: ScheduleDefaults,
): StageSchedule[] {
  const [start = 0] = chain;
  const first = stages[start] as UnscheduledStage;
  const own = ownSchedule(first, start, defaults);
  if (chain.length === 1) return [own];
  const steps = chain.reduce((sum, index) => sum + (stages[index] as UnscheduledStage).steps, 0);
  let stepsBefore = 0;
  return chain.map((index, stagesBefore) => {
    const stage = stages[index] as UnscheduledStage;
    if (stagesBefore > 0) refuseOther(stage.stage, index, own, start);
    const joined = { stagesBefore, stepsBefore, steps, warmupSteps: own.warmupSteps };
    stepsBefore += stage.steps;
    const warmupSteps = stagesBefore === 0 ? own.warmupSteps : rewarmSteps(stage, index, defaults);
    return { ...own, steps: stage.steps, warmupSteps, joined };
  });
}

/** Resolves the schedule of a stage that begins its own. */
function ownSchedule(
  { stage, steps, learningRate }: UnscheduledStage,
  index: number,
  defaults: ScheduleDefaults,
): StageSchedule {
  const lrSchedulerType = stage.lrSchedulerType ?? defaults.lrSchedulerType;
  const isOfRun = lrSchedulerType === defaults.lrSchedulerType;
  const kwargs = stage.lrSchedulerKwargs ?? (isOfRun ? defaults.lrSchedulerKwargs : undefined);
  checkStageKwargs(stage, index, lrSchedulerType, kwargs);
  const rises = hasWarmup(lrSchedulerType) || lrSchedulerType === "constant"; // constant ignores it, as in transformers
  if (!rises && (stage.warmupSteps ?? 0) > 0) {
    throw new ThawError(
      "BAD_STAGE",
      `Stage ${index} has warmupSteps, but the schedule "${lrSchedulerType}" has no warm-up. Leave them out` +
        `${riseOf[lrSchedulerType] ?? "."}`,
    );
  }
  return {
    lrSchedulerType,
    ...(kwargs === undefined || Object.keys(kwargs).length === 0 ? {} : { lrSchedulerKwargs: plain(kwargs) }),
    warmupSteps: rises ? warmupOf(stage, index, steps, defaults) : 0,
    steps,
    ...(dependsOnRate(lrSchedulerType) ? { scheduleRate: learningRate } : {}),
  };
}

/** Advice for schedules that have no warm-up: the setting that says how long each rises. */
const riseOf: Readonly<Record<string, string>> = {
  one_cycle: "; lrSchedulerKwargs: { pctStart: 0.3 } says how long it rises.",
  slanted_triangular: "; lrSchedulerKwargs: { cutFrac: 0.1 } says how long it rises.",
};

const plain = (kwargs: SchedulerKwargs): SchedulerKwargs =>
  Object.fromEntries(Object.entries(kwargs).filter(([, value]) => value !== undefined));

/** Throws `BAD_STAGE` if a stage that goes on with a schedule asks for another one. */
function refuseOther(stage: Stage, index: number, own: StageSchedule, start: number): void {
  const refuse = (problem: string): never => {
    throw new ThawError("BAD_STAGE", `Stage ${index} has scheduleStart "${stage.scheduleStart}", ${problem}`);
  };
  const { lrSchedulerType, lrSchedulerKwargs = {}, warmupSteps = 0, scheduleStart } = stage;
  if (lrSchedulerType !== undefined && lrSchedulerType !== own.lrSchedulerType) {
    refuse(
      `but its lrSchedulerType "${lrSchedulerType}" is not that of stage ${start}, which begins the schedule: ` +
        `"${own.lrSchedulerType}". Leave lrSchedulerType out, or write scheduleStart: "restart".`,
    );
  }
  if (stage.lrSchedulerKwargs !== undefined && keyOf(lrSchedulerKwargs) !== keyOf(own.lrSchedulerKwargs ?? {})) {
    refuse(`but other lrSchedulerKwargs than stage ${start}, which begins the schedule. Leave them out.`);
  }
  if (scheduleStart === "continue" && warmupSteps > 0) {
    refuse('but warmupSteps of its own. Leave them out, or write scheduleStart: "rewarm".');
  }
}

const keyOf = (kwargs: SchedulerKwargs): string => inspect(plain(kwargs), { sorted: true });

/** Number of steps over which the rates of a stage rise again; none where it just continues. */
function rewarmSteps({ stage, steps }: UnscheduledStage, index: number, defaults: ScheduleDefaults): number {
  if (stage.scheduleStart === "continue") return 0;
  const warmupSteps = warmupOf(stage, index, steps, defaults);
  if (warmupSteps > 0) return warmupSteps;
  throw new ThawError(
    "BAD_STAGE",
    `Stage ${index} has scheduleStart "rewarm", but no warm-up: give it warmupSteps: 0.1, or write scheduleStart: "continue".`,
  );
}

function warmupOf(stage: Stage, index: number, steps: number, defaults: ScheduleDefaults): number {
  const warmup = stage.warmupSteps ?? defaults.warmupSteps;
  const warmupSteps = warmup >= 1 ? Math.trunc(warmup) : Math.ceil(steps * warmup);
  if (warmupSteps <= steps) return warmupSteps;
  throw new ThawError(
    "BAD_STAGE",
    `Stage ${index} has ${warmupSteps} warm-up steps, but only ${steps} steps in all. Take fewer, or a share such as 0.1.`,
  );
}

/** Runs a check; its error says which stage it belongs to. */
function inStage(index: number, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof ThawError)) throw error;
    throw new ThawError("BAD_STAGE", `Stage ${index}: ${error.message}`, { cause: error });
  }
}
