/** Rows of like length side by side, so that a batch of them has little padding, or costs much the same throughout. */
import { shuffled } from "../rng/shuffle.ts";

/** Batches sorted together at most. */
const batchesInGroup = 50;

/**
 * Row indices of one epoch, each once: shuffled, cut into groups of 50 batches (or into 4 groups, where there are fewer
 * than 200 batches), each group sorted from long to short, and the longest row of all put first, so that what does not
 * fit into memory fails at once. Hugging Face's `get_length_grouped_indices` (transformers 5.24, trainer_pt_utils.py)
 * with our shuffle. `batchSize`: rows of an optimizer step.
 */
export function lengthGroupedOrder(
  lengths: ArrayLike<number>,
  batchSize: number,
  seed: number,
  epoch: number,
): Uint32Array {
  const order = shuffled(lengths.length, seed, `shuffle/${epoch}`);
  const lengthOf = (row: number | undefined) => lengths[row as number] as number;
  const groupSize = batchSize * Math.max(1, Math.min(Math.floor(lengths.length / (batchSize * 4)), batchesInGroup));
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
