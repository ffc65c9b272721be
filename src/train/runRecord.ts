/**
 * The record of a run, as plain data that JSON keeps: what it began from, what was planned, what happened, and what it
 * ended with. It is made in one place (`RunRecorder`); the run itself, its report and figure, saved folders and comparisons
 * all read it.
 */
import type { TextDataset } from "../data/textDataset.ts";
import type { EncodedDataset } from "../evaluate/encodedDataset.ts";
import type { ResolvedArguments } from "../plan/arguments.ts";
import type { StagePlan } from "../plan/plan.ts";
import type { Metrics, ModelMetric } from "../task/metrics.ts";
import type { ProblemType } from "../task/task.ts";
import type { Versions } from "./sessionInfo.ts";

/** Version of the format: it grows when a field of the record changes its meaning. */
export const recordVersion = 1;

/** Everything about a run that tables, figures and saved folders say. Plain data: JSON keeps it whole. */
export interface RunRecord {
  /** Version of the format. */
  readonly version: typeof recordVersion;
  /** Says whether the run finished, and where and why it ended otherwise. */
  readonly status: RunStatus;
  /** The model that was trained, and the weights it began from. */
  readonly model: ModelRecord;
  /** The data sets, without their texts. */
  readonly data: {
    /** The training data. */
    readonly train: DataRecord;
    /** The validation data; absent where nothing was held out. */
    readonly evaluation?: DataRecord;
  };
  /**
   * The training arguments that were used, by their names in camelCase, defaults filled in. One that the stages decide has the
   * value that they have in common, and is left out where they differ. No path of the machine is among them.
   */
  readonly args: Readonly<Record<string, string | number | boolean>>;
  /** The stages in their order: what was planned, and what happened. */
  readonly stages: readonly StageRecord[];
  /** One row per epoch, in the order in which they ended. */
  readonly history: readonly HistoryRow[];
  /** The metric that the best epoch was chosen by, and patience judged. */
  readonly metric: ModelMetric;
  /** The best epoch; absent where none was evaluated. Whether its weights are those of the model, `weights` says. */
  readonly best?: BestRecord;
  /** Hashes of the weights at the start and the end, and after which step the model had the latter. */
  readonly weights: WeightsRecord;
  /** Hashes that prove that frozen weights did not change. */
  readonly evidence: Evidence;
  /** Number of values in all parameters of the model. */
  readonly totalParameters: number;
  /** Number of values in the parameters that trained at any time in the run. */
  readonly trainableParameters: number;
  /** Wall time of the whole run in seconds. */
  readonly seconds: number;
  /** The versions that the numbers depend on, beside data and plan. */
  readonly versions: Versions;
  /** Sentences about the run that the reader of its numbers should know. */
  readonly notices: readonly string[];
  /** Metrics on test data, where somebody has noted them (`run.test = await trainer.evaluate(test)`). */
  readonly test?: Metrics;
}

/** How a run ended, or where it stands. */
export type RunStatus = { readonly state: "finished" } | InterruptedStatus;

/** The status of a run that was stopped, failed, or was looked at while it ran. */
export interface InterruptedStatus {
  /** Whether the run was stopped, failed, or goes on. */
  readonly state: "stopped" | "failed" | "running";
  /** Index of the stage in the plan; -1 before the first. */
  readonly stage: number;
  /** The activity that the run was at. */
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
  /** As it was given to `fromPretrained`, an absolute path shortened to its last part; null for a model made otherwise. */
  readonly name: string | null;
  /** Hugging Face's `model_type`: `"bert"`. */
  readonly family: string;
  /** What the model is trained to give. */
  readonly problemType: ProblemType;
  /** Names of the labels, or of the outputs of a regression, in order. */
  readonly labels: readonly string[];
  /**
   * SHA-256 of the weights that the model was loaded with, newly initialised ones left out; null where they had been
   * changed by hand before the first run saw them. For how it is taken see `WeightsRecord`.
   */
  readonly baseSha256: string | null;
  /** Names of the parameters that were random when the run began. */
  readonly newlyInitialized: readonly string[];
  /**
   * The weights that the run began from: "pretrained" weights with a head that was random; "trained" ones, whose head came from the
   * file or which earlier runs had trained; or weights "edited" by hand after loading.
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
  /** Says how the examples are labelled. */
  readonly problemType: ProblemType;
  /** Names of the labels, or of the outputs of a regression, in order. */
  readonly labels: readonly string[];
  /** Examples of each label, by its name; empty for a regression. */
  readonly labelCounts: Readonly<Record<string, number>>;
  /** Tokens of all examples together, as they were trained on. */
  readonly tokens: number;
  /** Examples that were longer than `maxLength` tokens and were cut. */
  readonly cut: number;
  /** `TextDataset.sha256`: over label names, labels and texts in their order. */
  readonly sha256: string;
}

/**
 * Which weights the model had. A hash is the SHA-256 of lines `<hash>  <name>`, one per parameter in the order of the
 * state dict, where `<hash>` is the SHA-256 of its float32 bytes in hexadecimal: `sha256sum` would print the same.
 */
export interface WeightsRecord {
  /** When the run began, newly initialised parameters included. */
  readonly start: string;
  /** When it ended; null where the weights could not be read any more. */
  readonly end: string | null;
  /** Optimizer steps of the run after which the model had the weights that it ended with. */
  readonly step: number;
  /** Epochs of the run after which it had them; a fraction within an epoch. */
  readonly epoch: number;
}

/** One stage: what was planned, and what happened. */
export interface StageRecord {
  /** The plan of the stage. */
  readonly plan: StagePlan;
  /** The outcome of the stage; absent for a stage that never began. */
  readonly outcome?: StageOutcome;
}

/** The outcome of a stage. */
export interface StageOutcome {
  /** Why it ended; "running" in the record of a run that goes on. */
  readonly ended: "all epochs" | "patience" | "stopped" | "failed" | "running";
  /** Whole epochs that were done. */
  readonly epochs: number;
  /** Optimizer steps that were taken. */
  readonly steps: number;
  /** Number of the stage's first epoch in the run, from 1. */
  readonly firstEpoch: number;
  /** Predicted work of the steps that were taken, in epochs of training everything. */
  readonly fullEpochs: number;
  /** Wall time in seconds, the pass through the frozen layers and evaluations included. */
  readonly seconds: number;
  /** Wall time of the pass through the frozen layers, in seconds; 0 where there was none. */
  readonly prefixSeconds: number;
  /** Largest resident memory of the process, in bytes; absent where the process had held more before the stage. */
  readonly peakMemory?: number;
  /** The best epoch of the stage; absent where none was evaluated. */
  readonly best?: BestRecord;
}

/**
 * One row of the log, in the order in which things happened, with the metrics of an evaluation. Steps are optimizer steps
 * counted over the whole run.
 */
export interface HistoryRow extends Metrics {
  /** Optimizer steps taken at this row, over the whole run. */
  readonly step: number;
  /** Epochs done at this row, over the whole run; a fraction within an epoch. */
  readonly epoch: number;
  /** Index of the stage in the plan. */
  readonly stage: number;
  /** Mean training loss since the last row that has one. */
  readonly loss?: number;
  /** Learning rate of the encoder layers at the last step of the epoch; absent where they are frozen. */
  readonly learningRate?: number;
  /** Learning rate of the head at the last step of the epoch; absent where it is frozen. */
  readonly headLearningRate?: number;
  /** L2 norm of all gradients before clipping, at the last step of the epoch. */
  readonly gradNorm?: number;
  /** Wall time of the training steps of the epoch that ends here, in seconds; the evaluation is not in it. */
  readonly epochSeconds?: number;
  /** Wall time of the evaluation, in seconds. */
  readonly evalSeconds?: number;
}

/** The evidence that frozen weights did not change: hashes of the parameters that stayed frozen during the whole run. */
export interface Evidence {
  /** Number of values in these parameters. */
  readonly frozenParameters: number;
  /** Number of these parameters. */
  readonly frozenTensors: number;
  /** SHA-256 before the run, taken as `WeightsRecord` says. */
  readonly before: string;
  /** SHA-256 after the run; null where the weights could not be read any more. */
  readonly after: string | null;
  /** Frozen tensors whose bytes differ: always empty, or the run would have failed. */
  readonly changed: readonly string[];
  /** Bytes of optimizer state held for frozen tensors: always 0. */
  readonly optimizerBytesForFrozen: number;
}

/** An epoch (from 1), its last step, its value of the metric that it was chosen by, and its validation loss. */
export type BestRecord = { readonly epoch: number; readonly step: number } & Metrics;

/** Returns what is kept of a row of the log that is the best so far. */
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

/** Returns what the record of a run says of a data set. */
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

/** The settings that a run has used where its arguments left them open. */
interface UsedSettings {
  readonly metric: ModelMetric;
  /** Longest example in tokens. */
  readonly maxLength: number;
  /** Room for the outputs of the frozen layers in memory, in bytes. */
  readonly cacheMemory: number;
  /** Room for them on the disk, in bytes. */
  readonly cacheDisk: number;
}

/**
 * Returns the arguments that a run has used, as plain data; given to another trainer, with the stages as they were resolved, they
 * train the same. An argument that the stages decide has the value that they have in common, and is left out where they
 * differ. Left out as well: where files go and whether progress is shown.
 */
export function usedArguments(
  args: ResolvedArguments,
  stages: readonly StagePlan[],
  used: UsedSettings,
): Readonly<Record<string, string | number | boolean>> {
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
    warmupSteps: common(stages.map(({ written }) => written.warmupSteps ?? args.warmupSteps)),
    metricForBestModel: used.metric.key,
    greaterIsBetter: used.metric.greaterIsBetter,
    maxLength: Number.isFinite(used.maxLength) ? used.maxLength : undefined,
    cacheMemory: megabytes(used.cacheMemory),
    cacheDisk: megabytes(used.cacheDisk),
  };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string | number | boolean] => entry[1] !== undefined),
  );
}
