import { expect, test } from "vitest";
import {
  biasProducts,
  distanceSinusoids,
  distances,
  logBucket,
  segmentDifference,
} from "../../../src/nn/attention/scoreTables.ts";
import { tf } from "../../../src/tensor/tensorflow.ts";
import { compare, random, type Tensor } from "../compare.ts";

const v3 = { buckets: 256, maxPosition: 512 };

// transformers 5.23: make_log_bucket_position(torch.tensor(distances), 256, 512).long()
test.each([
  [1, 1],
  [128, 128],
  [129, 129],
  [140, 137],
  [200, 169],
  [256, 192],
  [300, 207],
  [400, 233],
  [510, 255],
  [511, 255],
])("a distance of %d is in bucket %d, and backwards in its negative", (distance, bucket) => {
  expect(logBucket(distance, v3)).toBe(bucket);
  expect(logBucket(-distance, v3)).toBe(-bucket);
});

test("a token's distance to itself is 0, and distances beyond the last are counted on", () => {
  expect(logBucket(0, v3)).toBe(0);
  expect([512, 600, 3000].map((distance) => logBucket(distance, v3))).toEqual([256, 270, 418]);
});

test("without buckets every distance is its own", () => {
  expect([-700, 3].map((distance) => logBucket(distance, { buckets: -1, maxPosition: 512 }))).toEqual([-700, 3]);
});

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
