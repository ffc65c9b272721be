import { expect, test } from "vitest";
import { TextDataset } from "../../src/data/textDataset.ts";
import { encodeDataset, encodeTexts } from "../../src/evaluate/encodedDataset.ts";
import { checkSameLabels } from "../../src/train/checkDataset.ts";
import { tinyModel, tinyTokenizer } from "../train/tiny.ts";

const model = await tinyModel();
const dataset = (labels: string[], names?: string[]) =>
  TextDataset.fromRows(
    labels.map((label) => ({ text: "a b", label })),
    names === undefined ? {} : { labels: names },
  );

test("texts are cut to what is asked for, and never beyond what the model reads", () => {
  const long = [new Array(60).fill("a").join(" ")];
  const lengthOf = (maxLength?: number) => encodeTexts(long, tinyTokenizer, model, maxLength)[0]?.inputIds.length;
  expect([lengthOf(3), lengthOf(10), lengthOf(40), lengthOf(50), lengthOf()]).toEqual([3, 10, 40, 40, 40]);
});

test("an empty text is its special tokens", () => {
  expect(encodeTexts([""], tinyTokenizer, model, undefined)[0]?.inputIds.length).toBe(2);
  expect(encodeTexts([], tinyTokenizer, model, undefined)).toEqual([]);
});

test("a single text in place of a list is refused with what to write", () => {
  expect(() => encodeTexts("a b" as never, tinyTokenizer, model, undefined)).toThrow(/put it in brackets, \[text\]/);
});

test("a tokenizer of another model is refused before TensorFlow sees an id that is not in the table", async () => {
  const narrow = { ...model.config, vocabSize: 20 };
  const other = Object.assign(Object.create(model), { config: narrow }) as typeof model;
  expect(() => encodeTexts(["z y x"], tinyTokenizer, other, undefined)).toThrow(
    /Token id \d+ is out of range.*Use the tokenizer that belongs to the model/,
  );
});

test("labels stay beside their texts", () => {
  const { texts, labels } = encodeDataset(dataset(["no", "yes", "no"]), tinyTokenizer, model, undefined);
  expect([texts.length, [...labels]]).toEqual([3, [0, 1, 0]]);
});

test("a label that means another one than in training is refused, as where a file lacks one", () => {
  const training = dataset(["negative", "neutral", "positive"]);
  const check = (other: TextDataset) => () => checkSameLabels(other, "validation data", training);
  expect(check(dataset(["negative", "positive"]))).toThrow(
    /Label 1 is "positive" in the validation data, but "neutral" in the training data.*labels: \["negative"/,
  );
  expect(check(dataset(["negative", "positive"], [...training.labelNames]))).not.toThrow();
  expect(check(dataset(["negative", "neutral"]))).not.toThrow();
  expect(check(dataset(["0", "2"], ["0", "1", "2"]))).not.toThrow();
});
