/** What people do by mistake, or on the first day. */
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { TextDataset } from "../../src/data/textDataset.ts";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { lastLayers } from "../../src/recipes/recipes.ts";
import { Trainer } from "../../src/trainer.ts";
import { goldenPath } from "../golden/read.ts";
import { letters, tinyModel, tinyTokenizer, tinyTrainer, weightsOf } from "./tiny.ts";

const quiet = { disableTqdm: true, numTrainEpochs: 1, learningRate: 1e-3 } as const;
const withoutEvaluation = async (options = {}) =>
  new Trainer({
    model: await tinyModel(),
    tokenizer: tinyTokenizer,
    trainDataset: letters(12),
    args: quiet,
    ...options,
  });

test("a mask set by hand after the trainer was made is what trains, and what the plan shows", async () => {
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 1 } });
  const before = weightsOf(trainer);
  trainer.model.freeze().unfreeze("head");
  expect(trainer.plan().stages.map(({ row }) => row.trains)).toEqual(["head"]);
  await trainer.train();
  const moved = [...weightsOf(trainer)].filter(([name, values]) => String(values) !== String(before.get(name)));
  expect(moved.map(([name]) => name).every((name) => /pooler|classifier/.test(name))).toBe(true);
  trainer.model.freeze();
  await expect(trainer.train()).rejects.toThrow(/Everything is frozen/);
});

test("trained twice, a trainer goes on from its weights, with a log of the second run", async () => {
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 2 } });
  const first = await trainer.train();
  const second = await trainer.train();
  expect(second.history.length).toBe(2);
  expect(trainer.history).toEqual(second.history);
  expect(second.history[0]?.loss).toBeLessThan(first.history[0]?.loss as number);
});

test("a head that has been trained counts as no longer random, in tables and in later plans", async () => {
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 1, loadBestModelAtEnd: false } });
  const stages = [{ train: { lastLayers: 1 }, epochs: 1 }];
  await expect(tinyTrainer({ model: trainer.model, stages })).rejects.toMatchObject({ code: "FROZEN_RANDOM_HEAD" });
  await trainer.train();
  expect(trainer.model.newlyInitialized).toEqual([]);
  expect(trainer.model.summary().blocks.every(({ newlyInitialized }) => newlyInitialized === 0)).toBe(true);
  await expect(tinyTrainer({ model: trainer.model, stages })).resolves.toBeInstanceOf(Trainer);
});

test("without validation data the rows have none, the last weights stay, and patience is refused", async () => {
  const trainer = await withoutEvaluation();
  const run = await trainer.train();
  expect(run.history.map((row) => Object.keys(row).filter((key) => key.startsWith("eval")))).toEqual([[]]);
  expect(run.best).toBeUndefined();
  await expect(trainer.evaluate()).rejects.toThrow(/pass a data set, or give evalDataset/);
  const stages = [{ train: "head" as const, epochs: 3, patience: 1 }];
  await expect(withoutEvaluation({ stages })).rejects.toThrow(/Stage 0 has patience, which needs validation/);
});

test("patience and the best epoch go together: the weights are those of the best epoch of all stages", async () => {
  const stages = [
    { train: "all" as const, epochs: 6, learningRate: 1e-3, patience: 2 },
    { train: "all" as const, epochs: 2, learningRate: 10, lrSchedulerType: "constant" as const }, // ruins the model
  ];
  const trainer = await tinyTrainer({ stages });
  const { best, history } = await trainer.train();
  expect(best?.epoch).toBeLessThanOrEqual(6);
  expect(history.at(-1)?.evalAccuracy).toBeLessThan(best?.evalAccuracy as number);
  expect((await trainer.evaluate()).evalLoss).toBeCloseTo(
    history.find(({ epoch }) => epoch === best?.epoch)?.evalLoss as number,
    5,
  );
});

test("without loadBestModelAtEnd the last epoch's weights stay", async () => {
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 4, loadBestModelAtEnd: false } });
  const run = await trainer.train();
  expect(run.weights).toMatchObject({ epoch: 4, step: 20 });
  expect(run.best?.epoch).toBeLessThanOrEqual(4); // it is known all the same
  expect((await trainer.evaluate()).evalLoss).toBeCloseTo(run.history.at(-1)?.evalLoss as number, 6);
});

test("batches of one text, of more texts than there are, and of a last text alone train", async () => {
  for (const [count, size, steps] of [
    [3, 1, 3],
    [3, 16, 1],
    [9, 8, 2],
  ] as const) {
    const args = { ...quiet, perDeviceTrainBatchSize: size };
    const { history } = await (await withoutEvaluation({ trainDataset: letters(count), args })).train();
    expect(history[0]?.step).toBe(steps);
    expect(history[0]?.loss).toBeGreaterThan(0);
  }
});

test("texts of one length, and texts cut to one token, train as others do", async () => {
  const equal = TextDataset.fromRows(
    Array.from({ length: 24 }, (_, i) => ({ text: i % 2 === 0 ? "a b c" : "x y z", label: i % 2 })),
  );
  for (const maxLength of [512, 3]) {
    const args = { maxLength, numTrainEpochs: 6, learningRate: 3e-3 };
    const run = await (await tinyTrainer({ trainDataset: equal, evalDataset: equal, args })).train();
    expect(run.best?.evalAccuracy).toBe(1);
  }
});

test("three labels given as words are learnt, under the names of the data where the model is given them", async () => {
  const words = ["low", "middle", "high"];
  const rows = Array.from({ length: 60 }, (_, i) => ({ text: ["a b", "m n", "y z"][i % 3], label: words[i % 3] }));
  const data = TextDataset.fromRows(rows, { labels: words });
  const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny-base"), {
    id2label: words,
    seed: 1,
  });
  const args = { numTrainEpochs: 8, learningRate: 3e-3 };
  const trainer = await tinyTrainer({ model, trainDataset: data, evalDataset: data, args });
  await trainer.train();
  expect((await trainer.evaluate()).evalAccuracy).toBe(1);
  expect((await trainer.predict(["a b", "m n", "y z"])).map(({ label }) => label)).toEqual(words);
});

test("a validation file that numbers its labels otherwise is refused when the trainer is made, and in evaluate", async () => {
  const turned = letters(8);
  const other = new TextDataset({
    ...turned,
    texts: turned.texts,
    labels: turned.labels,
    labelNames: ["late", "early"],
  });
  await expect(tinyTrainer({ evalDataset: other })).rejects.toThrow(/Label \d is .* in the validation data/);
  await expect((await tinyTrainer()).evaluate(other)).rejects.toThrow(/in the data to evaluate on/);
});

test("a stage's learning rate is the layers'; the head keeps the rate that the run gives it", async () => {
  const stages = [{ train: "all" as const, epochs: 1, learningRate: 2e-5 }];
  const rates = async (args: object) => {
    const { learningRates } = (await tinyTrainer({ stages, args })).plan().stages[0] ?? {};
    return ["classifier.bias", "bert.encoder.layer.0.output.dense.bias"].map((name) => learningRates?.get(name));
  };
  expect(await rates({ headLearningRate: 1e-2 })).toEqual([1e-2, 2e-5]);
  expect(await rates({})).toEqual([2e-5, 2e-5]);
});

test("a model that was disposed says so, and freeing it again does nothing", async () => {
  const trainer = await tinyTrainer({ stages: lastLayers(1) });
  trainer.model.dispose();
  trainer.model.dispose();
  await expect(trainer.train()).rejects.toMatchObject({ code: "DISPOSED" });
  await expect(trainer.predict(["a"])).rejects.toThrow(/freed by dispose\(\): load the model again/);
});

test("a trainer is shown in a sentence", async () => {
  expect(inspect(await tinyTrainer())).toBe(
    "Trainer of the model bert; texts: 40 for training, 20 for validation. plan() says what it will do, train() does it.",
  );
  expect(inspect(await withoutEvaluation())).toMatch(/12 for training, none for validation/);
});

test("one text is no list of texts, neither first nor second", async () => {
  const trainer = await tinyTrainer();
  await expect(trainer.predict("a" as never)).rejects.toThrow(/put it in brackets/);
  await expect(trainer.predict(["a"], { textPair: "b" as never })).rejects.toThrow(/put it in brackets/);
});

test("an empty list has no predictions, an empty text has one", async () => {
  const trainer = await tinyTrainer();
  expect(await trainer.predict([])).toEqual([]);
  const [only] = await trainer.predict([""]);
  expect(only?.logits.length).toBe(2);
  expect(only?.score).toBeGreaterThanOrEqual(0.5);
});
