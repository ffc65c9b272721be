/** Checks stages before a model is loaded, and against a model: every setting, and what they select. */
import { ThawError } from "../errors.ts";
import { checkSelection, type SelectableModel, type Selection, select } from "../freezing/selection.ts";
import type { DropoutRates, HuggingFaceConfig, JsonObject } from "../models/config/config.ts";
import { parseConfig } from "../models/config/parseConfig.ts";
import { families } from "../models/families.ts";
import { type OptionNames, refuseUnknown } from "../options.ts";
import { inspect } from "../platform/inspect.ts";
import {
  checkSchedulerKwargs,
  type SchedulerKwargs,
  type SchedulerType,
  schedulerTypes,
} from "../schedule/settings.ts";
import { scheduleStarts } from "../schedule/stageSchedule.ts";
import type { Stage } from "./stage.ts";

const settings: OptionNames<Stage> = {
  name: true,
  train: true,
  epochs: true,
  learningRate: true,
  headLearningRate: true,
  layerDecay: true,
  lrSchedulerType: true,
  lrSchedulerKwargs: true,
  scheduleStart: true,
  warmupSteps: true,
  patience: true,
  minDelta: true,
  restoreBest: true,
  moments: true,
  dropout: true,
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
  earlyStoppingThreshold: "minDelta, beside patience",
  loadBestModelAtEnd: "restoreBest, for the best epoch of this stage; args.loadBestModelAtEnd is for that of the run",
  resetOptimizer: 'moments: "reset"',
  hiddenDropoutProb: "dropout: { hidden: 0.1 }",
  attentionProbsDropoutProb: "dropout: { attention: 0.1 }",
  classifierDropout: "dropout: { classifier: 0.1 }",
  params: 'train, a selection such as { parameters: /LayerNorm/ } or "head"',
  layers: 'train: ["head", { layers: [10, 11] }]',
  lastLayers: 'train: ["head", { lastLayers: 2 }]',
  firstLayers: "train: { firstLayers: 2 }",
  freezeRatio: 'train: ["head", { freezeRatio: 0.5 }]',
  everyNth: 'train: ["head", { everyNth: 2 }]',
  bitfit: 'train: ["head", "biases"]',
  unfreeze: 'train: ["head", { lastLayers: 2 }], what trains; all else is frozen',
  freeze: 'train: ["head", { lastLayers: 2 }], what trains; all else is frozen',
  trainable: 'train: "head"',
} as const;

const dropoutNames: OptionNames<DropoutRates> = { hidden: true, attention: true, classifier: true };
const dropoutElsewhere = {
  hiddenDropoutProb: "hidden",
  attentionProbsDropoutProb: "attention",
  attentionDropout: "attention",
  classifierDropout: "classifier",
  head: "classifier",
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
  const refuse: Refuse = (problem) => {
    throw new ThawError("BAD_STAGE", `${stageInWords(stage, index)} ${problem}`);
  };
  if (typeof stage !== "object" || stage === null || Array.isArray(stage)) {
    refuse('is not an object such as { train: "head", epochs: 3 }.');
  }
  refuseUnknown(stage, settings, { code: "BAD_STAGE", kind: `setting of stage ${index}`, elsewhere });
  const { name, train, epochs, warmupSteps, patience, lrSchedulerType, lrSchedulerKwargs, scheduleStart } = stage;
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
  if (lrSchedulerType !== undefined && lrSchedulerKwargs !== undefined) {
    checkStageKwargs(stage, index, lrSchedulerType, lrSchedulerKwargs);
  }
  if (scheduleStart !== undefined && !scheduleStarts.includes(scheduleStart)) {
    refuse(`has scheduleStart ${inspect(scheduleStart)}; known are ${scheduleStarts.join(", ")}.`);
  }
  if (index === 0 && scheduleStart !== undefined && scheduleStart !== "restart") {
    refuse(
      `has scheduleStart "${scheduleStart}", but no stage is before it: leave it out, or write it in a later stage.`,
    );
  }
  checkBestSettings(stage, refuse);
  checkDropout(stage.dropout, refuse);
  if (train === undefined) refuse('does not say what it trains: give it train: "head", for example.');
  if (isEmpty(train)) refuse('trains nothing: its selection is empty. Give it train: "head", for example.');
  inStage(index, () => checkSelection(train));
}

type Refuse = (problem: string) => never;

/** Begins the message of an error about a stage: `Stage 1 ("layers")`. */
function stageInWords(stage: Stage, index: number): string {
  return `Stage ${index}${typeof stage?.name === "string" ? ` ("${stage.name}")` : ""}`;
}

/** Checks the settings of a stage's schedule; throws `BAD_STAGE`. */
export function checkStageKwargs(
  stage: Stage,
  index: number,
  type: SchedulerType,
  kwargs: SchedulerKwargs | undefined,
): void {
  checkSchedulerKwargs(kwargs, type, {
    code: "BAD_STAGE",
    refuse: (key, found, wanted) => {
      throw new ThawError("BAD_STAGE", `${stageInWords(stage, index)} has ${key} ${found}; it must be ${wanted}.`);
    },
  });
}

/** Checks the settings about the best epoch and about the optimizer's moments. */
function checkBestSettings({ patience, minDelta, restoreBest, moments }: Stage, refuse: Refuse): void {
  if (minDelta !== undefined && !(typeof minDelta === "number" && Number.isFinite(minDelta) && minDelta >= 0)) {
    refuse(`has minDelta ${inspect(minDelta)}; it must be a number of 0 or more.`);
  }
  if (minDelta !== undefined && patience === undefined) {
    refuse("has minDelta without patience, which it belongs to: add patience: 2, for example, or leave it out.");
  }
  if (restoreBest !== undefined && typeof restoreBest !== "boolean") {
    refuse(`has restoreBest ${inspect(restoreBest)}; it must be true or false.`);
  }
  if (moments !== undefined && moments !== "keep" && moments !== "reset") {
    refuse(`has moments ${inspect(moments)}; known are keep, reset.`);
  }
}

/** Checks dropout rates; throws through `refuse`. */
function checkDropout(dropout: Stage["dropout"], refuse: Refuse): void {
  if (dropout === undefined) return;
  const isRates = typeof dropout === "object" && dropout !== null && !Array.isArray(dropout);
  if (isRates)
    refuseUnknown(dropout, dropoutNames, { code: "BAD_STAGE", kind: "dropout rate", elsewhere: dropoutElsewhere });
  for (const [key, rate] of isRates ? Object.entries(dropout) : [["", dropout]]) {
    if (rate === undefined || (typeof rate === "number" && rate >= 0 && rate < 1)) continue;
    refuse(`has dropout${key && `.${key}`} ${inspect(rate)}; it must be a number from 0 to below 1.`);
  }
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
