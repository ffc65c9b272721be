/** A short run of three stages with dropout, accumulation, a cache, evaluation and best weights, and its checkpoints. */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { TrainingArguments } from "../../../src/plan/arguments.ts";
import type { Stage } from "../../../src/plan/stage.ts";
import { findCheckpoint } from "../../../src/train/checkpoints.ts";
import { hasWeights } from "../../../src/train/runIdentity.ts";
import type { TrainerOptions } from "../../../src/train/trainerOptions.ts";
import type { Trainer } from "../../../src/trainer.ts";
import { fastDisk } from "../../platform/fastDisk.ts";
import { tinyTrainer } from "../tiny.ts";

/** Fifteen steps: two epochs of the head, then one with the last layer, then two of everything. */
export const stages: readonly Stage[] = [
  { train: "head", epochs: 2, headLearningRate: 5e-3 },
  { train: ["head", { lastLayers: 1 }], epochs: 1, layerDecay: 0.9 },
  { train: "all", epochs: 2, lrSchedulerType: "cosine", restoreBest: true },
];

export const args: TrainingArguments = {
  ...{ perDeviceTrainBatchSize: 7, gradientAccumulationSteps: 2, weightDecay: 0.01, seed: 1, learningRate: 1e-3 },
  ...{ saveStrategy: "steps", saveSteps: 2, evalStrategy: "steps", evalSteps: 3, loggingSteps: 2 },
  // the highest loss counts as the best, so that the best weights are early ones, in a file of their own
  ...{ metricForBestModel: "loss", greaterIsBetter: true },
};

/** The number of steps of the run. */
export const totalSteps = 15;

/** A trainer of the run, of a fresh model. */
export const threeStages = (outputDir: string, more: Partial<TrainerOptions> = {}): Promise<Trainer> =>
  tinyTrainer({ stages, ...more, args: { ...args, outputDir, ...more.args } });

const made: string[] = [];
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** A new folder on a disk in memory, where there is one, that is removed when the test file ends. */
export function fastFolder(): string {
  const folder = mkdtempSync(join(fastDisk, "thaw-checkpoints-"));
  made.push(folder);
  return folder;
}

/** Trains until so many steps are done, then stops; a checkpoint of that step is saved. */
export async function stopAfter(trainer: Trainer, steps: number, resumeFromCheckpoint = false): Promise<void> {
  const stop = new AbortController();
  const reason = new Error("stopped by the test");
  try {
    for await (const event of trainer.events({ signal: stop.signal, resumeFromCheckpoint })) {
      if (event.kind === "step" && event.step === steps) stop.abort(reason);
    }
  } catch (error) {
    if (error !== reason) throw error;
  }
}

/** Finds the checkpoint that a resumed run of this trainer's model would go on from. */
export const found = (folder: string, { model }: Trainer) =>
  findCheckpoint(folder, (hashes) => hasWeights(model, hashes));
