import { expect, test } from "vitest";
import { checkBatch, checkLabels } from "../../src/models/inputs.ts";
import { PackedBatch } from "../../src/models/packedBatch.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { tinyModel } from "../train/tiny.ts";

const model = await tinyModel();
const { config, family } = model;
const text = (inputIds: number[], tokenTypeIds?: number[]) =>
  PackedBatch.fromTexts([tokenTypeIds === undefined ? { inputIds } : { inputIds, tokenTypeIds }]);

test("the first and the last id, type and position of the tables are fine", () => {
  const longest = new Array(40).fill(59);
  longest[0] = 0;
  expect(() => checkBatch(text(longest, new Array(40).fill(1)), family, config)).not.toThrow();
});

test.each([
  ["an id beyond the table", text([60]), /Token id 60 is out of range: this model has 0 to 59.*tokenizer/],
  ["a negative id", text([-1]), /Token id -1/],
  ["a third type", text([1], [2]), /Token type 2.*0 to 1/],
  ["a text too long", text(new Array(41).fill(1)), /Position 40.*0 to 39.*truncation/],
])("%s is refused", (_, batch, message) => {
  expect(() => checkBatch(batch, family, config)).toThrow(message);
});

test("labels come back as int32", () => {
  expect(checkLabels([1, 0], 2, config)).toEqual(Int32Array.of(1, 0));
});

test.each<[unknown[], RegExp]>([
  [[0], /1 labels for 2 texts/],
  [[0, 2], /label of text 1 is 2, but the model has labels 0 to 1/],
  [[-1, 0], /label of text 0 is -1/],
  [[0, 0.5], /label of text 1 is 0.5/],
  [["1", 0], /label of text 0 is 1/],
  [[undefined, 0], /label of text 0 is undefined/],
])("the labels %j are refused", (labels, message) => {
  expect(() => checkLabels(labels as number[], 2, config)).toThrow(message);
});

test("a batch that is refused leaves no tensor behind", () => {
  const run = (labels: number[]) => model.forward({ inputIds: [[2, 7, 3]], labels });
  const { logits, loss } = run([1]);
  tf.dispose([logits, loss as typeof logits]);
  const before = tf.memory().numTensors;
  expect(() => run([2])).toThrow(/label of text 0 is 2/);
  expect(tf.memory().numTensors).toBe(before);
});
