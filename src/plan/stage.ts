/** Stages of training as a person writes them: plain data, so that a plan can be read from JSON and stored. */
import { ThawError } from "../errors.ts";
import { checkSelection, type SelectableModel, type Selection, select } from "../freezing/selection.ts";
import type { HuggingFaceConfig, JsonObject } from "../models/config/config.ts";
import { parseConfig } from "../models/config/parseConfig.ts";
import { families } from "../models/families.ts";
import { type OptionNames, refuseUnknown } from "../options.ts";
import { inspect } from "../platform/inspect.ts";
import { type SchedulerType, schedulerTypes } from "../schedule/schedule.ts";

/** A stage of training: the parameters that train, for how many epochs, and at which learning rates. */
export interface Stage {
  /** Name for tables and figures. Default: a description of the trainable parameters. */
  readonly name?: string;
  /** The parameters that train in this stage; everything else is frozen. */
  readonly train: Selection;
  /** Number of passes over the training data, an integer of at least 1. */
  readonly epochs: number;
  /** Peak learning rate of the encoder layers. Default: the run's `learningRate`. */
  readonly learningRate?: number;
  /**
   * Peak learning rate of the head. Default: the run's `headLearningRate`, else the learning rate of the encoder layers.
   */
  readonly headLearningRate?: number;
  /**
   * Layer-wise decay of the learning rate: each layer below the top one trains at the rate of the layer above times
   * this, the embeddings at the lowest. Default: 1.
   */
  readonly layerDecay?: number;
  /** Schedule of the learning rates, run from its start to its end in each stage. Default: the run's. */
  readonly lrSchedulerType?: SchedulerType;
  /**
   * Number of optimizer steps over which the learning rates rise to their peak; a value below 1 is a fraction of the
   * stage's steps. Default: the run's.
   */
  readonly warmupSteps?: number;
  /**
   * Number of consecutive epochs without improvement on the validation data after which the stage ends. An improvement
   * is a better `metricForBestModel`, or the same with a lower validation loss. Default: the stage runs all of its
   * epochs.
   */
  readonly patience?: number;
}

const settings: OptionNames<Stage> = {
  name: true,
  train: true,
  epochs: true,
  learningRate: true,
  headLearningRate: true,
  layerDecay: true,
  lrSchedulerType: true,
  warmupSteps: true,
  patience: true,
};

/** Names of a stage's settings in other libraries and in Thaw's other options. */
const elsewhere = {
  lr: "learningRate",
  headLr: "headLearningRate",
  numTrainEpochs: "epochs",
  numEpochs: "epochs",
  maxTransitionEpoch: "epochs",
  layerwiseLrDecay: "layerDecay",
  llrd: "layerDecay",
  warmup: "warmupSteps, below 1 a share of the stage's steps",
  warmupRatio: "warmupSteps below 1, a share of the stage's steps: warmupSteps: 0.1",
  numWarmupSteps: "warmupSteps",
  schedule: 'lrSchedulerType: "linear", for example',
  scheduler: 'lrSchedulerType: "linear", for example',
  earlyStoppingPatience: "patience",
  params: 'train, a selection such as { parameters: /LayerNorm/ } or "head"',
  layers: 'train: ["head", { layers: [10, 11] }]',
  lastLayers: 'train: ["head", { lastLayers: 2 }]',
  firstLayers: "train: { firstLayers: 2 }",
  unfreeze: 'train: ["head", { lastLayers: 2 }], what trains; all else is frozen',
  freeze: 'train: ["head", { lastLayers: 2 }], what trains; all else is frozen',
  trainable: 'train: "head"',
} as const;

/**
 * Checks a plan before any model is loaded. With `model` (a loaded model, its `config`, or the parsed `config.json` of
 * one) the layers and names that the stages select are checked as well. Throws `BAD_STAGE` or `BAD_SELECTION`.
 */
export function checkStages(stages: readonly Stage[], model?: SelectableModel | HuggingFaceConfig | JsonObject): void {
  const selectable = model === undefined ? undefined : selectableOf(model);
  if (!Array.isArray(stages) || stages.length === 0) {
    throw new ThawError("BAD_STAGE", 'The plan has no stage: give at least one, such as { train: "head", epochs: 3 }.');
  }
  const checked = new Set<string>();
  Array.from(stages).forEach((stage, index) => {
    checkStage(stage, index);
    const train = keyOf(stage.train);
    if (selectable === undefined || checked.has(train)) return;
    namesOf(stage, index, selectable);
    checked.add(train);
  });
}

/**
 * Returns for each stage the names of the parameters that it trains in this model; stages that select the same share one
 * set. Errors: as `checkStages`.
 */
export function trainableNames(stages: readonly Stage[], model: SelectableModel): ReadonlySet<string>[] {
  checkStages(stages);
  const known = new Map<string, ReadonlySet<string>>();
  return stages.map((stage, index) => {
    const train = keyOf(stage.train);
    const names = known.get(train) ?? namesOf(stage, index, model);
    known.set(train, names);
    return names;
  });
}

function namesOf({ train }: Stage, index: number, { blocks, depth }: SelectableModel): ReadonlySet<string> {
  const names = inStage(index, () => select(train, blocks, depth));
  if (names.size > 0) return names;
  throw new ThawError(
    "BAD_STAGE",
    `Stage ${index} trains nothing: its selection is empty. Give it train: "head", for example.`,
  );
}

/** Returns a key of a selection; selections with the same key select the same parameters. */
const keyOf = (selection: Selection): string => inspect(selection, { depth: null, maxArrayLength: null });

/** Returns the parameter names and blocks of a model, which its config determines: no weight is read. */
function selectableOf(model: SelectableModel | HuggingFaceConfig | JsonObject): SelectableModel {
  if ("blocks" in model && model.blocks instanceof Map) return model as SelectableModel;
  const config = "modelType" in model ? (model as HuggingFaceConfig) : parseConfig(model as JsonObject);
  const family = families.find(({ modelType }) => modelType === config.modelType);
  if (family === undefined) {
    const known = families.map(({ modelType }) => modelType).join(", ");
    throw new ThawError("UNKNOWN_FAMILY", `The model is of type "${config.modelType}". Supported: ${known}.`);
  }
  const blocks = new Map(family.parameters(config).map(({ name, block }) => [name, block]));
  return { blocks, depth: config.numHiddenLayers };
}

/** Checks the settings of a stage that do not depend on the model. */
function checkStage(stage: Stage, index: number): void {
  const refuse = (problem: string): never => {
    const name = typeof stage?.name === "string" ? ` ("${stage.name}")` : "";
    throw new ThawError("BAD_STAGE", `Stage ${index}${name} ${problem}`);
  };
  if (typeof stage !== "object" || stage === null || Array.isArray(stage)) {
    refuse('is not an object such as { train: "head", epochs: 3 }.');
  }
  refuseUnknown(stage, settings, { code: "BAD_STAGE", kind: `setting of stage ${index}`, elsewhere });
  const { name, train, epochs, warmupSteps, patience, lrSchedulerType } = stage;
  if (name !== undefined && (typeof name !== "string" || name.trim() === "")) {
    refuse(`has the name ${inspect(name)}; it must be a text, or be left out.`);
  }
  if (!Number.isSafeInteger(epochs) || epochs < 1) {
    refuse(`has epochs ${inspect(epochs)}; it must be a whole number of 1 or more.`);
  }
  for (const key of ["learningRate", "headLearningRate", "layerDecay", "warmupSteps"] as const) {
    const value = stage[key];
    if (value === undefined) continue;
    if (typeof value !== "number" || !Number.isFinite(Math.fround(value)) || value < 0) {
      refuse(`has ${key} ${inspect(value)}; it must be a number of 0 or more that float32 can hold.`);
    }
  }
  if (stage.layerDecay === 0) refuse("has layerDecay 0, which would train nothing below the top layer; leave it out.");
  if (warmupSteps !== undefined && warmupSteps >= 1 && !Number.isInteger(warmupSteps)) {
    refuse(`has warmupSteps ${warmupSteps}; it must be a whole number of steps, or a share below 1.`);
  }
  if (patience !== undefined && !(Number.isSafeInteger(patience) && patience >= 1)) {
    refuse(`has patience ${inspect(patience)}; it must be a whole number of epochs, 1 or more.`);
  }
  if (lrSchedulerType !== undefined && !schedulerTypes.includes(lrSchedulerType)) {
    refuse(`has lrSchedulerType ${inspect(lrSchedulerType)}; known are ${schedulerTypes.join(", ")}.`);
  }
  if (train === undefined) refuse('does not say what it trains: give it train: "head", for example.');
  if (isEmpty(train)) refuse('trains nothing: its selection is empty. Give it train: "head", for example.');
  inStage(index, () => checkSelection(train));
}

/** Runs a check of a selection; its error says which stage it belongs to. */
function inStage<T>(index: number, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof ThawError)) throw error;
    throw new ThawError(error.code, `Stage ${index}: ${error.message}`);
  }
}

/** Whether a selection selects nothing in any model: no layer, no name, no part. */
function isEmpty(selection: Selection, nesting = 0): boolean {
  if (Array.isArray(selection)) {
    return nesting < 20 && (selection as readonly Selection[]).every((part) => isEmpty(part, nesting + 1));
  }
  if (typeof selection !== "object" || selection === null) return false;
  const [list] = Object.values(selection);
  return Array.isArray(list) && list.length === 0;
}
