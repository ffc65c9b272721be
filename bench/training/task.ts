/** The task of a worker, in a file that both sides read: the same weights, token ids, batches and learning rates. */
import type { ErrorCode } from "../../shared/codedError.ts";
import { type Stage, TextDataset, type Tokenizer } from "../../src/index.ts";

/** The number of threads of either side. */
export const threads = 2;

export interface EncodedTexts {
  /** The token ids of each example, with special tokens. */
  readonly ids: readonly (readonly number[])[];
  readonly labels: readonly number[];
}

export interface TaskStage {
  /** The stage as Thaw takes it. */
  readonly stage: Stage;
  /** The learning rate before the schedule's factor, by the name of each parameter that trains. */
  readonly rates: Readonly<Record<string, number>>;
  readonly warmupSteps: number;
  /** The indices of the examples of each batch of each epoch, in the order of Thaw's seed. */
  readonly batches: readonly (readonly (readonly number[])[])[];
}

export interface Task {
  /** The path of a Hugging Face folder with a tokenizer. */
  readonly model: string;
  readonly threads: number;
  readonly precision: "float32" | "bfloat16";
  readonly seed: number;
  readonly batchSize: number;
  readonly train: EncodedTexts;
  readonly evaluation: EncodedTexts | null;
  readonly stages: readonly TaskStage[];
  /** The number of epochs before anything is measured, which only Thaw has to run: they fill its cache. */
  readonly epochsBefore: number;
}

/** A command to a worker on its standard input, as a line of JSON. */
export type Command =
  /** Takes the next steps of the run -> `{ ms }` of each step. */
  | { readonly do: "steps"; readonly count: number }
  /** Runs one epoch from its beginning -> `{ ms }` of its mean step. */
  | { readonly do: "epoch" }
  /** Does the whole run with its evaluations -> `{ ms, accuracy }`. */
  | { readonly do: "plan" }
  /** Predicts the labels of the first examples -> `{ ms }` of all together. */
  | { readonly do: "predict"; readonly count: number }
  /** Computes the loss of the first batch without dropout -> `{ loss }`. */
  | { readonly do: "loss" }
  /** Times a big product in float32 -> `{ gflops }`. */
  | { readonly do: "gemm" }
  /** Tells the versions of the worker's packages -> `{ versions }`. */
  | { readonly do: "versions" }
  /** Tells the peak memory so far -> `{ peakRssMb }`. */
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

/**
 * Makes a tokenizer for texts that are encoded already: each text is the number of a row of ids. Both sides see the same ids,
 * and neither is timed at making them.
 */
export function givenIds(ids: readonly (readonly number[])[]): Tokenizer {
  const rows = ids.map((row) => ({ inputIds: Int32Array.from(row), tokenTypeIds: new Int32Array(row.length) }));
  const encodeBatch: Tokenizer["encodeBatch"] = (texts) => texts.map((text) => rows[Number(text)] as (typeof rows)[0]);
  // Nothing else of a tokenizer is called before a model is saved.
  const refuse = () => {
    throw new Error("These texts are encoded already.");
  };
  return Object.assign(refuse, { encodeBatch }) as unknown as Tokenizer;
}

/** Makes a data set of the rows from `first` on, with their labels. */
export function givenTexts({ ids, labels }: EncodedTexts, first: number): TextDataset {
  return new TextDataset({
    name: "given ids",
    texts: ids.map((_, row) => String(first + row)),
    labels: Int32Array.from(labels),
    labelNames: ["LABEL_0", "LABEL_1"],
  });
}
