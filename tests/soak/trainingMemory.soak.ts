/** Goal 29: over 5,000 steps no tensor is added, and the memory of the process grows by less than 1 %; it may fall. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import type { TrainingArguments } from "../../src/plan/arguments.ts";
import { progressive } from "../../src/recipes/recipes.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { letters, tinyModel, tinyTrainer } from "../train/tiny.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
const withDropout = { hidden_dropout_prob: 0.1, attention_probs_dropout_prob: 0.1 };

/** Resident memory in MB, of what is in use. */
function resident(): number {
  collectGarbage();
  return process.memoryUsage().rss / 1e6;
}

test.each<[string, TrainingArguments]>([
  ["step by step", { perDeviceTrainBatchSize: 2 }],
  [
    "micro-batches and checkpointing",
    { perDeviceTrainBatchSize: 1, gradientAccumulationSteps: 2, gradientCheckpointing: true },
  ],
])("%s: 5,000 steps add no tensor, and the memory grows by less than 1 %%", async (name, args) => {
  const trainer = await tinyTrainer({
    model: await tinyModel(withDropout),
    trainDataset: letters(2000),
    stages: [{ train: "all", epochs: 6 }],
    args,
  });
  const tensors: number[] = [];
  const memory: number[] = [];
  for await (const event of trainer.events()) {
    if (event.kind !== "step") continue;
    if (event.step > 3 && event.step % 1000 !== 1) tensors.push(tf.memory().numTensors); // not before the first step of an epoch
    if (event.step >= 1000 && event.step % 500 === 0) memory.push(resident()); // the first thousand fill what later ones use
  }
  const [first, last] = [memory[0] as number, memory.at(-1) as number];
  const change = (100 * (last - first)) / first;
  console.log(
    `training memory, ${name}: ${first.toFixed(1)} MB after step 1,000, ${last.toFixed(1)} MB after step 6,000 ` +
      `(${change.toFixed(2)} %); tensors ${tensors[0]} and ${tensors.at(-1)}`,
  );
  expect(new Set(tensors).size).toBe(1);
  expect(change).toBeLessThan(1);
});

test("200 runs and 200 stopped runs leave no tensor", async () => {
  const trainer = await tinyTrainer({ stages: progressive({ epochs: [1, 1, 1], layers: 1 }) });
  const run = async (stopAt: number) => {
    const controller = new AbortController();
    for await (const event of trainer.events({ signal: controller.signal })) {
      if (event.kind === "step" && event.step === stopAt) controller.abort();
    }
  };
  /** With every parameter's value at hand, of which a run leaves some, according to where it ended. */
  const tensors = () => {
    for (const parameter of trainer.model.parameters.values()) parameter.tensor;
    return tf.memory().numTensors;
  };
  await run(0);
  const before = tensors();
  for (let i = 0; i < 200; i++) {
    await run(0);
    await expect(run(1 + (i % 14))).rejects.toThrow(/aborted/);
    expect(tensors()).toBe(before);
  }
  console.log(`200 runs and 200 stopped ones: ${before} tensors before, ${tensors()} after`);
});
