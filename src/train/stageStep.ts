/** Optimizer steps of a stage on examples of the training data: those of a run, and those of a learning-rate test. */
import type { PrefixCache } from "../cache/prefixCache.ts";
import { type EncodedDataset, labelsOf } from "../evaluate/encodedDataset.ts";
import { type EncodedText, PackedBatch } from "../models/packedBatch.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { DropoutRng } from "../nn/dropout.ts";
import type { AdamW } from "../optim/adamW.ts";
import type { ResolvedArguments } from "../plan/arguments.ts";
import type { PlannedStage } from "../plan/plan.ts";
import type { LossOptions } from "../task/task.ts";
import { taskOf } from "../task/taskOf.ts";
import { OptimizerStep } from "./step.ts";

/** The inputs that all optimizer steps of a stage have in common. */
export interface StageSteps {
  readonly model: SequenceClassifier;
  readonly args: ResolvedArguments;
  readonly loss: LossOptions;
  readonly train: EncodedDataset;
  readonly optimizer: AdamW;
  /** The outputs of the frozen layers for the training data. */
  readonly trainCache: PrefixCache;
}

/** Makes a step on these micro-batches, each the indices of its examples, at these learning rates. */
export function stepOn(
  { model, args, loss, train, optimizer }: StageSteps,
  microBatches: readonly Uint32Array[],
  learningRates: ReadonlyMap<string, number>,
): OptimizerStep {
  const all = microBatches.flatMap((indices) => [...indices]);
  const { weightDecay, maxGradNorm } = args;
  const lossTotal = taskOf(model.problemType).lossTotal(labelsOf(train, all), all.length, loss);
  return new OptimizerStep({
    ...{ model, optimizer, learningRates, weightDecay, maxGradNorm, loss, lossTotal },
    examples: all.length,
  });
}

/** Adds the gradients of a micro-batch to a step; `number` is its number in the run, which numbers its dropout masks. */
export function addMicroBatch(
  step: OptimizerStep,
  { args, train, trainCache }: StageSteps,
  { stage: { dropout }, prefix }: PlannedStage,
  indices: Uint32Array,
  number: number,
): void {
  const cut = prefix?.cut ?? -1;
  const batch = PackedBatch.fromTexts(Array.from(indices, (index) => train.texts[index] as EncodedText));
  const rows = cut < 0 ? undefined : trainCache.rows(cut, indices, batch);
  try {
    const labels = labelsOf(train, indices);
    const dropoutRng = new DropoutRng(args.seed, number);
    const { gradientCheckpointing, precision } = args;
    step.add({ batch, labels, cut, rows, dropoutRng, dropout, gradientCheckpointing, precision });
  } finally {
    rows?.dispose();
    batch.dispose();
  }
}
