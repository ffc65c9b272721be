import { readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { TrainingArguments } from "../../src/plan/arguments.ts";
import type { Stage } from "../../src/plan/stage.ts";
import type { TrainerOptions } from "../../src/train/trainerOptions.ts";
import type { Trainer } from "../../src/trainer.ts";
import { temporaryFolder } from "../temporary.ts";
import { outcome } from "./outcome.ts";
import { tinyTrainer } from "./tiny.ts";

/** Three stages with everything that has a state: dropout, accumulation, shuffling, cache, evaluation, best epoch. */
const stages: readonly Stage[] = [
  { train: "head", epochs: 4, headLearningRate: 5e-3, warmupSteps: 3 },
  { train: ["head", { lastLayers: 1 }], epochs: 4, layerDecay: 0.9 },
  { train: "all", epochs: 7, lrSchedulerType: "cosine", patience: 4 },
];

const args: TrainingArguments = {
  perDeviceTrainBatchSize: 4,
  gradientAccumulationSteps: 2,
  weightDecay: 0.01,
  maxGradNorm: 0.5,
  loggingSteps: 2,
  saveStrategy: "steps",
  saveSteps: 1000,
  // the highest loss counts as the best, so that the best weights are early ones, and patience ends the last stage
  metricForBestModel: "loss",
  greaterIsBetter: true,
};

const trainer = (outputDir: string, more: Partial<TrainerOptions> = {}) =>
  tinyTrainer({ stages, ...more, args: { ...args, outputDir, ...more.args } });

/** Trains until so many steps are done, then stops; returns the number of steps. */
async function stopAfter(of: Trainer, steps: number, resumeFromCheckpoint: boolean | string = false): Promise<number> {
  const stop = new AbortController();
  let done = 0;
  try {
    for await (const event of of.events({ signal: stop.signal, resumeFromCheckpoint })) {
      if (event.kind !== "step") continue;
      done = event.step;
      if (done === steps) stop.abort(new Error("stopped by the test"));
    }
  } catch (error) {
    expect(error).toMatchObject({ message: "stopped by the test" });
  }
  return done;
}

const unbroken = await (async () => {
  const whole = await trainer(temporaryFolder());
  await whole.train();
  return outcome(whole);
})();
const total = unbroken.history.at(-1).step as number;

test("the run has at least 60 steps, a best epoch before the last, and links of its chain", () => {
  expect(total).toBeGreaterThanOrEqual(60);
  expect(unbroken.hashChain.length).toBeGreaterThanOrEqual(12);
  expect(unbroken.best.step).toBeLessThan(total - 10);
  expect(unbroken.stages.at(-1).outcome).toMatchObject({ ended: "patience", epochs: 5 });
  console.log(`resume: ${total} steps in ${unbroken.stages.length} stages, best at step ${unbroken.best.step}`);
});

test("a run that is stopped after every single step, and goes on each time, ends bit for bit as the unbroken one", async () => {
  const folder = temporaryFolder();
  for (let step = 1; step < total; step++) {
    expect(await stopAfter(await trainer(folder), step, true)).toBe(step);
    expect(readdirSync(folder)).toContain(`checkpoint-${step}`);
  }
  const last = await trainer(folder);
  await last.train({ resumeFromCheckpoint: true });
  expect(last.run?.record.resumedAt).toEqual(Array.from({ length: total - 1 }, (_, i) => i + 1));
  expect(outcome(last)).toEqual(unbroken);
  console.log(
    `resume: ${total - 1} stops, each resumed; weights, losses, metrics, moments and hash chain are the same`,
  );
}, 300_000);

test("a run that was stopped once goes on to the same end", async () => {
  for (let step = 7; step < total; step += 25) {
    const folder = temporaryFolder();
    await stopAfter(await trainer(folder), step);
    const second = await trainer(folder);
    await second.train({ resumeFromCheckpoint: true });
    expect(second.run?.record.resumedAt).toEqual([step]);
    expect(outcome(second)).toEqual(unbroken);
  }
}, 300_000);

test("the trainer that was stopped goes on itself, and another of its model, whose labels have the names of the data by then", async () => {
  const folder = temporaryFolder();
  const first = await trainer(folder);
  await stopAfter(first, 5);
  expect(first.model.config.id2label).toEqual(["early", "late"]);
  await stopAfter(first, 11, true);
  const second = await trainer(folder, { model: first.model });
  await second.train({ resumeFromCheckpoint: true });
  expect(second.run?.record.resumedAt).toEqual([5, 11]);
  expect(outcome(second)).toEqual(unbroken);
});

test("settings whose course depends on what was before go on too: a joined schedule, one that follows the validation, dropout and weights", async () => {
  const options = {
    stages: [
      { train: "head", epochs: 2, headLearningRate: 5e-3, dropout: 0.3 },
      { train: ["head", { lastLayers: 1 }], epochs: 2, scheduleStart: "continue", restoreBest: true },
      { train: "all", epochs: 3, lrSchedulerType: "reduce_lr_on_plateau", moments: "reset", warmupSteps: 0 },
    ] as readonly Stage[],
    args: {
      labelSmoothingFactor: 0.1,
      classWeights: "balanced",
      evalStrategy: "steps",
      evalSteps: 3,
      lrSchedulerType: "cosine",
      hashSteps: 4,
      metricForBestModel: "loss",
      greaterIsBetter: false,
    } as TrainingArguments,
  };
  const whole = await trainer(temporaryFolder(), options);
  await whole.train();
  const steps = whole.history.at(-1)?.step as number;
  const folder = temporaryFolder();
  for (let step = 2; step < steps; step += 3) await stopAfter(await trainer(folder, options), step, true);
  const last = await trainer(folder, options);
  await last.train({ resumeFromCheckpoint: true });
  expect(last.run?.record.resumedAt?.length).toBeGreaterThan(8);
  expect(outcome(last)).toEqual(outcome(whole));
}, 300_000);

test("an outputDir below ~ is in the home folder, for saving, the log and resuming alike", async () => {
  vi.stubEnv("HOME", temporaryFolder());
  try {
    await stopAfter(await trainer("~/runs/reviews"), 3);
    const folder = join(homedir(), "runs", "reviews");
    expect(readdirSync(folder).sort()).toEqual(["checkpoint-3", "history.jsonl"]);
    expect(await stopAfter(await trainer("~/runs/reviews"), 5, true)).toBe(5);
    expect(await stopAfter(await trainer(temporaryFolder()), 7, "~/runs/reviews/checkpoint-5")).toBe(7);
  } finally {
    vi.unstubAllEnvs();
  }
});
