/** Makes the plan of a run: the trainable parameters, learning rates, steps, cut and cost of each stage. */
import { listed } from "../display/listed.ts";
import { formatBytes, formatCount, formatPercent, formatRate, formatSeconds } from "../display/numbers.ts";
import { type Cell, type Column, ShownAsTable, Table } from "../display/table.ts";
import { ThawError } from "../errors.ts";
import { describeTrainable } from "../freezing/describeTrainable.ts";
import { type Block, plainSelection } from "../freezing/selection.ts";
import type { Cut, SequenceClassifier } from "../models/sequenceClassifier.ts";
import type { StageSchedule } from "../schedule/stageSchedule.ts";
import type { ResolvedArguments } from "./arguments.ts";
import { trainableNames } from "./checkStages.ts";
import { fullEpochs, type StageCost, stageCosts } from "./cost.ts";
import { decidePrefixes, type PrefixDecision } from "./prefix.ts";
import { resolveSchedules, type ScheduleDefaults } from "./schedules.ts";
import type { Stage } from "./stage.ts";

/** The settings of the run, used by stages that do not set their own. */
interface PlanDefaults
  extends ScheduleDefaults,
    Pick<ResolvedArguments, "learningRate" | "headLearningRate" | "frozenDropout" | "allowFrozenRandomHead"> {
  /** Number of optimizer steps of an epoch. */
  readonly stepsPerEpoch: number;
  /** Number of optimizer steps after which the run ends. Default: all epochs. */
  readonly maxSteps?: number | undefined;
}

/** The plan of one stage as plain data, as written and as resolved; tables show it and the record of a run keeps it. */
export interface StagePlan extends StageSchedule {
  /** Name for tables and figures. */
  readonly name: string;
  /** The parameters that train, in words: `"head"`, `"head, layers 10-11"`, `"everything"`. */
  readonly trains: string;
  /** The stage as it was written; a regular expression is replaced by its text. */
  readonly written: Stage;
  /** The stage with every setting resolved; in another trainer it trains the same. */
  readonly resolved: Stage;
  /** Names of the parameters that train, in the order of the state dict. */
  readonly parameters: readonly string[];
  /** Number of values in these parameters. */
  readonly trainableParameters: number;
  /** Number of passes over the training data. */
  readonly epochs: number;
  /** Number of optimizer steps of a whole epoch; absent in records of earlier versions. */
  readonly stepsPerEpoch?: number;
  /** Number of the stage's first epoch in the run, from 1, if all earlier stages run all of their epochs. */
  readonly firstEpoch: number;
  /** Highest peak learning rate of the trainable encoder layers; absent if none trains. */
  readonly learningRate?: number;
  /** Peak learning rate of the head; absent if it is frozen. */
  readonly headLearningRate?: number;
  /** Number of epochs without improvement after which the stage ends; absent if it never ends early. */
  readonly patience?: number;
  /** Predicted work, in units of one epoch of full fine-tuning. */
  readonly cost: StageCost;
  /** Predicted work relative to full fine-tuning for as many epochs; 1 = equal. */
  readonly relativeCost: number;
  /** Predicted wall time in seconds, the pass through the frozen layers included. */
  readonly predictedSeconds?: number;
  /** Predicted largest resident memory of the process, in bytes. */
  readonly predictedMemory?: number;
  /** Whether the stage trains parameters of the block "shared". */
  readonly trainsShared?: boolean;
}

/** A stage in the form that the training loop needs. */
export interface PlannedStage extends StageSchedule {
  /** The stage as it was written. */
  readonly stage: Stage;
  /** Names of the parameters that train. */
  readonly trainable: ReadonlySet<string>;
  /**
   * The cut below the lowest trainable block: everything below it is constant in this stage. -1 if the embeddings
   * train.
   */
  readonly cut: Cut;
  /** The stored outputs of frozen layers that the stage uses; undefined if every step computes the frozen layers. */
  readonly prefix: PrefixDecision | undefined;
  /** Peak learning rate of each trainable parameter, before the schedule's factor. */
  readonly learningRates: ReadonlyMap<string, number>;
  /** The stage as it is shown and recorded. */
  readonly row: StagePlan;
}

/**
 * A training plan: the trainable parameters, learning rates, steps and predicted cost of each stage. Notebooks show it
 * as a table.
 */
export class Plan extends ShownAsTable {
  /** The stages in their order. */
  readonly stages: readonly PlannedStage[];
  /** Number of values in all parameters of the model. */
  readonly totalParameters: number;
  /** Names of the parameters that train in some stage. */
  readonly trainable: ReadonlySet<string>;

  /** @internal */
  constructor(stages: readonly PlannedStage[], totalParameters: number) {
    super();
    this.stages = stages;
    this.totalParameters = totalParameters;
    const sets = new Set(stages.map(({ trainable }) => trainable));
    this.trainable = new Set([...sets].flatMap((names) => [...names]));
  }

  /** Number of epochs of all stages. */
  get epochs(): number {
    return this.stages.reduce((sum, { row }) => sum + row.epochs, 0);
  }

  /** Number of optimizer steps of all stages. */
  get steps(): number {
    return this.stages.reduce((sum, { steps }) => sum + steps, 0);
  }

  /** Returns the same plan with the predicted time and memory of each stage. */
  withForecast(forecasts: readonly Pick<StagePlan, "predictedSeconds" | "predictedMemory">[]): Plan {
    const stages = this.stages.map((stage, i) => ({ ...stage, row: { ...stage.row, ...forecasts[i] } }));
    return new Plan(stages, this.totalParameters);
  }

  /** Returns the stages as they were written, in the form of a plan file: `readPlan` reads `JSON.stringify(plan)`. */
  toJSON(): { readonly stages: readonly Stage[] } {
    return { stages: this.stages.map(({ row }) => row.written) };
  }

  /** Returns the plan as a table with one row per stage. */
  override toTable(): Table {
    return planTable(
      this.stages.map(({ row }) => row),
      this.totalParameters,
    );
  }
}

/**
 * Makes a plan, and checks it against the model before anything runs. Errors: `BAD_STAGE`, `BAD_SELECTION`,
 * `FROZEN_RANDOM_HEAD`.
 */
export function makePlan(stages: readonly Stage[], model: SequenceClassifier, defaults: PlanDefaults): Plan {
  const trainable = trainableNames(stages, model);
  if (!defaults.allowFrozenRandomHead) refuseFrozenRandom(trainable, model);
  const order = [...model.parameters.keys()];
  const parts = once((names) => ({
    cut: cutOf(names, model),
    trains: describeTrainable(names, model.blocks),
    parameters: order.filter((name) => names.has(name)),
    size: sizeOf(names, model),
    trainsShared: [...names].some((name) => model.blocks.get(name) === "shared"),
  }));
  const ratesOf = onceByRates(model);
  const prefixes = decidePrefixes(
    trainable.map((names) => parts(names).cut),
    defaults.frozenDropout,
  );
  const costs = stageCosts(
    trainable.map((names, i) => ({ trainable: names, cut: parts(names).cut, prefix: prefixes[i] })),
    model,
  );
  const lengths = stageLengths(stages, defaults);
  const rated = stages.map((stage, i) => {
    const encoder = stage.learningRate ?? defaults.learningRate;
    const head = stage.headLearningRate ?? defaults.headLearningRate ?? encoder;
    const rates = ratesOf(trainable[i] as ReadonlySet<string>, encoder, head, stage.layerDecay ?? 1);
    const learningRate = rates.layers === undefined ? head : encoder;
    return { stage, encoder, head, rates, ...(lengths[i] as StageLength), learningRate };
  });
  const schedules = resolveSchedules(rated, defaults);
  let firstEpoch = 1;
  const planned = rated.map(({ stage, epochs, encoder, head, rates }, i): PlannedStage => {
    const names = trainable[i] as ReadonlySet<string>;
    const { cut, trains, parameters, size, trainsShared } = parts(names);
    const schedule = schedules[i] as StageSchedule;
    const { lrSchedulerType, lrSchedulerKwargs, warmupSteps } = schedule;
    const cost = costs[i] as StageCost;
    const written = { ...stage, train: plainSelection(stage.train) };
    const row: StagePlan = {
      name: stage.name ?? trains,
      trains,
      written,
      resolved: {
        ...written,
        ...(rates.layers === undefined ? {} : { learningRate: encoder }),
        ...(rates.head === undefined ? {} : { headLearningRate: head }),
        lrSchedulerType,
        ...(lrSchedulerKwargs === undefined ? {} : { lrSchedulerKwargs }),
        warmupSteps,
      },
      parameters,
      trainableParameters: size,
      epochs,
      firstEpoch,
      ...(rates.layers === undefined ? {} : { learningRate: rates.layers }),
      ...(rates.head === undefined ? {} : { headLearningRate: rates.head }),
      ...schedule,
      ...(stage.patience === undefined ? {} : { patience: stage.patience }),
      cost,
      relativeCost: fullEpochs(cost, epochs) / epochs,
      ...(trainsShared ? { trainsShared } : {}),
    };
    firstEpoch += epochs;
    return {
      ...{ stage, trainable: names, cut, learningRates: rates.all, ...schedule, row },
      prefix: prefixes[i],
    };
  });
  return new Plan(planned, sizeOf(order, model));
}

/** Throws `BAD_STAGE` for a plan with a setting that needs validation, where there is none; `needed` says what gives it. */
export function refuseWithoutValidation({ stages }: Plan, needed: string): void {
  stages.forEach(({ stage, lrSchedulerType }, index) => {
    const plateau = lrSchedulerType === "reduce_lr_on_plateau" && `the schedule "${lrSchedulerType}"`;
    const needs =
      (stage.patience !== undefined && "patience") || (stage.restoreBest === true && "restoreBest") || plateau;
    if (needs === false) return;
    const advice = needs === plateau ? 'take another, such as "linear"' : `leave ${needs} out`;
    throw new ThawError("BAD_STAGE", `Stage ${index} has ${needs}, which needs validation: ${needed}, or ${advice}.`);
  });
}

/** Returns the number of values in these parameters. */
export function sizeOf(names: Iterable<string>, model: SequenceClassifier): number {
  return [...names].reduce((sum, name) => sum + (model.parameters.get(name)?.size ?? 0), 0);
}

/** Memoises a function by its set of names, since many of thousands of stages train the same parameters. */
function once<T>(compute: (names: ReadonlySet<string>) => T): (names: ReadonlySet<string>) => T {
  const known = new Map<ReadonlySet<string>, T>();
  return (names) => {
    const value = known.get(names) ?? compute(names);
    known.set(names, value);
    return value;
  };
}

/** The length of a stage: its optimizer steps, and the epochs that they need, the last of which may be a part of one. */
interface StageLength {
  readonly epochs: number;
  readonly steps: number;
}

/** Returns the lengths of the stages; `maxSteps` shortens the stage in which it is reached, which must be the last. */
function stageLengths(stages: readonly Stage[], { stepsPerEpoch, maxSteps }: PlanDefaults): StageLength[] {
  let left = maxSteps ?? Number.POSITIVE_INFINITY;
  return stages.map(({ epochs }, index) => {
    if (left === 0) {
      throw new ThawError(
        "BAD_STAGE",
        `maxSteps ${maxSteps} ends the run before stage ${index} begins: raise maxSteps, or leave the stage out.`,
      );
    }
    const steps = Math.min(left, epochs * stepsPerEpoch);
    left -= steps;
    return { steps, epochs: Math.ceil(steps / stepsPerEpoch) };
  });
}

function cutOf(trainable: ReadonlySet<string>, model: SequenceClassifier): Cut {
  const places = [...trainable].map((name) => {
    const block = model.blocks.get(name) as Block;
    if (block === "embeddings") return -1;
    if (block === "shared") return 0;
    return block === "head" ? model.depth : block;
  });
  return Math.min(...places);
}

/** The peak learning rates of a stage. */
interface Rates {
  /** The rate of each parameter, by its name. */
  readonly all: ReadonlyMap<string, number>;
  /** The highest rate below the head; undefined if nothing trains there. */
  readonly layers: number | undefined;
  /** The rate of the head; undefined if it is frozen. */
  readonly head: number | undefined;
}

function onceByRates(model: SequenceClassifier) {
  const known = new Map<ReadonlySet<string>, Map<string, Rates>>();
  return (names: ReadonlySet<string>, encoder: number, head: number, decay: number): Rates => {
    const ofNames = known.get(names) ?? new Map<string, Rates>();
    known.set(names, ofNames);
    const key = `${encoder} ${head} ${decay}`;
    const rates = ofNames.get(key) ?? ratesOf(names, model, encoder, head, decay);
    ofNames.set(key, rates);
    return rates;
  };
}

function ratesOf(
  names: ReadonlySet<string>,
  model: SequenceClassifier,
  encoder: number,
  head: number,
  decay: number,
): Rates {
  const blockOf = (name: string) => model.blocks.get(name) as Block;
  const rate = (block: Block) => {
    if (block === "head") return head;
    if (block === "shared") return encoder; // the top layer reads it as well; BEiT's shared positions are treated so
    return encoder * decay ** (block === "embeddings" ? model.depth : model.depth - 1 - block);
  };
  const all = new Map([...names].map((name) => [name, rate(blockOf(name))]));
  const highest = (accept: (block: Block) => boolean) => {
    const rates = [...all].filter(([name]) => accept(blockOf(name))).map(([, value]) => value);
    return rates.length === 0 ? undefined : Math.max(...rates);
  };
  return { all, layers: highest((block) => block !== "head"), head: highest((block) => block === "head") };
}

/**
 * Throws `FROZEN_RANDOM_HEAD` if a newly initialised parameter trains in no stage: it would stay random, and so would
 * the predictions.
 */
function refuseFrozenRandom(stages: readonly ReadonlySet<string>[], model: SequenceClassifier): void {
  // frozen until a later stage is as bad: the layers would be fitted to a random head
  const [first] = stages;
  const frozen = model.newlyInitialized.filter((name) => first?.has(name) === false);
  if (frozen.length === 0) return;
  const layers = new Set(frozen.map((name) => model.blocks.get(name)).filter((block) => typeof block === "number"));
  const parts = [
    ...(layers.size > 0 ? [`{ lastLayers: ${model.depth - Math.min(...layers)} }`] : []),
    ...(layers.size === 0 || frozen.some((name) => model.blocks.get(name) === "head") ? ['"head"'] : []),
  ].reverse();
  const random = parts.join(", ");
  const called = parts.length > 1 ? `[${random}]` : random;
  throw new ThawError(
    "FROZEN_RANDOM_HEAD",
    `Stage 0 leaves ${listed(frozen)} frozen at random values, since no file gave values for them. ` +
      `Add ${random} to what the stage trains: train: [${random}, ...], or model.unfreeze(${called}) where no stages are given. ` +
      "Set args.allowFrozenRandomHead if it is meant.",
  );
}

const right = "right" as const;

/**
 * Makes the table of a plan. `totalParameters` is the number of values in the whole model. The last row holds the
 * totals.
 */
export function planTable(stages: readonly StagePlan[], totalParameters: number): Table {
  const isForecast = stages.some((stage) => stage.predictedSeconds !== undefined);
  const columns: Column[] = [
    { title: "Stage" },
    { title: "Trains" },
    { title: "Epochs", align: right },
    { title: "Steps", align: right },
    { title: "Trainable parameters", align: right },
    { title: "Learning rate", align: right },
    { title: "Head learning rate", align: right },
    { title: "Schedule" },
    { title: "Predicted cost", align: right },
    ...(isForecast
      ? [
          { title: "Predicted time", align: right },
          { title: "Predicted memory", align: right },
        ]
      : []),
  ];
  const sum = (of: (stage: StagePlan) => number) => stages.reduce((total, stage) => total + of(stage), 0);
  const epochs = sum((stage) => stage.epochs);
  const cost = sum((stage) => fullEpochs(stage.cost, stage.epochs)) / epochs;
  const all: Cell[] = ["all", "", epochs, formatCount(sum(({ steps }) => steps)), "", "", "", "", formatPercent(cost)];
  if (isForecast) {
    all.push(formatSeconds(sum(({ predictedSeconds = 0 }) => predictedSeconds)));
    all.push(formatBytes(stages.reduce((most, { predictedMemory = 0 }) => Math.max(most, predictedMemory), 0)));
  }
  return new Table({
    columns,
    rows: [...stages.map((stage) => planRow(stage, totalParameters)), ...(stages.length > 1 ? [all] : [])],
    caption:
      `${stages.length} ${stages.length === 1 ? "stage" : "stages"} over ${formatCount(totalParameters)} parameters. ` +
      "Cost: predicted work, 100% = training everything for as many epochs." +
      (isForecast
        ? " Time: from what one layer takes on this machine, the pass through the frozen layers included." +
          " Memory: the most that the process holds."
        : "") +
      (stages.some(({ trainsShared }) => trainsShared)
        ? ' "shared" weights serve several layers: a stage that trains them computes everything from layer 0 on.'
        : ""),
  });
}

function planRow(stage: StagePlan, totalParameters: number): Cell[] {
  const { firstEpoch, epochs, trainableParameters, learningRate, headLearningRate } = stage;
  const share = formatPercent(trainableParameters / totalParameters);
  return [
    stage.name,
    stage.trains,
    epochs === 1 ? `${firstEpoch}` : `${firstEpoch}-${firstEpoch + epochs - 1}`,
    formatCount(stage.steps),
    `${formatCount(trainableParameters)} (${share})`,
    learningRate === undefined ? "" : formatRate(learningRate),
    headLearningRate === undefined ? "" : formatRate(headLearningRate),
    scheduleInWords(stage),
    formatPercent(stage.relativeCost),
    ...(stage.predictedSeconds === undefined ? [] : [formatSeconds(stage.predictedSeconds)]),
    ...(stage.predictedMemory === undefined ? [] : [formatBytes(stage.predictedMemory)]),
  ];
}

/** Describes the schedule of a stage: `"linear, 3 steps of warmup, patience 2"`. */
function scheduleInWords({
  lrSchedulerType,
  lrSchedulerKwargs = {},
  warmupSteps,
  patience,
  written,
}: StagePlan): string {
  const { scheduleStart = "restart", minDelta = 0, restoreBest, moments, dropout } = written;
  const start = { restart: "", continue: " continued", rewarm: " rewarmed" }[scheduleStart];
  const kwargs = Object.entries(lrSchedulerKwargs).map(([key, value]) => `${key} ${value}`);
  return [
    `${lrSchedulerType}${start}${kwargs.length === 0 ? "" : ` (${kwargs.join(", ")})`}`,
    ...(warmupSteps > 0 ? [`${formatCount(warmupSteps)} ${warmupSteps === 1 ? "step" : "steps"} of warmup`] : []),
    ...(patience === undefined ? [] : [`patience ${patience}`]),
    ...(minDelta > 0 ? [`at least ${minDelta} better`] : []),
    ...(restoreBest === true ? ["best epoch restored"] : []),
    ...(moments === "reset" ? ["moments reset"] : []),
    ...(dropout === undefined ? [] : [`dropout ${dropoutInWords(dropout)}`]),
  ].join(", ");
}

/** Writes dropout rates as `"0.1"`, or as `"0.1 hidden, 0 attention"` where there are several. */
function dropoutInWords(dropout: NonNullable<Stage["dropout"]>): string {
  if (typeof dropout === "number") return `${dropout}`;
  return Object.entries(dropout)
    .map(([key, rate]) => `${rate} ${key}`)
    .join(", ");
}
