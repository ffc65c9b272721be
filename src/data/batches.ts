/** The order in which an epoch sees the rows. */
import { ThawError } from "../errors.ts";
import { shuffled } from "../rng/shuffle.ts";
import { lengthGroupedOrder } from "./lengthGroups.ts";

/** Hugging Face's names of the orders. */
export const samplingStrategies = ["random", "sequential", "group_by_length"] as const;
export type SamplingStrategy = (typeof samplingStrategies)[number];

export interface BatchOptions {
  readonly batchSize: number;
  /** Batches of an optimizer step. Default: 1. */
  readonly batchesPerStep?: number;
  /** Default: "random". */
  readonly strategy?: SamplingStrategy;
  readonly seed: number;
  readonly epoch: number;
}

/**
 * Row indices of each batch of one epoch, by the lengths of the rows; the last batch has what is left. A pure function
 * of its arguments: a resumed run continues in the middle of an epoch with nothing stored but (seed, epoch, batch).
 */
export function batchesOf(lengths: ArrayLike<number>, options: BatchOptions): Uint32Array[] {
  const { batchSize } = options;
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new ThawError("BAD_BATCH_SIZE", `The batch size must be an integer from 1 on, got ${batchSize}. Try 16.`);
  }
  const order = orderOf(lengths, options);
  return Array.from({ length: Math.ceil(order.length / batchSize) }, (_, i) =>
    order.subarray(i * batchSize, (i + 1) * batchSize),
  );
}

function orderOf(
  lengths: ArrayLike<number>,
  { batchSize, batchesPerStep = 1, strategy = "random", seed, epoch }: BatchOptions,
): Uint32Array {
  switch (strategy) {
    case "random":
      return shuffled(lengths.length, seed, `shuffle/${epoch}`);
    case "sequential":
      return Uint32Array.from({ length: lengths.length }, (_, row) => row);
    case "group_by_length":
      return lengthGroupedOrder(lengths, batchSize * batchesPerStep, seed, epoch);
  }
}
