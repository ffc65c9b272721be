/** The settings of a run, named as Hugging Face's `TrainingArguments`. */
import { type SamplingStrategy, samplingStrategies } from "../data/batches.ts";
import { ThawError } from "../errors.ts";
import { bytesOf, type MemorySize, refuseUnknown } from "../options.ts";
import {
  checkSchedulerKwargs,
  hasWarmup,
  type SchedulerKwargs,
  type SchedulerType,
  schedulerTypes,
} from "../schedule/settings.ts";
import { type ClassWeights, checkLossArguments } from "../task/lossArguments.ts";
import { checkPrecision, type Precision, precisions } from "../tensor/precision.ts";

/** The settings of a run, named as Hugging Face's `TrainingArguments`; each has a default. */
export interface TrainingArguments {
  /**
   * Default folder of `saveModel()`, and the folder of the checkpoints and of `history.jsonl` if `saveStrategy` asks for
   * checkpoints. Default: "runs/thaw".
   */
  readonly outputDir?: string;
  /** Passes over the training data of a run without stages. Default: 3. */
  readonly numTrainEpochs?: number;
  /**
   * Number of optimizer steps after which the run ends; it takes the place of `numTrainEpochs`, and shortens the stage of
   * a plan in which it is reached. Default: all epochs.
   */
  readonly maxSteps?: number;
  /** Peak learning rate of the encoder layers. Default: 5e-5. */
  readonly learningRate?: number;
  /** Peak learning rate of the head. Default: that of the encoder layers; the recipes set it. */
  readonly headLearningRate?: number;
  /** Number of examples per micro-batch. Default: 8. */
  readonly perDeviceTrainBatchSize?: number;
  /**
   * Number of micro-batches per optimizer step. Their gradients are accumulated before the weights are updated, in the
   * memory of one micro-batch. The loss is the mean over all their examples, steps and warm-up are counted in optimizer
   * steps, and the remaining micro-batches of an epoch form a step of their own. Default: 1.
   */
  readonly gradientAccumulationSteps?: number;
  /**
   * Order of the training examples in an epoch: "random", "sequential" (the order of the data), or "group_by_length":
   * batches of examples of similar length, in a new order in every epoch. Default: "random".
   */
  readonly trainSamplingStrategy?: SamplingStrategy;
  /**
   * When the validation data is evaluated: "epoch" (after every epoch), "steps" (every `evalSteps` optimizer steps), or
   * "no". Default: "epoch".
   */
  readonly evalStrategy?: "no" | "steps" | "epoch";
  /** Number of optimizer steps between two evaluations with `evalStrategy: "steps"`. Default: `loggingSteps`, or else 500. */
  readonly evalSteps?: number;
  /**
   * Number of optimizer steps between two rows of the log within an epoch; every epoch ends with a row as well. Default:
   * a row per epoch only.
   */
  readonly loggingSteps?: number;
  /**
   * When a checkpoint is saved in `outputDir`: "epoch" (after every epoch), "steps" (every `saveSteps` optimizer steps),
   * "stage" (after every stage), or "no". `train({ resumeFromCheckpoint: true })` goes on from the newest. Default: "no".
   */
  readonly saveStrategy?: "no" | "epoch" | "steps" | "stage";
  /** Number of optimizer steps between two checkpoints with `saveStrategy: "steps"`. Default: 500. */
  readonly saveSteps?: number;
  /**
   * Number of checkpoints that are kept, an integer of at least 1. The oldest are deleted, but never the newest, that of
   * the best evaluation, or the one that the run went on from. Default: all are kept.
   */
  readonly saveTotalLimit?: number;
  /**
   * Whether a run that is stopped saves a checkpoint: by its signal, by the Stop button of a notebook, and outside a notebook by
   * SIGINT or SIGTERM, after which the process ends with exit code 130 or 143. Default: true if `saveStrategy` is not "no".
   */
  readonly saveOnInterrupt?: boolean;
  /**
   * Number of optimizer steps between two links of the run's hash chain (docs/checkpoints.md). Default: a link per epoch and per
   * planned checkpoint.
   */
  readonly hashSteps?: number;
  /** Number of examples per batch in evaluation; it affects only the speed. Default: 64. */
  readonly perDeviceEvalBatchSize?: number;
  /**
   * Factor of AdamW's decoupled weight decay, which applies to all parameters except biases and layer norms. Default:
   * 0.
   */
  readonly weightDecay?: number;
  /** Decay rate of AdamW's first moment. Default: 0.9. */
  readonly adamBeta1?: number;
  /** Decay rate of AdamW's second moment. Default: 0.999. */
  readonly adamBeta2?: number;
  /** Number that AdamW adds to the root of the second moment, for numerical stability. Default: 1e-8. */
  readonly adamEpsilon?: number;
  /** Largest L2 norm of all gradients together, to which they are clipped; 0 = no clipping. Default: 1. */
  readonly maxGradNorm?: number;
  /** Schedule of the learning rates in each stage. Default: "linear". */
  readonly lrSchedulerType?: SchedulerType;
  /** Settings of the schedule, as `{ numCycles: 2 }` for "cosine_with_restarts". Default: the schedule's own defaults. */
  readonly lrSchedulerKwargs?: SchedulerKwargs;
  /**
   * Number of optimizer steps over which the learning rates rise to their peak; a value below 1 is a fraction of each
   * stage's steps. Default: 0.
   */
  readonly warmupSteps?: number;
  /**
   * Share of each label's target that is spread evenly over all labels, in [0, 1), as in transformers: 0.1 trains towards
   * 0.95 and 0.05 of two labels. Only for one label per example. The validation loss is smoothed alike, as in transformers.
   * Default: 0.
   */
  readonly labelSmoothingFactor?: number;
  /**
   * Weights of the labels in the loss, above 0: one for each in their order, or by name; "balanced" takes them from the
   * training data. One label per example: PyTorch's `CrossEntropyLoss(weight=...)`, the mean over the weights of all
   * examples of an optimizer step, whatever its micro-batches; "balanced" is scikit-learn's. Several: `pos_weight` of
   * `BCEWithLogitsLoss`; "balanced" is examples without the label over examples with it. The validation loss is weighed
   * alike; accuracy and the other metrics are not. Regression has none. Default: all weigh the same.
   */
  readonly classWeights?: ClassWeights;
  /** Seed of the data order and of dropout, an integer of at least 0. Default: 42. */
  readonly seed?: number;
  /**
   * Longest example in tokens, special tokens included; longer ones are truncated, with a notice. Default: the longest
   * input of the model, at most 512.
   */
  readonly maxLength?: number;
  /**
   * Whether the weights of the best epoch are restored after training: the best by `metricForBestModel` on the
   * validation data, on ties the one with the lowest validation loss, then the first. A stopped run keeps its current
   * weights. Default: true.
   */
  readonly loadBestModelAtEnd?: boolean;
  /**
   * The evaluation metric by which the best epoch is chosen and the patience of a stage is judged, with or without the
   * prefix "eval": one of the problem type, or one that `computeMetrics` returns. Default: "accuracy"; "microF1" for
   * multi-label classification, "mse" for regression.
   */
  readonly metricForBestModel?: string;
  /**
   * Whether a higher value of `metricForBestModel` is better. Default: false for the loss and for errors, else true; a metric
   * of `computeMetrics` has no default.
   */
  readonly greaterIsBetter?: boolean;
  /**
   * Whether dropout is applied in the frozen layers below the lowest trainable one, as in Hugging Face; these are then
   * computed in every epoch. Default: false, which computes them once and stores their outputs.
   */
  readonly frozenDropout?: boolean;
  /**
   * Memory for the outputs of the frozen layers, in MB or as a string ("4GB"). Outputs that do not fit go into a
   * temporary file, and those that do not fit there either are computed again in every epoch, with a notice. Default:
   * half of the free memory when training begins, or a quarter of `maxMemory` if that is less.
   */
  readonly cacheMemory?: MemorySize;
  /**
   * Disk space for the outputs of the frozen layers, in MB or as a string ("4GB"), in the system's folder for temporary
   * files (TMPDIR); 0 = none. Default: half of the free space when training begins.
   */
  readonly cacheDisk?: MemorySize;
  /**
   * Whether only the input of each layer is kept for the backward pass, which computes the layer again: less memory for
   * about a third more time, and bitwise equal weights. Default: false.
   */
  readonly gradientCheckpointing?: boolean;
  /**
   * Precision of the layers' products. With "bfloat16" the factors have 8 bits of precision, forward and backward, in
   * the frozen layers too, and the values kept for the backward pass take half the memory. Weights, sums, softmax,
   * layer norms, the head and the optimizer stay in float32. Errors: `PRECISION_UNSUPPORTED` if the processor has no
   * instruction for it (AVX512_BF16). Default: "float32".
   */
  readonly precision?: Precision;
  /**
   * Largest resident memory of the process, in MB or as a string ("4GB"). A plan that is predicted to need more is
   * refused (`MAX_MEMORY`) before training, with changes that would fit. Default: no limit.
   */
  readonly maxMemory?: MemorySize;
  /**
   * Whether newly initialised parameters may stay frozen. Default: false: such a plan is refused (`FROZEN_RANDOM_HEAD`).
   */
  readonly allowFrozenRandomHead?: boolean;
  /** Whether `train` shows no progress. Default: false. */
  readonly disableTqdm?: boolean;
}

/** The name of an argument that may be undefined in `ResolvedArguments`. */
export type OptionalArgument =
  | "maxSteps"
  | "headLearningRate"
  | "evalSteps"
  | "loggingSteps"
  | "saveSteps"
  | "saveTotalLimit"
  | "saveOnInterrupt"
  | "hashSteps"
  | "maxLength"
  | "cacheMemory"
  | "cacheDisk"
  | "maxMemory"
  | "metricForBestModel"
  | "greaterIsBetter"
  | "lrSchedulerKwargs"
  | "classWeights";

/** Training arguments with their defaults filled in. */
export type ResolvedArguments = Required<Omit<TrainingArguments, OptionalArgument>> & {
  readonly [key in OptionalArgument]: TrainingArguments[key] | undefined;
};

/** The arguments without a default of their own. */
const unset: Readonly<Record<OptionalArgument, undefined>> = {
  maxSteps: undefined,
  headLearningRate: undefined,
  evalSteps: undefined,
  loggingSteps: undefined,
  saveSteps: undefined,
  saveTotalLimit: undefined,
  saveOnInterrupt: undefined,
  hashSteps: undefined,
  maxLength: undefined,
  cacheMemory: undefined,
  cacheDisk: undefined,
  maxMemory: undefined,
  metricForBestModel: undefined,
  greaterIsBetter: undefined,
  lrSchedulerKwargs: undefined,
  classWeights: undefined,
};

const defaults = {
  outputDir: "runs/thaw",
  numTrainEpochs: 3,
  learningRate: 5e-5,
  perDeviceTrainBatchSize: 8,
  gradientAccumulationSteps: 1,
  trainSamplingStrategy: "random",
  evalStrategy: "epoch",
  saveStrategy: "no",
  perDeviceEvalBatchSize: 64,
  weightDecay: 0,
  adamBeta1: 0.9,
  adamBeta2: 0.999,
  adamEpsilon: 1e-8,
  maxGradNorm: 1,
  lrSchedulerType: "linear",
  warmupSteps: 0,
  labelSmoothingFactor: 0,
  seed: 42,
  loadBestModelAtEnd: true,
  frozenDropout: false,
  gradientCheckpointing: false,
  precision: "float32",
  allowFrozenRandomHead: false,
  disableTqdm: false,
} as const;

/** Arguments of Hugging Face's Trainer, versions 4 and 5, that have another name here. */
const huggingFaceArguments = {
  bf16: 'precision: "bfloat16"',
  bf16FullEval: 'precision: "bfloat16"',
  earlyStoppingPatience: 'patience, a setting of a stage: stages: [{ train: "all", epochs: 10, patience: 2 }]',
  groupByLength: 'trainSamplingStrategy: "group_by_length"',
  warmupRatio: "warmupSteps below 1, a share of the steps: warmupSteps: 0.1",
  numEpochs: "numTrainEpochs",
  epochs: "numTrainEpochs, or the setting epochs of a stage",
  lr: "learningRate",
  batchSize: "perDeviceTrainBatchSize",
  perGpuTrainBatchSize: "perDeviceTrainBatchSize",
  perGpuEvalBatchSize: "perDeviceEvalBatchSize",
  maxSeqLength: "maxLength",
  dataSeed: "seed, for the order of the data and for dropout",
  disableProgressBar: "disableTqdm",
  resumeFromCheckpoint: "an option of train: trainer.train({ resumeFromCheckpoint: true })",
  evaluationStrategy: "evalStrategy",
  loggingStrategy: "loggingSteps, the number of steps between two rows of the log",
  reportTo: "not there: run.history has the log as plain data, so leave it out",
  fp16: 'precision: "bfloat16", where the processor has it',
  labelSmoothing: "labelSmoothingFactor",
  classWeight: "classWeights",
  posWeight: "classWeights",
  useCpu: "always so: leave it out",
  noCuda: "always so: leave it out",
  patience: 'a setting of a stage: stages: [{ train: "all", epochs: 10, patience: 2 }]',
  layerDecay: 'a setting of a stage: stages: [{ train: "all", epochs: 3, layerDecay: 0.9 }]',
  optim: "always AdamW, as adamw_torch in Python: leave it out",
  overwriteOutputDir: "always so for the files of a model, and other files stay: leave it out",
} as const;

const sizes = ["cacheMemory", "cacheDisk", "maxMemory"] as const;
const wholeFromOne = [
  "numTrainEpochs",
  "perDeviceTrainBatchSize",
  "gradientAccumulationSteps",
  "perDeviceEvalBatchSize",
] as const;
/** Numbers of steps or checkpoints without a default of their own. */
const optionalCounts = ["maxSteps", "evalSteps", "loggingSteps", "saveSteps", "saveTotalLimit", "hashSteps"] as const;
const choices = {
  evalStrategy: ["no", "steps", "epoch"],
  saveStrategy: ["no", "epoch", "steps", "stage"],
} as const;
const fromZero = [
  "learningRate",
  "headLearningRate",
  "weightDecay",
  "adamBeta1",
  "adamBeta2",
  "adamEpsilon",
  "maxGradNorm",
  "warmupSteps",
] as const;
const switches = [
  "loadBestModelAtEnd",
  "frozenDropout",
  "gradientCheckpointing",
  "allowFrozenRandomHead",
  "disableTqdm",
] as const;

/**
 * Fills in the defaults. Throws `BAD_ARGUMENT` on an unknown name or an impossible value, and `PRECISION_UNSUPPORTED` on a
 * precision that this machine lacks.
 */
export function resolveArguments(args: TrainingArguments = {}): ResolvedArguments {
  const refuse = (message: string): never => {
    throw new ThawError("BAD_ARGUMENT", message);
  };
  refuseUnknown(args, { ...defaults, ...unset }, { kind: "training argument", elsewhere: huggingFaceArguments });
  const given = Object.fromEntries(
    Object.entries(args).filter(([, value]) => value !== undefined),
  ) as TrainingArguments;
  const resolved = { ...defaults, ...unset, ...given };
  for (const key of wholeFromOne) {
    const value = resolved[key];
    if (!Number.isInteger(value) || value < 1) refuse(`${key} is ${value}; it must be a whole number of 1 or more.`);
  }
  for (const key of optionalCounts) {
    const value = resolved[key];
    if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) continue;
    refuse(`${key} is ${value}; it must be a whole number of 1 or more, or be left out.`);
  }
  for (const [key, known] of Object.entries(choices)) {
    const value: unknown = resolved[key as keyof typeof choices];
    if ((known as readonly unknown[]).includes(value)) continue;
    refuse(`${key} is ${JSON.stringify(value)}; known are ${known.map((each) => `"${each}"`).join(", ")}.`);
  }
  for (const key of fromZero) {
    const value = resolved[key];
    if (key === "headLearningRate" && value === undefined) continue;
    if (!Number.isFinite(value) || (value as number) < 0)
      refuse(`${key} is ${value}; it must be a number of 0 or more.`);
  }
  for (const key of ["adamBeta1", "adamBeta2"] as const) {
    if (resolved[key] >= 1) refuse(`${key} is ${resolved[key]}; it must be below 1.`);
  }
  if (resolved.adamEpsilon === 0) refuse("adamEpsilon is 0; it must be above 0, such as 1e-8.");
  for (const key of switches) {
    const value: unknown = resolved[key];
    if (typeof value !== "boolean") refuse(`${key} is ${JSON.stringify(value)}; it must be true or false.`);
  }
  if (resolved.saveOnInterrupt !== undefined && typeof resolved.saveOnInterrupt !== "boolean") {
    refuse(`saveOnInterrupt is ${JSON.stringify(resolved.saveOnInterrupt)}; it must be true or false.`);
  }
  if (resolved.evalSteps !== undefined && resolved.evalStrategy !== "steps") {
    refuse('evalSteps is given, but evalStrategy is not "steps": add evalStrategy: "steps", or leave evalSteps out.');
  }
  if (resolved.saveSteps !== undefined && resolved.saveStrategy !== "steps") {
    refuse('saveSteps is given, but saveStrategy is not "steps": add saveStrategy: "steps", or leave saveSteps out.');
  }
  if (resolved.warmupSteps >= 1 && !Number.isInteger(resolved.warmupSteps)) {
    refuse(`warmupSteps is ${resolved.warmupSteps}; it must be a whole number of steps, or a share below 1.`);
  }
  if (typeof resolved.outputDir !== "string" || resolved.outputDir.trim() === "") {
    refuse(`outputDir is ${JSON.stringify(resolved.outputDir)}; it must name a folder, such as "runs/reviews".`);
  }
  const { metricForBestModel: metric, greaterIsBetter } = resolved;
  if (metric !== undefined && typeof metric !== "string") {
    refuse(`metricForBestModel is ${JSON.stringify(metric)}; it must be a name such as "accuracy".`);
  }
  if (greaterIsBetter !== undefined && typeof greaterIsBetter !== "boolean") {
    refuse(`greaterIsBetter is ${JSON.stringify(greaterIsBetter)}; it must be true or false.`);
  }
  for (const key of sizes) {
    const value = resolved[key];
    if (value !== undefined && bytesOf(value) === undefined) {
      refuse(`${key} is ${JSON.stringify(value)}; it must be a number of MB, or text such as "500MB" or "4GB".`);
    }
  }
  if (!Number.isSafeInteger(resolved.seed) || resolved.seed < 0) {
    refuse(`seed is ${resolved.seed}; it must be a whole number of 0 or more.`);
  }
  if (resolved.maxLength !== undefined && !(Number.isInteger(resolved.maxLength) && resolved.maxLength >= 3)) {
    refuse(`maxLength is ${resolved.maxLength}; it must be a whole number of 3 or more, special tokens included.`);
  }
  if (!schedulerTypes.includes(resolved.lrSchedulerType)) {
    refuse(`lrSchedulerType is "${resolved.lrSchedulerType}"; known are ${schedulerTypes.join(", ")}.`);
  }
  if (!hasWarmup(resolved.lrSchedulerType) && resolved.lrSchedulerType !== "constant" && resolved.warmupSteps > 0) {
    refuse(
      `warmupSteps is ${resolved.warmupSteps}, but the schedule "${resolved.lrSchedulerType}" has no warm-up: leave it out.`,
    );
  }
  checkSchedulerKwargs(resolved.lrSchedulerKwargs, resolved.lrSchedulerType, {
    code: "BAD_ARGUMENT",
    refuse: (key, found, wanted) => refuse(`${key} is ${found}; it must be ${wanted}.`),
  });
  if (!samplingStrategies.includes(resolved.trainSamplingStrategy)) {
    refuse(`trainSamplingStrategy is "${resolved.trainSamplingStrategy}"; known are ${samplingStrategies.join(", ")}.`);
  }
  if (!precisions.includes(resolved.precision)) {
    refuse(`precision is ${JSON.stringify(resolved.precision)}; known are ${precisions.join(", ")}.`);
  }
  checkPrecision(resolved.precision);
  checkLossArguments(resolved);
  return resolved;
}
