import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { TextDataset } from "../../src/data/textDataset.ts";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import type { Stage } from "../../src/plan/stage.ts";
import { classifierOnly, lastLayers, progressive } from "../../src/recipes/recipes.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { AutoTokenizer } from "../../src/tokenizer/autoTokenizer.ts";
import { goldenPath } from "../golden/read.ts";
import { temporaryFolder } from "../temporary.ts";
import { letters, tinyTokenizer, tinyTrainer, weightsOf } from "./tiny.ts";

const strategies: [string, Stage[]][] = [
  ["classifier only", classifierOnly({ epochs: 2 })],
  ["last 2 layers", lastLayers(2, { epochs: 2, learningRate: 1e-3 })],
  ["progressive", progressive({ epochs: [1, 1, 1], layers: 2, learningRate: 1e-3 })],
  ["layer 1 under a frozen layer 2", [{ train: ["head", { layers: [1] }], epochs: 2 }]],
];

test.each(strategies)(
  "%s: what is frozen keeps every byte under weight decay, what trains moves",
  async (_, stages) => {
    const trainer = await tinyTrainer({ stages, args: { weightDecay: 0.1 } });
    const before = weightsOf(trainer);
    const run = await trainer.train();
    const trains = trainer.plan().trainable;
    for (const [name, values] of weightsOf(trainer)) {
      const moved = values.some((value, i) => value !== before.get(name)?.[i]);
      expect(moved, name).toBe(trains.has(name));
    }
    expect(run.evidence).toMatchObject({ changed: [], optimizerBytesForFrozen: 0 });
    expect(run.evidence.before).toBe(run.evidence.after);
    expect(run.evidence.frozenTensors).toBe(trainer.model.parameters.size - trains.size);
  },
);

test("a frozen weight that moves all the same ends the run with its name", async () => {
  const trainer = await tinyTrainer({ stages: classifierOnly({ epochs: 1 }) });
  const name = "bert.encoder.layer.0.output.dense.bias";
  const meddle = async () => {
    for await (const event of trainer.events()) {
      if (event.kind === "step") trainer.model.parameters.get(name)?.assign(new Float32Array(32).fill(1));
    }
  };
  await expect(meddle()).rejects.toMatchObject({ code: "FROZEN_CHANGED", message: expect.stringContaining(name) });
});

test("the task is learnt, the log has a row an epoch, and the best epoch's weights stay", async () => {
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 6 } });
  const run = await trainer.train();
  expect(run.history.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(run.history.map(({ step }) => step)).toEqual([5, 10, 15, 20, 25, 30]);
  expect(run.best?.evalAccuracy).toBe(Math.max(...run.history.map(({ evalAccuracy }) => evalAccuracy ?? 0)));
  expect(run.best?.evalAccuracy).toBeGreaterThan(0.8);
  expect((await trainer.evaluate()).evalAccuracy).toBe(run.best?.evalAccuracy);
  expect(run.history.at(-1)?.learningRate).toBeCloseTo(1e-3 / 30, 10); // linear, 1 of 30 steps before the end
});

test("a cached frozen prefix gives the same losses as one that is computed every time", async () => {
  const stages = progressive({ epochs: [2, 2, 1], layers: 2, learningRate: 1e-3 });
  const losses = async (frozenDropout: boolean) =>
    (await (await tinyTrainer({ stages, args: { frozenDropout } })).train()).history.map(({ loss, evalLoss }) => [
      loss,
      evalLoss,
    ]);
  const [cached, computed] = [await losses(false), await losses(true)]; // this model's dropout rates are 0
  cached.flat().forEach((loss, i) => {
    expect(loss).toBeCloseTo(computed.flat()[i] as number, 5);
  });
});

test("the same seed gives the same bytes, another seed others", async () => {
  const train = async (seed: number) => {
    const trainer = await tinyTrainer({ args: { seed, numTrainEpochs: 1 } });
    await trainer.train();
    return weightsOf(trainer).get("classifier.weight");
  };
  const [a, b, c] = [await train(3), await train(3), await train(4)];
  expect(a).toEqual(b);
  expect(a).not.toEqual(c);
});

test("a step adds no tensor, and a run leaves none", async () => {
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 2 } });
  const before = tf.memory().numTensors;
  const counts: number[] = [];
  for await (const event of trainer.events()) if (event.kind === "step") counts.push(tf.memory().numTensors);
  expect(new Set(counts.slice(3)).size).toBe(1);
  // a parameter keeps its value at hand once it has been read: one tensor each at most
  expect(tf.memory().numTensors - before).toBeLessThanOrEqual(trainer.model.parameters.size);
  const after = tf.memory().numTensors;
  await trainer.train();
  expect(tf.memory().numTensors).toBe(after);
});

test("an abort ends training within one step, keeps the log, and nothing runs on", async () => {
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 50 } });
  const controller = new AbortController();
  let steps = 0;
  const run = async () => {
    for await (const event of trainer.events({ signal: controller.signal })) {
      if (event.kind === "step") steps += 1;
      if (steps === 7) controller.abort(new Error("stopped by hand"));
    }
  };
  await expect(run()).rejects.toThrow("stopped by hand");
  const weights = weightsOf(trainer);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(steps).toBe(7);
  expect(weightsOf(trainer)).toEqual(weights);
  expect(trainer.history.length).toBe(1);
});

test("a loss that is not a number stops the run before any weight changes", async () => {
  const trainer = await tinyTrainer();
  const bias = trainer.model.parameters.get("classifier.bias");
  bias?.assign(Float32Array.of(Number.NaN, 0));
  const before = weightsOf(trainer);
  await expect(trainer.train()).rejects.toMatchObject({ code: "NON_FINITE" });
  expect(weightsOf(trainer)).toEqual(before);
});

test("patience ends a stage early, and the next one begins", async () => {
  const stages: Stage[] = [
    { train: "head", epochs: 9, learningRate: 0, patience: 2 },
    { train: "all", epochs: 1 },
  ];
  const run = await (await tinyTrainer({ stages })).train();
  expect(run.stages.map(({ outcome }) => outcome?.epochs)).toEqual([3, 1]);
  expect(run.history.map(({ stage }) => stage)).toEqual([0, 0, 0, 1]);
});

test("what is saved loads again with the same logits, tokenizer and log", async () => {
  const folder = join(temporaryFolder(), "model");
  const trainer = await tinyTrainer({ stages: classifierOnly({ epochs: 1 }) });
  await trainer.train();
  await trainer.saveModel(folder);
  expect((await readdir(folder)).sort()).toEqual(
    expect.arrayContaining([
      "config.json",
      "model.safetensors",
      "tokenizer.json",
      "trainer_state.json",
      "training_args.json",
    ]),
  );
  const model = await AutoModelForSequenceClassification.fromPretrained(folder);
  expect(model.newlyInitialized).toEqual([]);
  const tokenizer = await AutoTokenizer.fromPretrained(folder);
  const batch = tokenizer(["a b c", "x y"], { padding: true });
  const [mine, theirs] = [model, trainer.model].map((m) => m.forward(batch).logits.dataSync());
  expect(mine).toEqual(theirs);
  const state = JSON.parse(await readFile(join(folder, "trainer_state.json"), "utf8"));
  expect([state.best_global_step, state.best_metric]).toEqual([5, state.log_history[0].eval_accuracy]);
  expect(state.log_history[0]).toMatchObject({ step: 5, epoch: 1, eval_accuracy: expect.any(Number) });
});

test("a save that cannot be finished leaves what was there", async () => {
  const folder = join(temporaryFolder(), "file");
  await writeFile(folder, "mine");
  const trainer = await tinyTrainer();
  await expect(trainer.saveModel(folder)).rejects.toThrow(/it is a file/);
  expect(await readFile(folder, "utf8")).toBe("mine");
});

test("predictions carry the label's name and its probability", async () => {
  const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny-base"), {
    id2label: ["early", "late"],
    seed: 1,
  });
  const trainer = await tinyTrainer({ model, args: { numTrainEpochs: 6 } });
  await trainer.train();
  const [first, second] = await trainer.predict(["a b c d", "z y x w"]);
  expect([first?.label, second?.label]).toEqual(["early", "late"]);
  expect(first?.score).toBeGreaterThan(0.5);
  expect(first?.logits.length).toBe(2);
});

test("everything that can be wrong is refused before anything runs", async () => {
  const three = TextDataset.fromRows(
    ["a", "b", "c"].map((text) => ({ text, label: text })),
    { text: "text", label: "label" },
  );
  await expect(tinyTrainer({ trainDataset: three })).rejects.toThrow(
    /Row 3 of the training data has label 2 \("c"\).*id2label: \["a","b","c"\], or numLabels: 3/,
  );
  await expect(tinyTrainer({ evalDataset: three })).rejects.toThrow(/validation data/);
  const frozen = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny"));
  frozen.freeze();
  await expect(tinyTrainer({ model: frozen, trainDataset: letters(8) })).rejects.toThrow(/Everything is frozen/);
  await expect(tinyTrainer({ args: { numTrainEpochs: 0 } })).rejects.toThrow(/numTrainEpochs is 0/);
  await expect(tinyTrainer({ args: { learningrate: 1 } as never })).rejects.toThrow(
    /no training argument "learningrate"/,
  );
  await expect(tinyTrainer({ args: { learningRate: -1 } })).rejects.toThrow(/learningRate is -1/);
  await expect(tinyTrainer({ args: { lrSchedulerType: "sine" as never } })).rejects.toThrow(/known are linear/);
  await expect(tinyTrainer({ stages: [{ train: { layers: [3] }, epochs: 1 }] })).rejects.toThrow(/no encoder layer 3/);
});

test("the model's mask is the plan where no stages are given", async () => {
  const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny-base"));
  model
    .freeze()
    .unfreeze("head")
    .unfreeze({ layers: [2] });
  const trainer = await tinyTrainer({ model });
  expect(trainer.plan().stages.map(({ row }) => row.trains)).toEqual(["head, layer 2"]);
  expect(tinyTokenizer("a b").inputIds.length).toBe(1);
});
