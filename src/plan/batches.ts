/** Batches of examples for training steps and for passes without gradients. */
import { batchesOf } from "../data/batches.ts";
import type { EncodedText } from "../models/packedBatch.ts";
import type { ResolvedArguments } from "./arguments.ts";

type BatchArguments = Pick<
  ResolvedArguments,
  "gradientAccumulationSteps" | "perDeviceTrainBatchSize" | "trainSamplingStrategy" | "seed"
>;

/**
 * Splits one epoch into optimizer steps of micro-batches: `[step][microBatch]` holds the indices of its examples in
 * `texts`. `epoch` is counted over the whole run, from 0.
 */
export function epochSteps(texts: readonly EncodedText[], args: BatchArguments, epoch: number): Uint32Array[][] {
  const perStep = args.gradientAccumulationSteps;
  const batches = batchesOf(
    texts.map(({ inputIds }) => inputIds.length),
    {
      batchSize: args.perDeviceTrainBatchSize,
      batchesPerStep: perStep,
      strategy: args.trainSamplingStrategy,
      seed: args.seed,
      epoch,
    },
  );
  return Array.from({ length: Math.ceil(batches.length / perStep) }, (_, i) =>
    batches.slice(i * perStep, (i + 1) * perStep),
  );
}

/**
 * Largest number of tokens in a batch of a pass without gradients, unless one example has more; larger batches are no
 * faster.
 */
export const passTokens = 2048;

/**
 * Splits a pass without gradients, which needs no particular order, into batches of examples of similar length. Returns
 * the indices of all examples, shortest first, in batches of at most `batchSize` examples and `passTokens` tokens (or
 * one example).
 */
export function lengthBatches(texts: readonly EncodedText[], batchSize: number): number[][] {
  const lengthOf = (index: number) => (texts[index] as EncodedText).inputIds.length;
  const order = texts.map((_, index) => index).sort((a, b) => lengthOf(a) - lengthOf(b) || a - b);
  const batches: number[][] = [];
  let tokens = 0;
  for (const index of order) {
    const last = batches.at(-1);
    if (last !== undefined && last.length < batchSize && tokens + lengthOf(index) <= passTokens) {
      last.push(index);
      tokens += lengthOf(index);
    } else {
      batches.push([index]);
      tokens = lengthOf(index);
    }
  }
  return batches;
}
