/** The real loop on the tiny model. Settings of Adam under which a step moves a weight by the learning rate make rates visible. */
import { expect, test } from "vitest";
import { TextDataset } from "../../src/data/textDataset.ts";
import type { Stage } from "../../src/plan/stage.ts";
import { progressive } from "../../src/recipes/recipes.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import type { TrainerEvent } from "../../src/train/events.ts";
import type { Trainer } from "../../src/trainer.ts";
import { letters, tinyModel, tinyTrainer, weightsOf } from "./tiny.ts";

const head = "classifier.weight";
const top = "bert.encoder.layer.2.output.dense.weight";
const middle = "bert.encoder.layer.1.output.dense.weight";

const largest = (values: readonly number[]) => values.reduce((max, value) => Math.max(max, value), 0);

/** Not the largest: TensorFlow's own Adam rounds badly where it remembers nothing. */
const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] as number;

/** Per step and name by how much each value has moved. */
async function moves(trainer: Trainer, names: readonly string[]): Promise<Record<string, number[][]>> {
  const values = (name: string) => trainer.model.parameters.get(name)?.data() as Float32Array;
  let before = names.map(values);
  const all: Record<string, number[][]> = Object.fromEntries(names.map((name) => [name, []]));
  for await (const event of trainer.events()) {
    if (event.kind !== "step") continue;
    const now = names.map(values);
    for (const [i, name] of names.entries()) {
      all[name]?.push(Array.from(now[i] as Float32Array, (value, j) => Math.abs(value - (before[i]?.[j] as number))));
    }
    before = now;
  }
  return all;
}

/** Losses of the single steps, from the running means. */
async function lossesOf(trainer: Trainer): Promise<number[][]> {
  const epochs: number[][] = [[]];
  let sum = 0;
  for await (const event of trainer.events()) {
    if (event.kind === "epoch") epochs.push([]);
    if (event.kind !== "step") continue;
    const losses = epochs.at(-1) as number[];
    if (losses.length === 0) sum = 0;
    losses.push(event.loss * (losses.length + 1) - sum);
    sum = event.loss * losses.length;
  }
  return epochs.slice(0, -1);
}

test("the rates that reach the weights are the schedule's, which starts again in every stage", async () => {
  const stages: Stage[] = [
    { train: "head", epochs: 2, headLearningRate: 2e-4, warmupSteps: 0.3 },
    { train: ["head", { lastLayers: 1 }], epochs: 1, learningRate: 1e-4, headLearningRate: 4e-4, warmupSteps: 2 },
    { train: "all", epochs: 1, learningRate: 1e-4, layerDecay: 0.5, lrSchedulerType: "constant" },
  ];
  // so small that the task stays unlearnt and no gradient vanishes; without memory of gradients a step of Adam is the learning rate times the gradient's sign
  const args = { adamBeta1: 0, adamBeta2: 0, adamEpsilon: 1e-12 };
  const seen = await moves(await tinyTrainer({ stages, args }), [head, top, middle]);
  const warm = [0, 1, 2, 7, 6, 5, 4, 3, 2, 1].map((n, i) => (i < 3 ? n / 3 : n / 7)); // 3 of 10 steps up, 7 down
  const short = [0, 1 / 2, 1, 2 / 3, 1 / 3];
  const five = [1, 1, 1, 1, 1];
  const expected = {
    [head]: [...warm.map((f) => f * 2e-4), ...short.map((f) => f * 4e-4), ...five.map((f) => f * 1e-4)],
    [top]: [...warm.map(() => 0), ...short.map((f) => f * 1e-4), ...five.map((f) => f * 1e-4)],
    [middle]: [...warm.map(() => 0), ...short.map(() => 0), ...five.map((f) => f * 0.5e-4)],
  };
  for (const [name, rates] of Object.entries(expected)) {
    expect(seen[name]?.length).toBe(20);
    rates.forEach((rate, step) => {
      expect(Math.abs(median(seen[name]?.[step] ?? []) - rate), `${name}, step ${step}`).toBeLessThan(5e-7); // rounding of weights of 1 to 4
    });
  }
});

test("a layer thawed in stage 2 takes its first step of Adam there, while the head goes on with its own", async () => {
  const stages: Stage[] = [
    { train: "head", epochs: 2, learningRate: 1e-3, lrSchedulerType: "constant" },
    { train: ["head", { lastLayers: 1 }], epochs: 1, learningRate: 1e-3, lrSchedulerType: "constant" },
  ];
  const seen = await moves(await tinyTrainer({ stages }), [head, top]);
  const first = (name: string, step: number) => seen[name]?.[step] as number[];
  // at its first step a weight moves by the rate, whatever its gradient; later ones remember other gradients
  for (const values of [first(head, 0), first(top, 10)]) {
    const full = values.filter((value) => Math.abs(value - 1e-3) < 2e-6).length;
    expect(full / values.length).toBeGreaterThan(0.95);
  }
  const continued = first(head, 10);
  expect(continued.filter((value) => Math.abs(value - 1e-3) < 2e-6).length / continued.length).toBeLessThan(0.2);
  expect(largest(first(top, 9))).toBe(0);
});

test("clipping scales all gradients together, down to the norm that is asked for", async () => {
  // epsilon far above the gradients makes a step proportional to them
  const stages: Stage[] = [{ train: "head", epochs: 1, learningRate: 1e3, lrSchedulerType: "constant" }];
  const args = { adamBeta1: 0, adamBeta2: 0, adamEpsilon: 1e6, perDeviceTrainBatchSize: 40 };
  const names = ["bert.pooler.dense.weight", "bert.pooler.dense.bias", head, "classifier.bias"];
  const norm = async (maxGradNorm: number) => {
    const trainer = await tinyTrainer({ stages, args: { ...args, maxGradNorm } });
    return Math.hypot(...Object.values(await moves(trainer, names)).flatMap((steps) => steps[0] as number[])) * 1e3;
  };
  const free = await norm(0);
  expect(free).toBeGreaterThan(0.1);
  expect((await norm(free / 4)) / free).toBeCloseTo(0.25, 2);
  expect((await norm(free * 4)) / free).toBeCloseTo(1, 3);
});

const still: Stage[] = [2, 1].map((epochs) => ({ train: "head", epochs, learningRate: 0 }));

test("the order of the texts changes from epoch to epoch and from stage to stage, and is the same for the same seed", async () => {
  const order = async (seed: number) => lossesOf(await tinyTrainer({ stages: still, args: { seed } }));
  const [a, b, c] = [await order(5), await order(5), await order(6)];
  expect(a.map((losses) => losses.length)).toEqual([5, 5, 5]);
  expect(a).toEqual(b);
  expect(a).not.toEqual(c);
  expect(a[0]).not.toEqual(a[1]);
  expect(a[1]).not.toEqual(a[2]);
  expect(a[0]).not.toEqual(a[2]); // the first epoch of the second stage is not the first of the run again
  const mean = (losses: readonly number[] = []) => losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  expect(mean(a[0])).toBeCloseTo(mean(a[1]), 5); // the same texts all the same
  expect(mean(a[0])).toBeCloseTo(mean(c[0]), 5);
});

test("without dropout the training loss of unmoving weights is the evaluation's", async () => {
  const data = letters(40);
  const { history } = await (await tinyTrainer({ stages: still, trainDataset: data, evalDataset: data })).train();
  for (const { loss, evalLoss } of history) expect(loss).toBeCloseTo(evalLoss as number, 5);
});

test("dropout acts in training and not in evaluation, and follows the seed", async () => {
  const data = letters(40);
  const losses = async (args: { seed: number; frozenDropout?: boolean }, train: Stage["train"] = "all") => {
    const model = await tinyModel({ hidden_dropout_prob: 0.5, attention_probs_dropout_prob: 0.5 });
    const stages: Stage[] = [{ train, epochs: 2, learningRate: 0 }];
    const trainer = await tinyTrainer({ model, stages, trainDataset: data, evalDataset: data, args });
    const { history } = await trainer.train();
    return { train: history.map(({ loss }) => loss as number), evaluation: history[0]?.evalLoss as number };
  };
  const first = await losses({ seed: 1 });
  expect(await losses({ seed: 1 })).toEqual(first);
  const other = await losses({ seed: 2 });
  expect(other.train).not.toEqual(first.train);
  expect(other.evaluation).toBe(first.evaluation);
  expect(Math.abs((first.train[0] as number) - first.evaluation)).toBeGreaterThan(1e-4);
  expect(Math.abs((first.train[0] as number) - (first.train[1] as number))).toBeGreaterThan(1e-5); // no mask comes twice
  // frozen layers run without dropout unless it is asked for; what trains has it in both cases
  const [cached, as] = [await losses({ seed: 1 }, "head"), await losses({ seed: 1, frozenDropout: true }, "head")];
  expect(cached.train[0]).not.toBeCloseTo(as.train[0] as number, 4);
  expect(cached.train[0]).not.toBeCloseTo(cached.evaluation, 5);
  expect(as.evaluation).toBeCloseTo(cached.evaluation, 5);
});

test("every step has dropout masks of its own", async () => {
  const same = new TextDataset({
    name: "one text",
    texts: new Array(6).fill("a b c"),
    labels: new Int32Array(6),
    labelNames: ["early", "late"],
  });
  const model = await tinyModel({ hidden_dropout_prob: 0.5 });
  const stages: Stage[] = [{ train: "all", epochs: 2, learningRate: 0 }];
  const args = { perDeviceTrainBatchSize: 1 };
  const losses = await lossesOf(await tinyTrainer({ model, stages, trainDataset: same, args }));
  expect(new Set(losses.flat().map((loss) => loss.toFixed(6))).size).toBe(12);
});

test("the frozen layers are run once for all stages above them", async () => {
  const trainer = await tinyTrainer({ stages: progressive({ epochs: [1, 1, 1], layers: 1 }) });
  const prefix: [stage: number, done: number, total: number][] = [];
  let stage = -1;
  for await (const event of trainer.events()) {
    if (event.kind === "stage") stage = event.stage;
    if (event.kind === "prefix") prefix.push([stage, event.done, event.total]);
  }
  expect(prefix).toEqual([
    [0, 40, 60],
    [0, 60, 60],
  ]);
});

test("events come in order: stages, their steps, an evaluation and a row an epoch, and the run", async () => {
  const stages: Stage[] = [
    { train: "all", epochs: 2 },
    { train: "head", epochs: 1 },
  ];
  const kinds: TrainerEvent["kind"][] = [];
  const trainer = await tinyTrainer({ stages, args: { perDeviceTrainBatchSize: 20 } });
  for await (const { kind } of trainer.events()) kinds.push(kind);
  const epoch = ["step", "step", "evaluate", "epoch"];
  const second = ["stage", "prefix", "prefix", ...epoch, "stageEnd"];
  expect(kinds).toEqual(["begin", "stage", ...epoch, ...epoch, "stageEnd", ...second, "end"]);
});

test("a stop in the pass through the frozen layers changes nothing, and the model trains again", async () => {
  const trainer = await tinyTrainer({ stages: progressive({ epochs: [1, 1, 1], layers: 1 }) });
  const before = weightsOf(trainer);
  const tensors = tf.memory().numTensors;
  const controller = new AbortController();
  const stopped = async () => {
    for await (const { kind } of trainer.events({ signal: controller.signal })) {
      if (kind === "prefix") controller.abort(new Error("stopped by hand"));
    }
  };
  await expect(stopped()).rejects.toThrow("stopped by hand");
  expect([weightsOf(trainer), trainer.history, tf.memory().numTensors]).toEqual([before, [], tensors]);
  expect((await trainer.train()).history.length).toBe(3);
});

test("two runs at once on one model are refused, one after the other are not", async () => {
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 1 } });
  const [first, second] = await Promise.allSettled([trainer.train(), trainer.train()]);
  expect([first.status, second.status]).toEqual(["fulfilled", "rejected"]);
  expect(second).toMatchObject({ reason: { code: "IN_TRAINING" } });
  expect(trainer.history.length).toBe(1);
  for await (const { kind } of trainer.events()) if (kind === "step") break; // left in the middle
  expect((await trainer.train()).history.length).toBe(1);
});

test("evaluating in the middle of a run changes nothing about it", async () => {
  const train = async (meddle: boolean) => {
    const trainer = await tinyTrainer({ args: { numTrainEpochs: 1 } });
    for await (const { kind } of trainer.events()) {
      if (!meddle || kind !== "step") continue;
      await trainer.evaluate();
      await trainer.predict(["a b", "z"]);
    }
    return weightsOf(trainer);
  };
  expect(await train(true)).toEqual(await train(false));
});

test("batches by length see every text once an epoch, and the report says so", async () => {
  const data = letters(40);
  const args = { trainSamplingStrategy: "group_by_length" } as const;
  const run = await (await tinyTrainer({ stages: still, trainDataset: data, evalDataset: data, args })).train();
  for (const { loss, evalLoss } of run.history) expect(loss).toBeCloseTo(evalLoss as number, 5); // no dropout, no step
  expect(run.notices[0]).toMatch(/texts of like length \(trainSamplingStrategy "group_by_length"\)/);
});
