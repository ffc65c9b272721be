/** Several labels a text, numbers, and pairs, through the whole of training: three strategies, log, predictions, saved folder. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { TextDataset } from "../../src/data/textDataset.ts";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import type { TrainingArguments } from "../../src/plan/arguments.ts";
import type { Stage } from "../../src/plan/stage.ts";
import { classifierOnly, lastLayers, progressive } from "../../src/recipes/recipes.ts";
import type { MetricKey } from "../../src/task/metrics.ts";
import type { ProblemType } from "../../src/task/task.ts";
import type { HistoryRow } from "../../src/train/runRecord.ts";
import { Trainer } from "../../src/trainer.ts";
import { goldenPath } from "../golden/read.ts";
import { temporaryFolder } from "../temporary.ts";
import { letters, tinyTokenizer, weightsOf } from "./tiny.ts";

/** What of the letters a text is labelled with: whether it has early ones and is long, how long it is, or both as numbers. */
const datasets = {
  "several labels": (count: number, seed: number) =>
    read(count, seed, (words, late) => [...(late ? ["late"] : []), ...(words.length > 5 ? ["long"] : [])], {}),
  "one number": (count: number, seed: number) =>
    read(count, seed, (words, late) => words.length / 5 - (late ? 2 : 0), { problemType: "regression" }),
  "two numbers": (count: number, seed: number) =>
    read(count, seed, (words, late) => [words.length / 5, late ? 1 : -1], { problemType: "regression" }),
  pairs: (count: number, seed: number) => {
    const [first, second] = [letters(count, seed), letters(count, seed + 9)];
    const isLate = (text: string) => text.charCodeAt(0) > 109;
    const rows = first.texts.map((text, i) => {
      const other = second.texts[i >> 1] as string;
      return { text, other, label: isLate(text) === isLate(other) ? "same" : "different" };
    });
    return TextDataset.fromRows(rows, { textPair: "other" });
  },
} as const;

function read(
  count: number,
  seed: number,
  label: (words: string[], late: boolean) => number | string[] | number[],
  options: { problemType?: ProblemType },
): TextDataset {
  const source = letters(count, seed);
  const rows = source.texts.map((text, i) => ({ text, label: label(text.split(" "), source.labels[i] === 1) }));
  return TextDataset.fromRows(rows, options);
}

const expected: Readonly<Record<keyof typeof datasets, { type: ProblemType; labels: number; metric: MetricKey }>> = {
  "several labels": { type: "multi_label_classification", labels: 2, metric: "evalMicroF1" },
  "one number": { type: "regression", labels: 1, metric: "evalMse" },
  "two numbers": { type: "regression", labels: 2, metric: "evalMse" },
  pairs: { type: "single_label_classification", labels: 2, metric: "evalAccuracy" },
};

async function trainerOf(kind: keyof typeof datasets, stages?: readonly Stage[], args: TrainingArguments = {}) {
  const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny-base"), {
    seed: 1,
    numLabels: expected[kind].labels,
  });
  return new Trainer({
    model,
    tokenizer: tinyTokenizer,
    trainDataset: datasets[kind](40, 0),
    evalDataset: datasets[kind](20, 1),
    ...(stages === undefined ? {} : { stages }),
    args: { perDeviceTrainBatchSize: 8, disableTqdm: true, seed: 1, learningRate: 1e-3, ...args },
  });
}

afterEach(() => void vi.restoreAllMocks());

describe.each(Object.keys(datasets) as (keyof typeof datasets)[])("%s", (kind) => {
  const { type, metric } = expected[kind];

  test.each<[string, Stage[]]>([
    ["classifier only", classifierOnly({ epochs: 2 })],
    ["last 2 layers", lastLayers(2, { epochs: 2, learningRate: 1e-3 })],
    ["progressive", progressive({ epochs: [1, 1, 1], layers: 2, learningRate: 1e-3 })],
  ])("%s trains what it names, and the log, the best epoch and the evaluation agree", async (_, stages) => {
    vi.spyOn(console, "info").mockImplementation(() => {});
    const trainer = await trainerOf(kind, stages);
    expect(trainer.model.problemType).toBe(type);
    const before = weightsOf(trainer);
    const run = await trainer.train();
    const trains = trainer.plan().trainable;
    for (const [name, values] of weightsOf(trainer)) {
      if (!trains.has(name)) expect(values, name).toEqual(before.get(name));
      else expect(values, name).not.toEqual(before.get(name));
    }
    const values = run.history.map((row) => row[metric] as number);
    const best = metric === "evalMse" ? Math.min(...values) : Math.max(...values);
    expect(run.metric).toEqual({ key: metric, greaterIsBetter: metric !== "evalMse" });
    // of equals the one with the lowest loss
    const equal = run.history.filter((row) => row[metric] === best);
    const lowest = Math.min(...equal.map(({ evalLoss }) => evalLoss as number));
    const { epoch, step } = equal.find(({ evalLoss }) => evalLoss === lowest) as HistoryRow;
    expect(run.best).toEqual({ epoch, step, [metric]: best, evalLoss: lowest });
    expect((await trainer.evaluate())[metric]).toBeCloseTo(best, 6);
    expect(run.report().sentences[0]).toMatch(/validation (micro F1|MSE|accuracy) [\d.]+/);
    trainer.model.dispose();
  });

  test("it is learnt, and a saved folder says what it was trained for", async () => {
    vi.spyOn(console, "info").mockImplementation(() => {});
    const trainer = await trainerOf(kind, undefined, { numTrainEpochs: 8 });
    const { history } = await trainer.train();
    expect(history.at(-1)?.loss).toBeLessThan(0.8 * (history[0]?.loss as number));
    const folder = join(temporaryFolder(), "model");
    await trainer.saveModel(folder);
    const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
    expect(config.problem_type).toBe(type);
    const state = JSON.parse(await readFile(join(folder, "trainer_state.json"), "utf8"));
    expect(state.best_metric).toBe(
      history.map((row) => row[metric]).find((_, i) => history[i]?.step === state.best_global_step),
    );
    const loaded = await AutoModelForSequenceClassification.fromPretrained(folder);
    expect([loaded.problemType, loaded.config.numLabels]).toEqual([type, expected[kind].labels]);
    loaded.dispose();
    trainer.model.dispose();
  });
});

test("what is predicted is what the problem type gives", async () => {
  vi.spyOn(console, "info").mockImplementation(() => {});
  const texts = ["a b", "z y x z y x z"];
  const several = await trainerOf("several labels");
  const [first] = await several.predict(texts, { threshold: 0 });
  expect(first?.labels?.map(({ label }) => label).sort()).toEqual(["LABEL_0", "LABEL_1"]);
  expect(first?.labels?.[0]).toEqual({ label: first?.label, score: first?.score });
  expect(first?.labels?.map(({ score }) => score).sort()).toEqual(
    first?.logits.map((x) => 1 / (1 + Math.exp(-x))).sort(),
  );
  expect((await several.predict(texts, { threshold: 1 }))[0]?.labels).toEqual([]);
  await expect(several.predict(texts, { threshold: 2 })).rejects.toThrow(/threshold is 2/);
  const numbers = await (await trainerOf("two numbers")).predict(texts);
  expect(numbers[1]).toEqual({
    label: "LABEL_0",
    score: numbers[1]?.logits[0],
    values: numbers[1]?.logits,
    logits: numbers[1]?.logits,
  });
  const pairs = await trainerOf("pairs");
  const [paired, other] = await pairs.predict(["a b", "a b"], { textPair: ["z", "a"] });
  expect(paired?.logits).not.toEqual(other?.logits);
  const { logits } = pairs.model.forward(tinyTokenizer("a b", { textPair: "z" }));
  logits.dataSync().forEach((value, i) => {
    expect(paired?.logits[i]).toBeCloseTo(value, 5);
  });
});

test.each<[unknown, RegExp]>([
  [{ top_k: null }, /"top_k". Write topK/],
  [{ return_all_scores: true }, /Here it is topK: null/],
  [{ batch_size: 8 }, /perDeviceEvalBatchSize, a training argument/],
  [{ function_to_apply: "none" }, /every prediction has its logits/],
  [{ treshold: 0.5 }, /Did you mean threshold/],
  [{ topK: 0 }, /topK is 0/],
  [0.5, /by name, in an object/],
])("predict with the options %j says what was meant", async (options, message) => {
  vi.spyOn(console, "info").mockImplementation(() => {});
  const trainer = await trainerOf("several labels");
  await expect(trainer.predict(["a"], options as object)).rejects.toMatchObject({
    code: "BAD_ARGUMENT",
    message: expect.stringMatching(message),
  });
  trainer.model.dispose();
});

test("the data decides the problem type, and says so where it is not one label a text", async () => {
  const info = vi.spyOn(console, "info").mockImplementation(() => {});
  const said = async (kind: keyof typeof datasets) => {
    info.mockClear();
    await trainerOf(kind);
    return info.mock.calls.flat().filter((line) => String(line).startsWith("Problem type"));
  };
  expect(await said("several labels")).toEqual([
    'Problem type "multi_label_classification", decided by the training data and stored with the model: its texts have any number of labels.',
  ]);
  expect(await said("two numbers")).toHaveLength(1);
  expect(await said("one number")).toEqual([
    'Problem type "regression": the model has one label, so that it gives a number for each text.',
  ]);
  expect(await said("pairs")).toEqual([]);
});

test("data of another kind than the model's, or with other labels, is refused with what to write", async () => {
  vi.spyOn(console, "info").mockImplementation(() => {});
  const [several, pairs] = [await trainerOf("several labels"), await trainerOf("pairs")];
  await expect(several.evaluate(letters(4))).rejects.toThrow(/one label a text, but the model is for any number/);
  await expect(several.evaluate(datasets["one number"](10, 0))).rejects.toThrow(/has numbers, but the model/);
  await expect(pairs.evaluate(letters(4))).rejects.toThrow(/single texts, but the training data is pairs/);
  const three = TextDataset.fromRows([{ text: "a", label: ["x", "y", "z"] }]);
  await expect(several.evaluate(three)).rejects.toThrow(/3 labels a row \(x, y, z\), but the model has 2/);
  const renamed = TextDataset.fromRows([{ text: "a", label: ["late"] }], { labels: ["long", "late"] });
  await expect(several.evaluate(renamed)).rejects.toThrow(/Label 0 is "long".*"late"/);
});

test("the metric that is asked for chooses the epoch, and patience counts in its direction", async () => {
  vi.spyOn(console, "info").mockImplementation(() => {});
  const stages: Stage[] = [{ train: "all", epochs: 6, learningRate: 1e-3, patience: 1 }];
  const { history, best } = await (await trainerOf("one number", stages, { metricForBestModel: "eval_mae" })).train();
  const values = history.map((row) => row.evalMae as number);
  expect(best).toMatchObject({ epoch: values.indexOf(Math.min(...values)) + 1, evalMae: Math.min(...values) });
  const firstWorse = values.findIndex((value, i) => i > 0 && value >= Math.min(...values.slice(0, i)));
  expect(values).toHaveLength(firstWorse < 0 ? 6 : firstWorse + 1);
  await expect(trainerOf("one number", stages, { metricForBestModel: "accuracy" })).rejects.toThrow(
    /metricForBestModel is "accuracy"; of problem type "regression" there are evalLoss, evalMse/,
  );
});
