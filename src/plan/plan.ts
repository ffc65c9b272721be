/** Makes the plan of a run: the trainable parameters, learning rates, steps, cut and cost of each stage. */
import { listed } from "../display/listed.ts";
import { formatBytes, formatCount, formatPercent, formatRate, formatSeconds } from "../display/numbers.ts";
import { type Cell, type Column, ShownAsTable, Table } from "../display/table.ts";
import { ThawError } from "../errors.ts";
import { type Block, describeTrainable, plainSelection } from "../freezing/selection.ts";
import type { Cut, SequenceClassifier } from "../models/sequenceClassifier.ts";
import type { SchedulerType } from "../schedule/schedule.ts";
import type { ResolvedArguments } from "./arguments.ts";
import { fullEpochs, type StageCost, stageCosts } from "./cost.ts";
import { decidePrefixes, type PrefixDecision } from "./prefix.ts";
import { type Stage, trainableNames } from "./stage.ts";

/** The settings of the run, used by stages that do not set their own. */
interface PlanDefaults
  extends Pick<
    ResolvedArguments,
    "learningRate" | "headLearningRate" | "lrSchedulerType" | "warmupSteps" | "frozenDropout" | "allowFrozenRandomHead"
  > {
  /** Number of optimizer steps of an epoch. */
  readonly stepsPerEpoch: number;
}

/** The plan of one stage as plain data, as written and as resolved; tables show it and the record of a run keeps it. */
export interface StagePlan {
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
  /** Number of optimizer steps of all epochs. */
  readonly steps: number;
  /** Number of the stage's first epoch in the run, from 1, if all earlier stages run all of their epochs. */
  readonly firstEpoch: number;
  /** Highest peak learning rate of the trainable encoder layers; absent if none trains. */
  readonly learningRate?: number;
  /** Peak learning rate of the head; absent if it is frozen. */
  readonly headLearningRate?: number;
  /** Hugging Face's name of the schedule: `"linear"`. */
  readonly lrSchedulerType: SchedulerType;
  /** Number of optimizer steps of this stage over which the learning rates rise to their peak. */
  readonly warmupSteps: number;
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
export interface PlannedStage {
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
  /** Hugging Face's name of the schedule: `"linear"`. */
  readonly lrSchedulerType: SchedulerType;
  /** Number of optimizer steps of this stage over which the learning rates rise to their peak. */
  readonly warmupSteps: number;
  /** Number of optimizer steps of all epochs. */
  readonly steps: number;
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
    return this.stages.reduce((sum, { stage }) => sum + stage.epochs, 0);
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
  const prefixes = decidePrefixes(trainable.map((names) => parts(names).cut));
  const costs = stageCosts(
    trainable.map((names, i) => ({ trainable: names, cut: parts(names).cut, prefix: prefixes[i] })),
    model,
  );
  let firstEpoch = 1;
  const planned = stages.map((stage, i): PlannedStage => {
    const names = trainable[i] as ReadonlySet<string>;
    const { cut, trains, parameters, size, trainsShared } = parts(names);
    const steps = stage.epochs * defaults.stepsPerEpoch;
    const warmupSteps = warmupOf(stage, i, steps, defaults);
    const encoder = stage.learningRate ?? defaults.learningRate;
    const head = stage.headLearningRate ?? defaults.headLearningRate ?? encoder;
    const rates = ratesOf(names, encoder, head, stage.layerDecay ?? 1);
    const lrSchedulerType = stage.lrSchedulerType ?? defaults.lrSchedulerType;
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
        warmupSteps,
      },
      parameters,
      trainableParameters: size,
      epochs: stage.epochs,
      steps,
      firstEpoch,
      ...(rates.layers === undefined ? {} : { learningRate: rates.layers }),
      ...(rates.head === undefined ? {} : { headLearningRate: rates.head }),
      lrSchedulerType,
      warmupSteps,
      ...(stage.patience === undefined ? {} : { patience: stage.patience }),
      cost,
      relativeCost: fullEpochs(cost, stage.epochs) / stage.epochs,
      ...(trainsShared ? { trainsShared } : {}),
    };
    firstEpoch += stage.epochs;
    return {
      ...{ stage, trainable: names, cut, learningRates: rates.all, lrSchedulerType, warmupSteps, steps, row },
      prefix: defaults.frozenDropout ? undefined : prefixes[i],
    };
  });
  return new Plan(planned, sizeOf(order, model));
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

function warmupOf(stage: Stage, index: number, steps: number, defaults: PlanDefaults): number {
  const warmup = stage.warmupSteps ?? defaults.warmupSteps;
  const warmupSteps = warmup >= 1 ? Math.trunc(warmup) : Math.ceil(steps * warmup);
  if (warmupSteps <= steps) return warmupSteps;
  throw new ThawError(
    "BAD_STAGE",
    `Stage ${index} has ${warmupSteps} warm-up steps, but only ${steps} steps in all. Take fewer, or a share such as 0.1.`,
  );
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
  throw new ThawError(
    "FROZEN_RANDOM_HEAD",
    `Stage 0 leaves ${listed(frozen)} frozen at random values, since no file gave values for them. ` +
      'Add "head" to what the stage trains: train: ["head", ...], or model.unfreeze("head") where no stages are given. ' +
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
function scheduleInWords({ lrSchedulerType, warmupSteps, patience }: StagePlan): string {
  return [
    lrSchedulerType,
    ...(warmupSteps > 0 ? [`${formatCount(warmupSteps)} ${warmupSteps === 1 ? "step" : "steps"} of warmup`] : []),
    ...(patience === undefined ? [] : [`patience ${patience}`]),
  ].join(", ");
}
