/** Names of labels: those of the data and those of the model mean the same, or nothing is trained. */
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TextDataset } from "../../src/data/textDataset.ts";
import { AutoModelForSequenceClassification, type FromPretrainedOptions } from "../../src/models/autoModel.ts";
import { pipeline } from "../../src/pipeline.ts";
import { Trainer } from "../../src/trainer.ts";
import { goldenPath } from "../golden/read.ts";
import { temporaryFolder } from "../temporary.ts";
import { tinyTokenizer } from "./tiny.ts";

let said: string[] = [];
beforeEach(() => {
  said = [];
  vi.spyOn(console, "info").mockImplementation((text) => void said.push(text));
});
afterEach(() => void vi.restoreAllMocks());

/** A folder with a trained head for two labels of these names. */
async function trained(id2label: Record<string, unknown>): Promise<string> {
  const folder = temporaryFolder();
  await cp(goldenPath("bert-tiny-4"), folder, { recursive: true });
  const file = join(folder, "config.json");
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, "utf8")), id2label }));
  return folder;
}
const load = async (id2label: Record<string, unknown>, options: FromPretrainedOptions = {}) =>
  AutoModelForSequenceClassification.fromPretrained(await trained(id2label), options);

const rows = (labels: readonly string[]) =>
  labels.flatMap((label, i) => [
    { text: i === 0 ? "a b c" : "x y z", label },
    { text: i === 0 ? "b c d e" : "w x y", label },
  ]);
const data = (labels: readonly string[], options = {}) => TextDataset.fromRows(rows(labels), options);
const args = { numTrainEpochs: 12, learningRate: 3e-3, disableTqdm: true, seed: 1 } as const;
type Model = Awaited<ReturnType<typeof load>>;
const trainerOf = (model: Model, trainDataset: TextDataset) =>
  new Trainer({ model, tokenizer: tinyTokenizer, trainDataset, args });

/** What an error's advice says to write, as an option: `labels: ["a","b"]` -> `{ labels: ["a", "b"] }`. */
function advised(error: unknown, option: string): Record<string, unknown> {
  const list = new RegExp(`${option}: (\\[.*?\\])`).exec((error as Error).message)?.[1];
  return { [option]: JSON.parse(list as string) };
}
const refusal = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was refused");
};

describe.each<[title: string, model: Record<string, string>, labels: string[]]>([
  ["case", { 0: "POSITIVE", 1: "NEGATIVE" }, ["positive", "negative"]],
  ["an underscore", { 0: "not_entailment", 1: "entailment" }, ["Not Entailment", "Entailment"]],
  ["nothing but their order", { 0: "yes", 1: "no" }, ["yes", "no"]],
  ["spaces around them", { 0: "spam", 1: "ham" }, [" spam", "ham "]],
])("a trained head whose names differ from the data's in %s", (_, id2label, labels) => {
  test("is never trained the wrong way round: data in another order is refused, with the line that puts it right", async () => {
    const model = await load(id2label);
    const turned = data(labels, { labels: [...labels].reverse() });
    const error = refusal(() => trainerOf(model, turned));
    expect(error).toMatchObject({
      code: "BAD_DATA",
      message: expect.stringMatching(/has index \d in the training data, but \d/),
    });
    const followed = data(labels, advised(error, "labels"));
    expect(followed.labelNames).toEqual(labels);
    const trainer = trainerOf(model, followed);
    await trainer.train();
    const predictions = await trainer.predict(["a b c", "x y z"]);
    expect(predictions.map(({ label }) => label)).toEqual([id2label[0], id2label[1]]);
    model.dispose();
  });
});

test.each<[string[], string[]]>([
  [
    ["ham", "spam"],
    ["NEGATIVE", "POSITIVE"],
  ],
  [
    ["negativ", "positiv"],
    ["negative", "positive"],
  ],
  [
    ["negative", "neutral"],
    ["negative", "positive"],
  ],
])(
  "names %j, which a head trained for %j does not know, are neither dropped nor taken: what to write is said",
  async (labels, known) => {
    const model = await load({ 0: known[0], 1: known[1] });
    const error = refusal(() => trainerOf(model, data(labels)));
    expect(error).toMatchObject({
      code: "BAD_DATA",
      message: expect.stringMatching(/is ".*" in the training data, but ".*" in the model.*newHead: true as well/),
    });
    model.dispose();
    // the first advice: the same labels under other names
    const renamed = await load({ 0: known[0], 1: known[1] }, advised(error, "id2label"));
    expect(renamed.newlyInitialized).toEqual([]);
    expect(said.join("\n")).toContain("The outputs of the trained head have other names");
    expect(() => trainerOf(renamed, data(labels))).not.toThrow();
    renamed.dispose();
    // the second: other labels
    const fresh = await load({ 0: known[0], 1: known[1] }, { ...advised(error, "id2label"), newHead: true });
    expect(fresh.newlyInitialized).toEqual(["classifier.weight", "classifier.bias"]);
    expect(fresh.config.id2label).toEqual(labels);
    expect(() => trainerOf(fresh, data(labels))).not.toThrow();
    fresh.dispose();
  },
);

test.each<[string, FromPretrainedOptions]>([
  ["a list", { id2label: ["POSITIVE", "NEGATIVE"] }],
  ["another spelling", { id2label: ["positive", "negative"] }],
  ["an object", { id2label: { 0: "POSITIVE", 1: "NEGATIVE" } }],
  ["label2id", { label2id: { POSITIVE: 0, NEGATIVE: 1 } }],
  ["one of them moved, the other new", { id2label: ["POSITIVE", "other"] }],
])(
  "names for a trained head in another order than its rows, as %s, are refused with what to write",
  async (_, options) => {
    const error = await load({ 0: "NEGATIVE", 1: "POSITIVE" }, options).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "BAD_LABEL",
      message: expect.stringMatching(/calls output 0 ".*", but the head in .* was trained with "NEGATIVE" there/),
    });
    const inOrder = await load({ 0: "NEGATIVE", 1: "POSITIVE" }, advised(error, "id2label"));
    expect([inOrder.newlyInitialized, inOrder.config.id2label]).toEqual([[], ["NEGATIVE", "POSITIVE"]]);
    inOrder.dispose();
    const fresh = await load({ 0: "NEGATIVE", 1: "POSITIVE" }, { ...options, newHead: true });
    expect(fresh.newlyInitialized).toEqual(["classifier.weight", "classifier.bias"]);
    fresh.dispose();
  },
);

test("names that only say an index fit all, in the data as in the model, and the model takes the data's when it is trained", async () => {
  const placeholders = { 0: "LABEL_0", 1: "LABEL_1" };
  const model = await load(placeholders);
  const trainer = trainerOf(model, data(["early", "late"]));
  expect(model.config.id2label).toEqual(["LABEL_0", "LABEL_1"]);
  await trainer.train();
  expect(model.config).toMatchObject({ id2label: ["early", "late"], label2id: { early: 0, late: 1 } });
  expect((await trainer.predict(["a b c", "x y z"])).map(({ label }) => label)).toEqual(["early", "late"]);
  const folder = join(temporaryFolder(), "model");
  await trainer.saveModel(folder);
  const classify = await pipeline("text-classification", folder);
  expect((await classify("x y z"))[0]?.label).toBe("late");
  classify.dispose();
  model.dispose();
  const numbered = await load({ 0: "NEGATIVE", 1: "POSITIVE" });
  expect(() => trainerOf(numbered, data(["0", "1"]))).not.toThrow();
  numbered.dispose();
});

test("labels of several an example, and outputs of a regression, follow the same rule", async () => {
  const several = (labels: string[]) =>
    TextDataset.fromRows(
      [
        { text: "a", label: ["joy"] },
        { text: "b", label: ["trust"] },
      ],
      { labels },
    );
  const model = await load({ 0: "JOY", 1: "TRUST" }, { problemType: "multi_label_classification" });
  expect(() => trainerOf(model, several(["joy", "trust"]))).not.toThrow();
  const error = refusal(() => trainerOf(model, several(["trust", "joy"])));
  expect(advised(error, "labels")).toEqual({ labels: ["joy", "trust"] });
  model.dispose();
  const numbers = (label: string[]) =>
    TextDataset.fromRows(
      [
        { text: "a", stars: 1, words: 3 },
        { text: "b", stars: 2, words: 1 },
      ],
      { label, problemType: "regression" },
    );
  const outputs = await load({ 0: "stars", 1: "words" }, { problemType: "regression" });
  expect(() => trainerOf(outputs, numbers(["stars", "words"]))).not.toThrow();
  const moved = refusal(() => trainerOf(outputs, numbers(["words", "stars"])));
  expect(numbers(advised(moved, "label").label as string[]).labelNames).toEqual(["stars", "words"]);
  outputs.dispose();
});

test("validation data that spells its labels otherwise is taken, in another order it is refused with its own spelling", async () => {
  const model = await load({ 0: "LABEL_0", 1: "LABEL_1" });
  const trainDataset = data(["early", "late"]);
  const withEvaluation = (evalDataset: TextDataset) =>
    new Trainer({ model, tokenizer: tinyTokenizer, trainDataset, evalDataset, args });
  expect(() => withEvaluation(data(["Early", "LATE"]))).not.toThrow();
  const error = refusal(() => withEvaluation(data(["Early", "Late"], { labels: ["Late", "Early"] })));
  const followed = data(["Early", "Late"], advised(error, "labels"));
  expect(followed.labelNames).toEqual(["Early", "Late"]);
  expect(() => withEvaluation(followed)).not.toThrow();
  expect(() => withEvaluation(data(["early", "never"]))).toThrow(
    /Label "never" of the validation data is none of the training/,
  );
  model.dispose();
});
