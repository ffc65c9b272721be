/** The options of a trainer and of its methods, and their checks. */
import { TextDataset } from "../data/textDataset.ts";
import { ThawError } from "../errors.ts";
import { checkTopK } from "../evaluate/predictions.ts";
import { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { type OptionNames, refuseUnknown } from "../options.ts";
import type { TrainingArguments } from "../plan/arguments.ts";
import type { Stage } from "../plan/stage.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";

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
}

const trainerNames: OptionNames<TrainerOptions> = {
  model: true,
  tokenizer: true,
  trainDataset: true,
  evalDataset: true,
  args: true,
  stages: true,
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
  computeMetrics: "not there yet: what an evaluation gives depends on the problem type, so leave it out",
  callbacks: "not there yet: for await (const event of trainer.events()) sees every step",
  optimizers: "always AdamW: leave it out",
} as const;

/**
 * Throws `BAD_ARGUMENT` for an unknown option, and for a model, tokenizer or data set that is missing or of another
 * type.
 */
export function checkTrainerOptions(options: TrainerOptions): void {
  refuseUnknown(options, trainerNames, { kind: "option of a trainer", elsewhere: trainerElsewhere });
  const { model, tokenizer, trainDataset, evalDataset } = options;
  const check = (name: keyof TrainerOptions, isGood: boolean, source: string) => {
    if (isGood) return;
    const given: unknown = options[name];
    const what = given === undefined ? "missing" : given instanceof Promise ? "a promise" : "something else";
    const advice = given instanceof Promise ? "put await before what made it" : `give what ${source} returns`;
    throw new ThawError("BAD_ARGUMENT", `The trainer's ${name} is ${what}: ${advice}.`);
  };
  const isDataset = (dataset: unknown) => dataset instanceof TextDataset;
  check("model", model instanceof SequenceClassifier, "AutoModelForSequenceClassification.fromPretrained");
  check("tokenizer", typeof tokenizer === "function", "AutoTokenizer.fromPretrained");
  check(
    "trainDataset",
    isDataset(trainDataset),
    "TextDataset.fromCsv, fromTsv, fromJsonl, fromJson, fromParquet or fromRows",
  );
  check("evalDataset", evalDataset === undefined || isDataset(evalDataset), "split or TextDataset.fromCsv");
}

/** Options of `train` and `events`. */
export interface TrainOptions {
  /** Aborting it ends the run within one step. In a notebook the Stop button does so too. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

const trainNames: OptionNames<TrainOptions> = { signal: true };
const trainElsewhere = {
  resumeFromCheckpoint: "not there yet: train() begins anew, from the weights that the model has now, so leave it out",
  trial: "not there: leave it out",
  ignoreKeysForEval: "not there: leave it out",
  stages: "an option of the trainer: new Trainer({ ..., stages })",
  epochs: "numTrainEpochs, a training argument of the trainer, or the setting epochs of a stage",
  args: "an option of the trainer: new Trainer({ ..., args })",
} as const;

/** Throws `BAD_ARGUMENT` for an option that `train` and `events` do not have. */
export function checkTrainOptions(options: TrainOptions, call: "train" | "events"): void {
  refuseUnknown(options, trainNames, { kind: `option of ${call}`, elsewhere: trainElsewhere });
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
