/** A stage of training as a person writes it: plain data, so that a plan can be read from JSON and stored. */
import { ThawError } from "../errors.ts";
import type { BlockMap } from "../freezing/selection.ts";
import { type Selection, select } from "../freezing/selection.ts";
import { type SchedulerType, schedulerTypes } from "../schedule/schedule.ts";

/** A stage of training as it is written: what trains, for how long, at which rates. */
export interface Stage {
  /** For tables and figures. Default: what trains, in words. */
  readonly name?: string;
  /** What trains in this stage; everything else is frozen. */
  readonly train: Selection;
  readonly epochs: number;
  /** Of the encoder. Default: the run's `learningRate`. */
  readonly learningRate?: number;
  /** Of the head. Default: the run's `headLearningRate`, else the learning rate of the encoder. */
  readonly headLearningRate?: number;
  /** Each layer below the top one trains at the rate of the layer above times this, the embeddings last. Default: 1. */
  readonly layerDecay?: number;
  /** Default: the run's. Each stage runs its schedule from the start to the end. */
  readonly lrSchedulerType?: SchedulerType;
  /** Optimizer steps of this stage; below 1 a share of them. Default: the run's. */
  readonly warmupSteps?: number;
  /** Epochs without a better validation (by `metricForBestModel`) after which the stage ends early. Default: never. */
  readonly patience?: number;
}

const keys = [
  "name",
  "train",
  "epochs",
  "learningRate",
  "headLearningRate",
  "layerDecay",
  "lrSchedulerType",
  "warmupSteps",
  "patience",
];

/** The part of a model that selections are made in. */
interface SelectableModel {
  readonly blocks: BlockMap;
  /** Number of encoder layers. */
  readonly depth: number;
}

/** What a stage of this index means for the model: the names it trains. Throws `BAD_STAGE` or `BAD_SELECTION`. */
export function checkedStage(stage: Stage, index: number, model: SelectableModel): ReadonlySet<string> {
  const refuse = (problem: string): never => {
    const name = stage?.name === undefined ? "" : ` ("${stage.name}")`;
    throw new ThawError("BAD_STAGE", `Stage ${index}${name} ${problem}`);
  };
  if (typeof stage !== "object" || stage === null) refuse('is not an object such as { train: "head", epochs: 3 }.');
  const unknown = Object.keys(stage).find((key) => !keys.includes(key));
  if (unknown !== undefined) refuse(`has the unknown setting "${unknown}"; known are ${keys.join(", ")}.`);
  const check = (key: "learningRate" | "headLearningRate" | "layerDecay" | "warmupSteps", least: number) => {
    const value = stage[key];
    if (value !== undefined && !(Number.isFinite(value) && value >= least)) {
      refuse(`has ${key} ${value}; it must be a number of ${least} or more.`);
    }
  };
  if (!Number.isInteger(stage.epochs) || stage.epochs < 1) {
    refuse(`has epochs ${stage.epochs}; it must be a whole number of 1 or more.`);
  }
  check("learningRate", 0);
  check("headLearningRate", 0);
  check("layerDecay", 0);
  check("warmupSteps", 0);
  if (stage.patience !== undefined && !(Number.isInteger(stage.patience) && stage.patience >= 1)) {
    refuse(`has patience ${stage.patience}; it must be a whole number of epochs, 1 or more.`);
  }
  if (stage.lrSchedulerType !== undefined && !schedulerTypes.includes(stage.lrSchedulerType)) {
    refuse(`has lrSchedulerType "${stage.lrSchedulerType}"; known are ${schedulerTypes.join(", ")}.`);
  }
  if (stage.train === undefined) refuse('does not say what it trains: give it train: "head", for example.');
  const names = select(stage.train, model.blocks, model.depth);
  if (names.size === 0) refuse('trains nothing: its selection is empty. Give it train: "head", for example.');
  return names;
}
