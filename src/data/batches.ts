/** Orders the examples of an epoch and splits them into batches. */
import { ThawError } from "../errors.ts";
import { shuffled } from "../tensor/random.ts";

/** The orders of the examples, by Hugging Face's names. */
export const samplingStrategies = ["random", "sequential", "group_by_length"] as const;
/** The order of the examples, by Hugging Face's name. */
export type SamplingStrategy = (typeof samplingStrategies)[number];

/** Options of `batchesOf`: how an epoch is split into batches. */
export interface BatchOptions {
  /** Number of examples per batch. */
  readonly batchSize: number;
  /** Number of batches per optimizer step. Default: 1. */
  readonly batchesPerStep?: number;
  /** The order of the examples. Default: `"random"`. */
  readonly strategy?: SamplingStrategy;
  readonly seed: number;
  /** Number of the epoch, counted over the whole run from 0. */
  readonly epoch: number;
}

/**
 * Splits one epoch into batches, each a list of indices of examples in the data set; the last batch may be smaller.
 * `lengths` are the tokens of each example. A pure function of its arguments: a resumed run continues in the middle of
 * an epoch with nothing stored but (seed, epoch, batch). Throws `BAD_BATCH_SIZE`.
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
      return Uint32Array.from({ length: lengths.length }, (_, example) => example);
    case "group_by_length":
      return lengthGroupedOrder(lengths, batchSize * batchesPerStep, seed, epoch);
  }
}

/** Largest number of batches that are sorted together. */
const batchesInGroup = 50;

/**
 * Orders examples of like length side by side, so that a batch of them has little padding, or costs much the same
 * throughout: shuffled, cut into groups of 50 batches (or into 4 groups, where there are fewer than 200 batches), each
 * group sorted from long to short, and the longest example of all put first, so that what does not fit into memory
 * fails at once. Hugging Face's `get_length_grouped_indices` (transformers 5.24, trainer_pt_utils.py) with our shuffle.
 * `stepSize`: examples of an optimizer step.
 */
function lengthGroupedOrder(lengths: ArrayLike<number>, stepSize: number, seed: number, epoch: number): Uint32Array {
  const order = shuffled(lengths.length, seed, `shuffle/${epoch}`);
  const lengthOf = (example: number | undefined) => lengths[example as number] as number;
  const groupSize = stepSize * Math.max(1, Math.min(Math.floor(lengths.length / (stepSize * 4)), batchesInGroup));
  let longest = 0;
  for (let start = 0; start < order.length; start += groupSize) {
    order.subarray(start, start + groupSize).sort((a, b) => lengthOf(b) - lengthOf(a));
    if (lengthOf(order[start]) > lengthOf(order[longest])) longest = start;
  }
  const first = order[0];
  if (first === undefined) return order;
  order[0] = order[longest] as number;
  order[longest] = first;
  return order;
}
