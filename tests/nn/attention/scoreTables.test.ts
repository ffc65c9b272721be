import { expect, test } from "vitest";
import {
  biasProducts,
  distanceSinusoids,
  distances,
  segmentDifference,
} from "../../../src/nn/attention/scoreTables.ts";
import { tf } from "../../../src/tensor/tensorflow.ts";
import { compare, random, type Tensor } from "../compare.ts";

test("sinusoids of distances are those of each distance, sines first, whatever was asked for before", () => {
  for (const length of [3, 7, 2, 100, 3]) {
    const rows = distanceSinusoids(length, { width: 6 }).arraySync() as number[][];
    distances(length).forEach((distance, row) => {
      const angles = [0, 1, 2].map((i) => distance / 10_000 ** (i / 3));
      [...angles.map(Math.sin), ...angles.map(Math.cos)].forEach((value, column) => {
        expect(rows[row]?.[column]).toBeCloseTo(value, 5);
      });
    });
  }
});

test("clamped distances are all the same beyond the clamp", () => {
  const rows = distanceSinusoids(5, { width: 4, clamp: 2 }).arraySync() as number[][];
  expect(rows[0]).toEqual(rows[2]);
  expect(rows[9]).toEqual(rows[6]);
  expect(rows[3]).not.toEqual(rows[2]);
});

test("what biases of the query make of rows equals the formula, head by head", () => {
  compare(
    "products",
    [random("rows", [4, 6]), random("u", [3, 2]), random("v", [3, 2])],
    (rows, u, v) => biasProducts(rows as Tensor, u as Tensor, v as Tensor, 0.5),
    (rows, u, v) =>
      (rows as Tensor)
        .reshape([4, 3, 2])
        .mul((u as Tensor).sub(v as Tensor))
        .sum(2)
        .mul(0.5),
  );
  compare(
    "difference",
    [random("table", [2, 3, 2])],
    (table) => segmentDifference(table as Tensor),
    (table) => {
      const [same, other] = tf.split((table as Tensor).reshape([2, 6]), 2);
      return (other as Tensor).sub(same as Tensor);
    },
  );
});
