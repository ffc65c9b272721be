/** Label smoothing and weights of labels from the training arguments to the weights of the model. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { TextDataset } from "../../src/data/textDataset.ts";
import { taskOf } from "../../src/task/taskOf.ts";
import type { TrainerOptions } from "../../src/train/trainerOptions.ts";
import { temporaryFolder } from "../temporary.ts";
import { letters, tinyTrainer, weightsOf } from "./tiny.ts";

/** 30 texts of which every third is "late". */
const uneven = (() => {
  const even = letters(60);
  const rows = [...even].filter((_, i) => i % 2 === 0 || i % 4 === 1).map(({ text, label }) => ({ text, label }));
  return TextDataset.fromRows(rows, { text: "text", label: "label" });
})();

async function trained(args: TrainerOptions["args"], options: Partial<TrainerOptions> = {}) {
  const trainer = await tinyTrainer({
    trainDataset: uneven,
    ...options,
    args: { numTrainEpochs: 1, learningRate: 1e-4, loadBestModelAtEnd: false, ...args },
  });
  const run = await trainer.train();
  return { trainer, record: run.record, history: run.history, weights: weightsOf(trainer) };
}

const largestDifference = (a: Map<string, Float32Array>, b: Map<string, Float32Array>): number =>
  Math.max(
    ...[...a]
      .filter(([name]) => !name.endsWith("key.bias"))
      .flatMap(([name, values]) => [...values].map((value, i) => Math.abs(value - (b.get(name)?.[i] as number)))),
  );

const weighted = { classWeights: { early: 0.5, late: 6 }, labelSmoothingFactor: 0.1 } as const;

test("with weights too, micro-batches give the weights of one large batch", async () => {
  const parts = await trained({ ...weighted, perDeviceTrainBatchSize: 4, gradientAccumulationSteps: 3 });
  const whole = await trained({ ...weighted, perDeviceTrainBatchSize: 12 });
  const plain = await trained({ perDeviceTrainBatchSize: 12 });
  expect(parts.history[0]?.loss).toBeCloseTo(whole.history[0]?.loss as number, 5);
  expect(parts.history[0]?.gradNorm).toBeCloseTo(whole.history[0]?.gradNorm as number, 4);
  expect(largestDifference(parts.weights, whole.weights)).toBeLessThan(1e-6);
  expect(largestDifference(parts.weights, plain.weights)).toBeGreaterThan(1e-5);
});

test("weights in order, by name and balanced are the same where they are the same", async () => {
  const counts = uneven.labelCounts();
  const of = (label: string) => uneven.length / (2 * (counts[label as keyof typeof counts] as number));
  const [early, late] = [of("early"), of("late")];
  const balanced = await trained({ classWeights: "balanced" });
  expect((await trained({ classWeights: [early, late] })).weights).toEqual(balanced.weights);
  expect((await trained({ classWeights: { late, early } })).weights).toEqual(balanced.weights);
  expect(late).toBeGreaterThan(1.2 * early);
});

test("the validation loss is smoothed and weighed, the other metrics are not", async () => {
  const { trainer, history } = await trained(weighted);
  const test = letters(20, 1);
  const metrics = await trainer.evaluate(test);
  const predictions = await trainer.predict(test);
  const logits = predictions.map((each) => Float32Array.from(each.logits));
  const expected = taskOf(undefined).evaluate(logits, test.batchLabels(), {
    labelSmoothing: 0.1,
    classWeights: [0.5, 6],
  });
  const plain = taskOf(undefined).evaluate(logits, test.batchLabels());
  expect(metrics.evalLoss).toBeCloseTo(expected.evalLoss as number, 6);
  expect(history[0]?.evalLoss).toBeCloseTo(expected.evalLoss as number, 6);
  expect(Math.abs(metrics.evalLoss - (plain.evalLoss as number))).toBeGreaterThan(1e-3);
  expect(metrics.evalAccuracy).toBe(plain.evalAccuracy);
});

test("the record has them, and with its arguments another trainer trains the same", async () => {
  const { record, weights, trainer } = await trained({
    ...weighted,
    lrSchedulerType: "polynomial",
    lrSchedulerKwargs: { power: 2, lrEnd: 1e-6 },
  });
  expect(record.args).toMatchObject({ ...weighted, lrSchedulerKwargs: { power: 2, lrEnd: 1e-6 } });
  const stages = record.stages.map(({ plan }) => plan.resolved);
  const again = await trained(JSON.parse(JSON.stringify(record.args)), { stages });
  expect(again.weights).toEqual(weights);
  const folder = join(temporaryFolder(), "saved");
  await trainer.saveModel(folder);
  expect(JSON.parse(await readFile(join(folder, "training_args.json"), "utf8"))).toMatchObject({
    label_smoothing_factor: 0.1,
    class_weights: { early: 0.5, late: 6 },
    lr_scheduler_kwargs: { power: 2, lr_end: 1e-6 },
  });
});

test.each<[TrainerOptions["args"], RegExp]>([
  [{ classWeights: [1, 2, 3] }, /classWeights has 3 weights, but there are 2 labels \("?early"?, "?late"?\)/],
  [{ classWeights: { early: 1, lat: 2 } }, /Did you mean "late"/],
])("%j is refused when the trainer is made", async (args, message) => {
  await expect(tinyTrainer({ args: { ...args } })).rejects.toThrow(message);
});
