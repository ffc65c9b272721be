/** What a training run leaves behind, as plain data: rows as in Hugging Face's `log_history`, stages, and the evidence. */
import type { Metrics, ModelMetric } from "./metrics.ts";

/**
 * One row of the log, in the order in which things happened, with the metrics of an evaluation. Steps are optimizer steps
 * counted over the whole run.
 */
export interface HistoryRow extends Metrics {
  readonly step: number;
  /** Epochs done at this row, over the whole run; a fraction within an epoch. */
  readonly epoch: number;
  /** Index of the stage in the plan. */
  readonly stage: number;
  /** Mean training loss since the last row that has one. */
  readonly loss?: number;
  /** Learning rate of the encoder layers (of the head where only the head trains) at the last step of the epoch. */
  readonly learningRate?: number;
  readonly headLearningRate?: number;
  /** L2 norm of all gradients before clipping. */
  readonly gradNorm?: number;
  /** Wall time of the training steps of the epoch that ends here, in seconds; the evaluation is not in it. */
  readonly epochSeconds?: number;
  readonly evalSeconds?: number;
}

/** One stage as it was planned and as it went. */
export interface StageRecord {
  readonly name: string;
  /** What trains, in words: `"head"`, `"head, layers 10-11"`, `"everything"`. */
  readonly trains: string;
  readonly epochs: number;
  readonly steps: number;
  readonly trainableParameters: number;
  /** First epoch of the stage, counted over the run from 0. */
  readonly firstEpoch: number;
  /** Predicted cost relative to training everything for as many epochs: 1 = the same. */
  readonly relativeCost: number;
  /** Predicted wall time in seconds, and largest resident memory of the process in bytes. */
  readonly predictedSeconds?: number;
  readonly predictedMemory?: number;
  /** Wall time in seconds, evaluations included. Absent before the stage has run. */
  readonly seconds?: number;
  /** Largest resident memory of the process, in bytes; absent where the process had held more before the stage. */
  readonly peakMemory?: number;
  /** Best value within the stage of what the run's best epoch is chosen by, and its epoch (over the run, from 1). */
  readonly bestMetric?: number;
  readonly bestEpoch?: number;
}

/** SHA-256 over the bytes of the parameters that stayed frozen during the whole run, before and after it. */
export interface Evidence {
  readonly frozenParameters: number;
  readonly frozenTensors: number;
  readonly before: string;
  readonly after: string;
  /** Frozen tensors whose bytes differ: always empty, or the run would have failed. */
  readonly changed: readonly string[];
  /** Bytes of optimizer state held for frozen tensors: always 0. */
  readonly optimizerBytesForFrozen: number;
}

/** An epoch (from 1), and its value of the metric that it was chosen by. */
export type BestRecord = { readonly epoch: number } & Metrics;

/** Everything that tables and figures are drawn from. */
export interface RunRecord {
  readonly history: readonly HistoryRow[];
  readonly stages: readonly StageRecord[];
  readonly totalParameters: number;
  /** Parameters that trained at any time in the run. */
  readonly trainableParameters: number;
  /** Wall time in seconds of the whole run. */
  readonly seconds: number;
  readonly seed: number;
  /** What the best epoch is chosen by. Default: accuracy. */
  readonly metric?: ModelMetric;
  /** The epoch whose weights the model has after the run; absent without evaluation. */
  readonly best?: BestRecord;
  readonly evidence: Evidence;
  /** Sentences about how it was trained that whoever reads the numbers should know. */
  readonly notices?: readonly string[];
}
