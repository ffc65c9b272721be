/** The order in which an epoch sees the rows. */
import { ThawError } from "../errors.ts";
import { shuffled } from "../rng/shuffle.ts";

/**
 * Row indices of each batch of one epoch, shuffled; the last batch has what is left. A pure function of its arguments:
 * a resumed run continues in the middle of an epoch with nothing stored but (seed, epoch, batch).
 */
export function batchesOf(length: number, batchSize: number, seed: number, epoch: number): Uint32Array[] {
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new ThawError("BAD_BATCH_SIZE", `The batch size must be an integer from 1 on, got ${batchSize}. Try 16.`);
  }
  const order = shuffled(length, seed, `shuffle/${epoch}`);
  return Array.from({ length: Math.ceil(length / batchSize) }, (_, i) =>
    order.subarray(i * batchSize, (i + 1) * batchSize),
  );
}
