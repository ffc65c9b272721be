/** Batches of texts of like length, for passes that need no particular order. */
import type { EncodedText } from "../models/packedBatch.ts";

/** Texts at most in a batch, and tokens at most: beyond these, bigger batches are no faster. */
const tokenBudget = 2048;

/** Indices of all texts, shortest first, in batches of at most `batchSize` texts and 2,048 tokens (or one text). */
export function lengthBatches(texts: readonly EncodedText[], batchSize: number): number[][] {
  const lengthOf = (index: number) => (texts[index] as EncodedText).inputIds.length;
  const order = texts.map((_, index) => index).sort((a, b) => lengthOf(a) - lengthOf(b) || a - b);
  const batches: number[][] = [];
  let tokens = 0;
  for (const index of order) {
    const last = batches.at(-1);
    if (last !== undefined && last.length < batchSize && tokens + lengthOf(index) <= tokenBudget) {
      last.push(index);
      tokens += lengthOf(index);
    } else {
      batches.push([index]);
      tokens = lengthOf(index);
    }
  }
  return batches;
}
