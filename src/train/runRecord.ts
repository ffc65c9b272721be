/**
 * The record of a run as plain JSON data: its starting point, its plan, its course and its result. Only `RunRecorder`
 * makes it; the run itself, its report and figure, saved folders and comparisons all read it.
 */
import type { TextDataset } from "../data/textDataset.ts";
import type { EncodedDataset } from "../evaluate/encodedDataset.ts";
import type { ResolvedArguments } from "../plan/arguments.ts";
import type { StagePlan } from "../plan/plan.ts";
import type { Metrics, ModelMetric } from "../task/metrics.ts";
import type { ProblemType } from "../task/task.ts";
import type { Alarm } from "./alarms.ts";
import type { Versions } from "./sessionInfo.ts";
import type { StageEvidence } from "./stageEvidence.ts";

/** Version of the format; it is raised when a field of the record changes its meaning. */
export const recordVersion = 1;

/**
 * Everything about a run that tables, figures and saved folders show, as plain data that JSON represents completely.
 */
export interface RunRecord {
  /** Version of the format. */
  readonly version: typeof recordVersion;
  /** Whether the run finished, or else where and why it ended. */
  readonly status: RunStatus;
  /** The model that was trained, and the weights it began from. */
  readonly model: ModelRecord;
  /** The data sets, without their texts. */
  readonly data: {
    /** The training data. */
    readonly train: DataRecord;
    /** The validation data; absent if there was none. */
    readonly evaluation?: DataRecord;
  };
  /**
   * The training arguments that were used, by their camelCase names, with defaults filled in. An argument that the
   * stages set has their common value, and is absent if they differ. There are no paths of the machine.
   */
  readonly args: Readonly<Record<string, ArgumentValue>>;
  /** The stages in order, each with its plan and outcome. */
  readonly stages: readonly StageRecord[];
  /** One row per epoch, in the order in which they ended. */
  readonly history: readonly HistoryRow[];
  /** The metric by which the best epoch was chosen and patience was judged. */
  readonly metric: ModelMetric;
  /** The best epoch; absent if none was evaluated. `weights` says whether the model has its weights. */
  readonly best?: BestRecord;
  /** Hashes of the weights at the start and the end of the run, and the step after which the model had the latter. */
  readonly weights: WeightsRecord;
  /** Hashes that prove that frozen weights did not change. */
  readonly evidence: Evidence;
  /** Number of values in all parameters of the model. */
  readonly totalParameters: number;
  /** Number of values in the parameters that trained at any time in the run. */
  readonly trainableParameters: number;
  /** Wall time of the whole run in seconds. */
  readonly seconds: number;
  /** The software versions and hardware that the numbers depend on besides data and plan. */
  readonly versions: Versions;
  /** The links of the run's hash chain; absent in records of earlier versions and before the first link. */
  readonly hashChain?: readonly ChainLink[];
  /** The optimizer steps after which the run went on from a checkpoint; absent if it never did. */
  readonly resumedAt?: readonly number[];
  /** Notices: sentences about the run that a reader of its numbers should know. */
  readonly notices: readonly string[];
  /** The alarms of the run in the order in which they arose; absent in records of versions without alarms. */
  readonly alarms?: readonly Alarm[];
  /** Metrics on test data, if they have been set (`run.test = await trainer.evaluate(test)`). */
  readonly test?: Metrics;
}

/**
 * A link of the hash chain: one SHA-256 over the weights and moments that train, the counters of the run, the training examples
 * seen since the previous link, and the previous link. Two runs with equal last links did the same.
 */
export interface ChainLink {
  /** Number of optimizer steps after which the link was made. */
  readonly step: number;
  /** SHA-256 in hexadecimal. */
  readonly sha256: string;
}

/** The status of a run: finished, or where and why it ended or stands. */
export type RunStatus = { readonly state: "finished" } | InterruptedStatus;

/** The status of a run that was stopped, failed, or is still running. */
export interface InterruptedStatus {
  /** Whether the run was stopped, failed, or is still running. */
  readonly state: "stopped" | "failed" | "running";
  /** Index of the stage in the plan; -1 before the first. */
  readonly stage: number;
  /** The activity during which the run ended or stands. */
  readonly during: "preparation" | "frozen layers" | "training" | "evaluation";
  /** Optimizer steps taken, over the whole run. */
  readonly step: number;
  /** Epochs done, over the whole run; a fraction within an epoch. */
  readonly epoch: number;
  /** The reason in words: the message of the error, or who stopped it. */
  readonly reason?: string;
  /** The stable code of the error of a run that failed; absent where it has none. */
  readonly code?: string;
}

/** The model that was trained, and the weights it began from. */
export interface ModelRecord {
  /**
   * The id or folder given to `fromPretrained`, an absolute path shortened to its last part; null for a model that was
   * not loaded.
   */
  readonly name: string | null;
  /** Hugging Face's `model_type`: `"bert"`. */
  readonly family: string;
  /** The problem type of the model. */
  readonly problemType: ProblemType;
  /** Names of the labels, or of the outputs of a regression, in order. */
  readonly labels: readonly string[];
  /**
   * SHA-256 of the weights that the model was loaded with, without newly initialised ones; null if they were changed by
   * hand before the first run. `WeightsRecord` describes the hash.
   */
  readonly baseSha256: string | null;
  /** Names of the parameters that were random when the run began. */
  readonly newlyInitialized: readonly string[];
  /**
   * The weights that the run began from: "pretrained" with a random head; "trained", with a head from the checkpoint or
   * from earlier runs; or "edited" by hand after loading.
   */
  readonly start: "pretrained" | "trained" | "edited";
  /** Optimizer steps that earlier runs had taken with this model since it was loaded. */
  readonly earlierSteps: number;
}

/** A data set as the record keeps it, without its texts. */
export interface DataRecord {
  /** Name of the data set, such as that of its file. */
  readonly name: string;
  /** Number of examples. */
  readonly rows: number;
  /** Whether the examples are pairs of texts. */
  readonly isPairs: boolean;
  /** The problem type that the labels are for. */
  readonly problemType: ProblemType;
  /** Names of the labels, or of the outputs of a regression, in order. */
  readonly labels: readonly string[];
  /** Number of examples of each label, by its name; empty for a regression. */
  readonly labelCounts: Readonly<Record<string, number>>;
  /** Number of tokens of all examples, after truncation. */
  readonly tokens: number;
  /** Number of examples that were truncated to `maxLength` tokens. */
  readonly cut: number;
  /** `TextDataset.sha256`: the SHA-256 over label names, labels and texts in order. */
  readonly sha256: string;
}

/**
 * Hashes of the model's weights. A hash is the SHA-256, in hexadecimal, of lines `<hash>  <name>`, one per parameter in
 * the order of the state dict, where `<hash>` is the SHA-256 of the parameter's float32 bytes; the lines have the
 * format of `sha256sum`.
 */
export interface WeightsRecord {
  /** Hash of all weights when the run began, newly initialised parameters included. */
  readonly start: string;
  /** Hash of all weights when the run ended; null if the weights could no longer be read. */
  readonly end: string | null;
  /** Number of optimizer steps of the run after which the model had its final weights. */
  readonly step: number;
  /** Number of epochs of the run after which the model had its final weights; a fraction within an epoch. */
  readonly epoch: number;
}

/** One stage: its plan and its outcome. */
export interface StageRecord {
  /** The plan of the stage. */
  readonly plan: StagePlan;
  /** The outcome of the stage; absent for a stage that never began. */
  readonly outcome?: StageOutcome;
}

/** The outcome of a stage. */
export interface StageOutcome {
  /** Why the stage ended; "running" in the record of a run that is still running. */
  readonly ended: "all epochs" | "patience" | "callback" | "stopped" | "failed" | "running";
  /** Number of completed epochs. */
  readonly epochs: number;
  /** Number of optimizer steps taken. */
  readonly steps: number;
  /** Number of the stage's first epoch in the run, from 1. */
  readonly firstEpoch: number;
  /** Predicted work of the steps taken, in epochs of full fine-tuning. */
  readonly fullEpochs: number;
  /** Wall time in seconds, the pass through the frozen layers and evaluations included. */
  readonly seconds: number;
  /** Wall time of the pass through the frozen layers, in seconds; 0 if there was none. */
  readonly prefixSeconds: number;
  /** Largest resident memory of the process during the stage, in bytes; absent if the process had held more before. */
  readonly peakMemory?: number;
  /** Hashes of what was frozen, and what the optimizer held; absent for a stage that did not reach its end. */
  readonly evidence?: StageEvidence;
  /** The best epoch of the stage; absent if none was evaluated. */
  readonly best?: BestRecord;
}

/** One row of the log, with the metrics of an evaluation. Steps are optimizer steps counted over the whole run. */
export interface HistoryRow extends Metrics {
  /** Optimizer steps taken at this row, over the whole run. */
  readonly step: number;
  /** Epochs done at this row, over the whole run; a fraction within an epoch. */
  readonly epoch: number;
  /** Index of the stage in the plan. */
  readonly stage: number;
  /** Mean training loss since the last row that has one. */
  readonly loss?: number;
  /** Learning rate of the encoder layers at the last step of the epoch; absent if they are frozen. */
  readonly learningRate?: number;
  /** Learning rate of the head at the last step of the epoch; absent if it is frozen. */
  readonly headLearningRate?: number;
  /** L2 norm of all gradients before clipping, at the last step of the epoch. */
  readonly gradNorm?: number;
  /** Wall time of the training steps of the epoch that ends here, in seconds, without the evaluation. */
  readonly epochSeconds?: number;
  /** Wall time of the evaluation, in seconds. */
  readonly evalSeconds?: number;
}

/** The evidence that frozen weights did not change: hashes of the parameters that stayed frozen during the whole run. */
export interface Evidence {
  /** Number of values in the parameters that stayed frozen. */
  readonly frozenParameters: number;
  /** Number of the parameters that stayed frozen. */
  readonly frozenTensors: number;
  /** SHA-256 of these parameters before the run, computed as in `WeightsRecord`. */
  readonly before: string;
  /**
   * SHA-256 of these parameters after the run; null in the record within a checkpoint, for which they are not hashed, and if
   * the weights could no longer be read.
   */
  readonly after: string | null;
  /** Frozen tensors whose bytes differ: always empty, or the run would have failed. */
  readonly changed: readonly string[];
  /** Bytes of optimizer state held for frozen tensors: always 0. */
  readonly optimizerBytesForFrozen: number;
}

/**
 * A best epoch (counted from 1): its last step, its value of the metric by which it was chosen, and its validation
 * loss.
 */
export type BestRecord = { readonly epoch: number; readonly step: number } & Metrics;

/** Returns the fields of the best row of the log that are kept in a `BestRecord`. */
export const bestOfRow = ({ epoch, step, ...row }: HistoryRow, { key }: ModelMetric): BestRecord => {
  const { evalLoss } = row;
  const value = row[key];
  return {
    epoch,
    step,
    ...(evalLoss === undefined ? {} : { evalLoss }),
    ...(value === undefined ? {} : { [key]: value }),
  };
};

/** Returns the facts about a data set that the record of a run keeps. */
export function dataRecord(dataset: TextDataset, { texts, cut }: EncodedDataset): DataRecord {
  const { name, length, textPairs, problemType, labelNames, sha256 } = dataset;
  return {
    name,
    rows: length,
    isPairs: textPairs !== undefined,
    problemType,
    labels: labelNames,
    labelCounts: dataset.labelCounts(),
    tokens: texts.reduce((sum, { inputIds }) => sum + inputIds.length, 0),
    cut,
    sha256,
  };
}

/** The value of a training argument as plain data. */
export type ArgumentValue =
  | string
  | number
  | boolean
  | readonly number[]
  | Readonly<Record<string, string | number | boolean>>;

/** The values that a run used for settings without a default. */
interface UsedSettings {
  readonly metric: ModelMetric;
  /** Longest example in tokens. */
  readonly maxLength: number;
  /** Memory for the outputs of the frozen layers, in bytes. */
  readonly cacheMemory: number;
  /** Disk space for the outputs of the frozen layers, in bytes. */
  readonly cacheDisk: number;
}

/**
 * Returns the arguments of a run as plain data; with the resolved stages they train the same weights in another
 * trainer. An argument that the stages set has their common value, and is absent if they differ. Output paths and the
 * display of progress are left out.
 */
export function usedArguments(
  args: ResolvedArguments,
  stages: readonly StagePlan[],
  used: UsedSettings,
): Readonly<Record<string, ArgumentValue>> {
  const { outputDir: _, disableTqdm: __, ...settings } = args;
  const common = <T>(values: readonly (T | undefined)[]): T | undefined => {
    const different = new Set(values.filter((value) => value !== undefined));
    return different.size === 1 ? [...different][0] : undefined;
  };
  const megabytes = (bytes: number) => Math.round(bytes / 1e6);
  const all = {
    ...settings,
    numTrainEpochs: stages.reduce((sum, { epochs }) => sum + epochs, 0),
    learningRate: common(stages.map(({ resolved }) => resolved.learningRate)),
    headLearningRate: common(stages.map(({ resolved }) => resolved.headLearningRate)),
    lrSchedulerType: common(stages.map(({ resolved }) => resolved.lrSchedulerType)),
    lrSchedulerKwargs: args.lrSchedulerKwargs && { ...args.lrSchedulerKwargs },
    warmupSteps: common(stages.map(({ written }) => written.warmupSteps ?? args.warmupSteps)),
    metricForBestModel: used.metric.key,
    greaterIsBetter: used.metric.greaterIsBetter,
    maxLength: Number.isFinite(used.maxLength) ? used.maxLength : undefined,
    cacheMemory: megabytes(used.cacheMemory),
    cacheDisk: megabytes(used.cacheDisk),
  };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, ArgumentValue] => entry[1] !== undefined),
  );
}
