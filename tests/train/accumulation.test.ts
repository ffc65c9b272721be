import { expect, test } from "vitest";
import { TextDataset } from "../../src/data/textDataset.ts";
import { PackedBatch } from "../../src/models/packedBatch.ts";
import { AdamW } from "../../src/optim/adamW.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import type { TrainerEvent } from "../../src/train/events.ts";
import { OptimizerStep } from "../../src/train/step.ts";
import { letters, tinyModel, tinyTokenizer, tinyTrainer, weightsOf } from "./tiny.ts";

const split = { perDeviceTrainBatchSize: 4, gradientAccumulationSteps: 3 };

/** The largest difference between two sets of weights; key biases aside, whose true gradient is zero. */
function largestDifference(a: Map<string, Float32Array>, b: Map<string, Float32Array>): number {
  let largest = 0;
  for (const [name, values] of a) {
    if (name.endsWith("key.bias")) continue;
    values.forEach((value, i) => {
      largest = Math.max(largest, Math.abs(value - (b.get(name)?.[i] as number)));
    });
  }
  return largest;
}

test("micro-batches give the weights of one large batch, the smaller ones at the end of an epoch included", async () => {
  // 40 texts: three steps of 4 + 4 + 4, and one of 4; 41 would end with 4 + 1
  const train = async (args: object, count: number) => {
    const options = { trainDataset: letters(count), args: { numTrainEpochs: 1, learningRate: 1e-4, ...args } };
    const trainer = await tinyTrainer(options);
    const start = weightsOf(trainer);
    const { history } = await trainer.train();
    return { weights: weightsOf(trainer), start, history };
  };
  for (const count of [40, 41]) {
    const [parts, whole] = [await train(split, count), await train({ perDeviceTrainBatchSize: 12 }, count)];
    expect(parts.history.map(({ step }) => step)).toEqual([4]);
    expect(parts.history[0]?.loss).toBeCloseTo(whole.history[0]?.loss as number, 5);
    expect(parts.history[0]?.gradNorm).toBeCloseTo(whole.history[0]?.gradNorm as number, 4);
    expect(largestDifference(parts.weights, whole.weights)).toBeLessThan(1e-6);
    expect(largestDifference(parts.weights, parts.start)).toBeGreaterThan(1e-4);
  }
});

test("from a cached cut it is the same", async () => {
  const train = async (args: object) => {
    const trainer = await tinyTrainer({ stages: [{ train: ["head", { lastLayers: 1 }], epochs: 2 }], args });
    await trainer.train();
    return weightsOf(trainer);
  };
  expect(largestDifference(await train(split), await train({ perDeviceTrainBatchSize: 12 }))).toBeLessThan(1e-6);
});

test("steps, schedule and warm-up are counted in optimizer steps", async () => {
  const trainer = await tinyTrainer({
    stages: [{ train: "head", epochs: 3, learningRate: 1e-3, warmupSteps: 0.5 }],
    args: split,
  });
  const plan = trainer.plan();
  expect([plan.steps, plan.stages[0]?.warmupSteps]).toEqual([12, 6]);
  const steps: Extract<TrainerEvent, { kind: "step" }>[] = [];
  for await (const event of trainer.events()) if (event.kind === "step") steps.push(event);
  expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  expect(steps.map(({ epoch }) => epoch).slice(0, 4)).toEqual([0.25, 0.5, 0.75, 1]);
  // the last steps of the epochs are 3, 7 and 11 of 12: half of the warm-up, then 5 and 1 sixths from the top down
  expect(trainer.history.map(({ headLearningRate }) => Math.round((headLearningRate ?? 0) * 6e3))).toEqual([3, 5, 1]);
});

test("every micro-batch has dropout masks of its own", async () => {
  const trainDataset = new TextDataset({
    name: "one text",
    texts: new Array(6).fill("a b c"),
    labels: new Int32Array(6),
    labelNames: ["early", "late"],
  });
  const loss = async (gradientAccumulationSteps: number) => {
    const model = await tinyModel({ hidden_dropout_prob: 0.5 });
    const stages = [{ train: "all" as const, epochs: 1, learningRate: 0 }];
    const args = { perDeviceTrainBatchSize: 1, gradientAccumulationSteps };
    return (await (await tinyTrainer({ model, stages, trainDataset, args })).train()).history[0]?.loss as number;
  };
  // six steps of one text, of which every one has its own masks, and one step of six micro-batches
  expect(await loss(6)).toBeCloseTo(await loss(1), 5);
});

test("between micro-batches the process answers, and a stop ends the step with the weights of the one before", async () => {
  const trainer = await tinyTrainer({ args: { perDeviceTrainBatchSize: 1, gradientAccumulationSteps: 40 } });
  const controller = new AbortController();
  const before = weightsOf(trainer);
  const tensors = tf.memory().numTensors;
  let turns = 0;
  const turn = setInterval(() => {
    turns += 1;
    if (turns === 3) controller.abort(new Error("stopped by hand"));
  }, 0);
  const run = async () => {
    for await (const event of trainer.events({ signal: controller.signal })) {
      if (event.kind === "step") throw new Error("the step of 40 micro-batches was made to its end");
    }
  };
  await expect(run()).rejects.toThrow("stopped by hand");
  clearInterval(turn);
  expect(weightsOf(trainer)).toEqual(before);
  expect(tf.memory().numTensors).toBe(tensors);
});

test("however many micro-batches, a step holds one gradient a parameter, and frees it", async () => {
  const model = await tinyModel();
  const names = [...model.parameters.keys()];
  for (const parameter of model.parameters.values()) parameter.tensor; // keeps a tensor each once it has been read
  const before = tf.memory().numTensors;
  const optimizer = new AdamW();
  const learningRates = new Map(names.map((name) => [name, 1e-3]));
  const step = new OptimizerStep({ model, optimizer, examples: 8, learningRates, weightDecay: 0, maxGradNorm: 1 });
  const held: number[] = [];
  for (const text of tinyTokenizer.encodeBatch(letters(8).texts)) {
    const batch = PackedBatch.fromTexts([text]);
    step.add({ batch, labels: Int32Array.of(1), cut: -1, rows: undefined, dropoutRng: undefined });
    batch.dispose();
    held.push(tf.memory().numTensors - before);
  }
  expect(held[0]).toBe(names.length);
  expect(new Set(held.slice(1)).size).toBe(1);
  expect(Math.max(...held)).toBeLessThanOrEqual(2 * names.length); // a variable is a handle and its value
  step.finish();
  step.dispose();
  optimizer.dispose();
  expect(tf.memory().numTensors).toBeLessThanOrEqual(before);
});
