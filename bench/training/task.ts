/** What a worker gets to do its part, as a file that both read: the same weights, ids, batches and rates. */

import type { ErrorCode } from "../../shared/codedError.ts";
import type { Stage } from "../../src/index.ts";

/** Threads of either side. */
export const threads = 2;

export interface EncodedTexts {
  /** Token ids of each text, special tokens included. */
  readonly ids: readonly (readonly number[])[];
  readonly labels: readonly number[];
}

export interface TaskStage {
  /** As Thaw takes it. */
  readonly stage: Stage;
  /** The same in PyTorch's terms: who trains, at which rate before the schedule's factor. */
  readonly rates: Readonly<Record<string, number>>;
  readonly warmupSteps: number;
  /** Per epoch and batch the indices of its texts: the order in which Thaw's seed has them. */
  readonly batches: readonly (readonly (readonly number[])[])[];
}

export interface Task {
  /** A Hugging Face folder, tokenizer included. */
  readonly model: string;
  readonly threads: number;
  readonly precision: "float32" | "bfloat16";
  readonly seed: number;
  readonly batchSize: number;
  readonly train: EncodedTexts;
  readonly evaluation: EncodedTexts | null;
  readonly stages: readonly TaskStage[];
  /** Epochs that are over before anything is measured, and that only Thaw has to run: they fill its cache. */
  readonly epochsBefore: number;
}

/** What a worker is asked on its standard input, a line of JSON each. */
export type Command =
  /** The next steps of the run -> `{ ms }`, of each step. */
  | { readonly do: "steps"; readonly count: number }
  /** A run of one epoch, from its beginning -> `{ ms }` of its share for one step. */
  | { readonly do: "epoch" }
  /** The whole run, evaluations included -> `{ ms, accuracy }`. */
  | { readonly do: "plan" }
  /** Labels of the first texts -> `{ ms }` of all together. */
  | { readonly do: "predict"; readonly count: number }
  /** Of the first batch, without dropout -> `{ loss }`. */
  | { readonly do: "loss" }
  /** -> `{ gflops }` of a big product in float32. */
  | { readonly do: "gemm" }
  /** -> `{ versions }` */
  | { readonly do: "versions" }
  /** -> `{ peakRssMb }` so far. */
  | { readonly do: "memory" };

export interface Reply {
  readonly ms?: readonly number[];
  readonly accuracy?: number;
  readonly loss?: number;
  readonly gflops?: number;
  readonly versions?: Readonly<Record<string, string>>;
  readonly peakRssMb?: number;
  readonly error?: { readonly code: ErrorCode; readonly message: string };
}
