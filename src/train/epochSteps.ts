/** What an epoch goes through. */
import { batchesOf } from "../data/batches.ts";
import type { EncodedText } from "../models/packedBatch.ts";
import type { ResolvedArguments } from "./arguments.ts";

/** Row indices of each micro-batch of each optimizer step; `epoch` is counted over the whole run, from 0. */
export function epochSteps(texts: readonly EncodedText[], args: ResolvedArguments, epoch: number): Uint32Array[][] {
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
