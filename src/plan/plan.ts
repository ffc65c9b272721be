/** A plan: what each stage trains, at which rates, for how many steps, from which cut on, and at what predicted cost. */
import { listed } from "../display/listed.ts";
import { ShownAsTable } from "../display/shownAsTable.ts";
import type { Table } from "../display/table.ts";
import { ThawError } from "../errors.ts";
import { describeTrainable } from "../freezing/describe.ts";
import type { Block } from "../freezing/selection.ts";
import type { Cut, SequenceClassifier } from "../models/sequenceClassifier.ts";
import { planTable, type PlannedStage as StageRow } from "../report/planTable.ts";
import type { SchedulerType } from "../schedule/schedule.ts";
import { stageCosts } from "./cost.ts";
import { checkedStage, type Stage } from "./stage.ts";

/** What the plan takes from the run for stages that do not say it themselves. */
export interface PlanDefaults {
  readonly learningRate: number;
  /** Undefined: the learning rate of the encoder. */
  readonly headLearningRate: number | undefined;
  readonly lrSchedulerType: SchedulerType;
  readonly warmupSteps: number;
  readonly allowFrozenRandomHead: boolean;
  /** Optimizer steps of an epoch. */
  readonly stepsPerEpoch: number;
}

/** One stage, with everything decided. */
export interface PlannedStage {
  readonly stage: Stage;
  readonly trainable: ReadonlySet<string>;
  /** The lowest place that trains: everything below is constant in this stage. -1 where the embeddings train. */
  readonly cut: Cut;
  /** Learning rate of each trainable parameter before the schedule's factor. */
  readonly learningRates: ReadonlyMap<string, number>;
  readonly lrSchedulerType: SchedulerType;
  /** In optimizer steps of this stage. */
  readonly warmupSteps: number;
  readonly steps: number;
  /** As it is shown. */
  readonly row: StageRow;
}

/** What each stage trains, at which rates, for how many steps, and at what predicted cost; shown as a table. */
export class Plan extends ShownAsTable {
  readonly stages: readonly PlannedStage[];
  readonly totalParameters: number;

  constructor(stages: readonly PlannedStage[], totalParameters: number) {
    super();
    this.stages = stages;
    this.totalParameters = totalParameters;
  }

  get epochs(): number {
    return this.stages.reduce((sum, { stage }) => sum + stage.epochs, 0);
  }

  /** Optimizer steps. */
  get steps(): number {
    return this.stages.reduce((sum, { steps }) => sum + steps, 0);
  }

  /** Names that train in some stage. */
  get trainable(): ReadonlySet<string> {
    return new Set(this.stages.flatMap(({ trainable }) => [...trainable]));
  }

  /** The same plan with what is predicted for each stage. */
  withForecast(forecasts: readonly Pick<StageRow, "predictedSeconds" | "predictedMemory">[]): Plan {
    const stages = this.stages.map((stage, i) => ({ ...stage, row: { ...stage.row, ...forecasts[i] } }));
    return new Plan(stages, this.totalParameters);
  }

  override toTable(): Table {
    return planTable(
      this.stages.map(({ row }) => row),
      this.totalParameters,
    );
  }
}

/** Checks a plan against the model, before anything runs. Errors: `BAD_STAGE`, `BAD_SELECTION`, `FROZEN_RANDOM_HEAD`. */
export function makePlan(stages: readonly Stage[], model: SequenceClassifier, defaults: PlanDefaults): Plan {
  if (!Array.isArray(stages) || stages.length === 0) {
    throw new ThawError("BAD_STAGE", 'The plan has no stage: give at least one, such as { train: "head", epochs: 3 }.');
  }
  const trainable = stages.map((stage, index) => checkedStage(stage, index, model));
  if (!defaults.allowFrozenRandomHead) refuseFrozenRandom(trainable, model);
  const cuts = trainable.map((names) => cutOf(names, model));
  const costs = stageCosts(
    stages.map(({ epochs }, i) => ({ epochs, trainable: trainable[i] as ReadonlySet<string>, cut: cuts[i] as Cut })),
    model,
  );
  let firstEpoch = 0;
  const planned = stages.map((stage, i) => {
    const names = trainable[i] as ReadonlySet<string>;
    const steps = stage.epochs * defaults.stepsPerEpoch;
    const warmup = stage.warmupSteps ?? defaults.warmupSteps;
    const warmupSteps = warmup >= 1 ? Math.trunc(warmup) : Math.ceil(steps * warmup);
    if (warmupSteps > steps) {
      throw new ThawError(
        "BAD_STAGE",
        `Stage ${i} has ${warmupSteps} warm-up steps, but only ${steps} steps in all. Take fewer, or a share such as 0.1.`,
      );
    }
    const learningRates = ratesOf(stage, names, model, defaults);
    const lrSchedulerType = stage.lrSchedulerType ?? defaults.lrSchedulerType;
    const trains = describeTrainable(names, model.blocks);
    const highest = (accept: (block: Block) => boolean) => {
      const rates = [...learningRates]
        .filter(([name]) => accept(model.blocks.get(name) as Block))
        .map(([, rate]) => rate);
      return rates.length === 0 ? undefined : Math.max(...rates);
    };
    const learningRate = highest((block) => block !== "head");
    const headLearningRate = highest((block) => block === "head");
    const row: StageRow = {
      name: stage.name ?? trains,
      trains,
      epochs: stage.epochs,
      steps,
      trainableParameters: sizeOf(names, model),
      firstEpoch,
      relativeCost: costs[i] as number,
      lrSchedulerType,
      warmupSteps,
      ...(learningRate === undefined ? {} : { learningRate }),
      ...(headLearningRate === undefined ? {} : { headLearningRate }),
      ...([...names].some((name) => model.blocks.get(name) === "shared") ? { trainsShared: true } : {}),
    };
    firstEpoch += stage.epochs;
    return { stage, trainable: names, cut: cuts[i] as Cut, learningRates, lrSchedulerType, warmupSteps, steps, row };
  });
  return new Plan(planned, sizeOf(model.parameters.keys(), model));
}

/** Number of values of these parameters. */
export function sizeOf(names: Iterable<string>, model: SequenceClassifier): number {
  return [...names].reduce((sum, name) => sum + (model.parameters.get(name)?.size ?? 0), 0);
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

function ratesOf(
  { learningRate, headLearningRate, layerDecay = 1 }: Stage,
  trainable: ReadonlySet<string>,
  model: SequenceClassifier,
  defaults: PlanDefaults,
): ReadonlyMap<string, number> {
  const encoder = learningRate ?? defaults.learningRate;
  const head = headLearningRate ?? defaults.headLearningRate ?? encoder;
  const rate = (block: Block) => {
    if (block === "head") return head;
    if (block === "shared") return encoder; // the top layer reads it as well; BEiT's shared positions are treated so
    return encoder * layerDecay ** (block === "embeddings" ? model.depth : model.depth - 1 - block);
  };
  return new Map([...trainable].map((name) => [name, rate(model.blocks.get(name) as Block)]));
}

/** A parameter that no file gave a value for and that no stage trains stays random: the model's answers would be too. */
function refuseFrozenRandom(stages: readonly ReadonlySet<string>[], model: SequenceClassifier): void {
  stages.forEach((trainable, index) => {
    // frozen until a later stage is as bad: the layers would be fitted to a random head
    const trained = new Set(stages.slice(0, index + 1).flatMap((names) => [...names]));
    const frozen = model.newlyInitialized.filter((name) => !trained.has(name));
    if (frozen.length === 0 || trainable.size === 0) return;
    throw new ThawError(
      "FROZEN_RANDOM_HEAD",
      `Stage ${index} leaves ${listed(frozen)} frozen at random values, since no file gave values for them. ` +
        'Add "head" to what the stage trains: train: ["head", ...], or model.unfreeze("head") where no stages are given. ' +
        "Set args.allowFrozenRandomHead if it is meant.",
    );
  });
}
