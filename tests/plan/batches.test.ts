import { expect, test } from "vitest";
import { lengthBatches } from "../../src/plan/batches.ts";

const texts = (...lengths: number[]) => lengths.map((length) => ({ inputIds: new Int32Array(length) }));

test("batches go from short to long texts, and of equal ones the first comes first", () => {
  expect(lengthBatches(texts(5, 2, 9, 2), 2)).toEqual([
    [1, 3],
    [0, 2],
  ]);
});

test("a batch holds at most 2,048 tokens, however many texts are allowed", () => {
  expect(lengthBatches(texts(1024, 1024, 1), 64)).toEqual([[2, 0], [1]]);
  expect(lengthBatches(texts(1024, 1024), 64)).toEqual([[0, 1]]);
});

test("a text longer than that is a batch of its own, never left out", () => {
  expect(lengthBatches(texts(3000, 1, 3000), 64)).toEqual([[1], [0], [2]]);
});

test("every text is in one batch, with its own place", () => {
  const many = texts(...Array.from({ length: 500 }, (_, i) => 1 + ((i * 37) % 300)));
  const batches = lengthBatches(many, 7);
  expect(batches.flat().sort((a, b) => a - b)).toEqual(many.map((_, i) => i));
  expect(Math.max(...batches.map((batch) => batch.length))).toBe(7);
});

test("no text gives no batch", () => {
  expect(lengthBatches([], 8)).toEqual([]);
});
