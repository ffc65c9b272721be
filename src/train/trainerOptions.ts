/** The options of a trainer and of its methods, and their checks. */
import { TextDataset } from "../data/textDataset.ts";
import { ThawError } from "../errors.ts";
import type { ComputeMetrics } from "../evaluate/computeMetrics.ts";
import { checkTopK } from "../evaluate/predictions.ts";
import { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { type OptionNames, refuseUnknown } from "../options.ts";
import type { TrainingArguments } from "../plan/arguments.ts";
import type { Stage } from "../plan/stage.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { TrainerCallback } from "./callbacks.ts";

/** The model, data and settings that a trainer works with. */
export interface TrainerOptions {
  /** The model that is trained, in place. */
  readonly model: SequenceClassifier;
  /** The tokenizer that belongs to the model. */
  readonly tokenizer: Tokenizer;
  /** The examples that the model learns from. */
  readonly trainDataset: TextDataset;
  /** The validation data, evaluated after every epoch to choose the best one. Default: nothing is evaluated. */
  readonly evalDataset?: TextDataset;
  /** The settings of the run. Default: the defaults of `TrainingArguments`. */
  readonly args?: TrainingArguments;
  /** The stages of the run. Default: one stage that trains the parameters with `requiresGrad` when training begins. */
  readonly stages?: readonly Stage[];
  /**
   * Functions that are called with every event of a run, in their order, and can ask for something to be done after the
   * present optimizer step: an evaluation, a checkpoint, the next stage, or the end of the run. Default: none.
   */
  readonly callbacks?: readonly TrainerCallback[];
  /**
   * A function that computes further metrics of an evaluation from its logits and labels, by which the best epoch can be chosen
   * too. It is called once before training with random logits, to see that it works. Default: the metrics of the problem type.
   */
  readonly computeMetrics?: ComputeMetrics;
}

const trainerNames: OptionNames<TrainerOptions> = {
  model: true,
  tokenizer: true,
  trainDataset: true,
  evalDataset: true,
  args: true,
  stages: true,
  callbacks: true,
  computeMetrics: true,
};

/** Options of Hugging Face's Trainer and common misspellings of this trainer's options, with advice. */
const trainerElsewhere = {
  processingClass: "tokenizer",
  featureExtractor: "tokenizer",
  dataset: "trainDataset",
  trainingDataset: "trainDataset",
  validationDataset: "evalDataset",
  validDataset: "evalDataset",
  testDataset: "evaluate(test), after the run",
  arguments: "args",
  plan: "stages",
  dataCollator: "always the trainer's own: leave it out",
  optimizers: "always AdamW: leave it out",
} as const;

/**
 * Throws `BAD_ARGUMENT` for an unknown option, and for a model, tokenizer or data set that is missing or of another
 * type.
 */
export function checkTrainerOptions(options: TrainerOptions): void {
  refuseUnknown(options, trainerNames, { kind: "option of a trainer", elsewhere: trainerElsewhere });
  const { model, tokenizer, trainDataset, evalDataset } = options;
  const check = (name: keyof TrainerOptions, isGood: boolean, what: string) => {
    if (isGood) return;
    const given: unknown = options[name];
    const found = given === undefined ? "missing" : given instanceof Promise ? "a promise" : "something else";
    const advice = given instanceof Promise ? "put await before what made it" : `give ${what}`;
    throw new ThawError("BAD_ARGUMENT", `The trainer's ${name} is ${found}: ${advice}.`);
  };
  const isDataset = (dataset: unknown) => dataset instanceof TextDataset;
  check("model", model instanceof SequenceClassifier, "what AutoModelForSequenceClassification.fromPretrained returns");
  check("tokenizer", typeof tokenizer === "function", "what AutoTokenizer.fromPretrained returns");
  check(
    "trainDataset",
    isDataset(trainDataset),
    "what TextDataset.fromCsv, fromTsv, fromJsonl, fromJson, fromParquet, fromFolder or fromRows returns",
  );
  const { callbacks = [], computeMetrics } = options;
  const isComputable = computeMetrics === undefined || typeof computeMetrics === "function";
  check("computeMetrics", isComputable, "a function, ({ predictions, labelIds }) => ({ mcc: ... })");
  const areFunctions = Array.isArray(callbacks) && callbacks.every((each) => typeof each === "function");
  check("callbacks", areFunctions, "a list of functions, [(event) => ...]");
  check(
    "evalDataset",
    evalDataset === undefined || isDataset(evalDataset),
    "what split or TextDataset.fromCsv returns",
  );
}

/** Options of `train` and `events`. */
export interface TrainOptions {
  /** Aborting it ends the run within one step. In a notebook the Stop button does so too. Default: none. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether the run goes on from a checkpoint: true, from the newest whole one in `outputDir`, or from the beginning if
   * there is none; or the folder of a checkpoint. Default: false.
   */
  readonly resumeFromCheckpoint?: boolean | string | undefined;
}

const trainNames: OptionNames<TrainOptions> = { signal: true, resumeFromCheckpoint: true };
const trainElsewhere = {
  trial: "not there: leave it out",
  ignoreKeysForEval: "not there: leave it out",
  stages: "an option of the trainer: new Trainer({ ..., stages })",
  epochs: "numTrainEpochs, a training argument of the trainer, or the setting epochs of a stage",
  args: "an option of the trainer: new Trainer({ ..., args })",
} as const;

/** Throws `BAD_ARGUMENT` for an option that `train` and `events` do not have. */
export function checkTrainOptions(options: TrainOptions, call: "train" | "events"): void {
  refuseUnknown(options, trainNames, { kind: `option of ${call}`, elsewhere: trainElsewhere });
  const { resumeFromCheckpoint: resume } = options;
  if (resume === undefined || typeof resume === "boolean" || (typeof resume === "string" && resume !== "")) return;
  throw new ThawError(
    "BAD_ARGUMENT",
    `resumeFromCheckpoint is ${JSON.stringify(resume)}; it is true, or the folder of a checkpoint such as "runs/thaw/checkpoint-500".`,
  );
}

/** Options of a call that has none: any given option is refused, not ignored. */
export type NoOptions = Readonly<Record<string, never>>;

const evaluateElsewhere = {
  batchSize: "perDeviceEvalBatchSize, a training argument of the trainer",
  maxLength: "maxLength, a training argument of the trainer",
  metricKeyPrefix: "not there: leave it out",
  ignoreKeys: "not there: leave it out",
} as const;

/** Throws `BAD_ARGUMENT` for any option of `evaluate`. */
export function checkEvaluateOptions(options: NoOptions): void {
  refuseUnknown(options, {}, { kind: "option of evaluate", elsewhere: evaluateElsewhere });
}

/** Options of `predict`. */
export interface PredictOptions {
  /** The second texts of pairs, as many as there are texts. Default: the examples are single texts. */
  readonly textPair?: readonly string[];
  /** Probability above which a label is assigned in multi-label classification, from 0 to 1. Default: 0.5. */
  readonly threshold?: number;
  /** Number of labels whose scores are returned in `scores`, the highest first; null: all. Default: none. */
  readonly topK?: number | null;
}

const predictNames: OptionNames<PredictOptions> = { textPair: true, threshold: true, topK: true };
const predictElsewhere = {
  textPairs: "textPair",
  returnAllScores: "topK: null",
  maxLength: "maxLength, a training argument of the trainer",
  batchSize: "perDeviceEvalBatchSize, a training argument of the trainer",
  functionToApply: "decided by the model's problem type; every prediction has its logits as well",
  device: "not needed: leave it out",
} as const;

/** Throws `BAD_ARGUMENT` for an unknown option of `predict`, and for a threshold or `topK` out of range. */
export function checkPredictOptions(options: PredictOptions): void {
  refuseUnknown(options, predictNames, { kind: "option of predict", elsewhere: predictElsewhere });
  const { threshold, topK } = options;
  if (threshold !== undefined && !(threshold >= 0 && threshold <= 1)) {
    throw new ThawError("BAD_ARGUMENT", `threshold is ${threshold}; it is a probability from 0 to 1.`);
  }
  checkTopK(topK);
}
