/** What a training run leaves behind, as plain data: rows as in Hugging Face's `log_history`, stages, and the evidence. */

/** One row of the log, in the order in which things happened. Steps are optimizer steps counted over the whole run. */
export interface HistoryRow {
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
  readonly evalLoss?: number;
  readonly evalAccuracy?: number;
  readonly evalMacroF1?: number;
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
  /** Best validation accuracy within the stage, and the epoch (over the run, from 1) it was reached in. */
  readonly bestEvalAccuracy?: number;
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
  /** The epoch (from 1) whose weights the model has after the run, and its validation accuracy; absent without evaluation. */
  readonly best?: { readonly epoch: number; readonly evalAccuracy: number };
  readonly evidence: Evidence;
  /** Sentences about how it was trained that whoever reads the numbers should know. */
  readonly notices?: readonly string[];
}
