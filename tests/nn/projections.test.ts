import { expect, test } from "vitest";
import { rotate, rotation } from "../../src/nn/attention/rotary.ts";
import { biasProducts, segmentDifference } from "../../src/nn/attention/scoreTables.ts";
import { fromHeads, toHeads } from "../../src/nn/linear.ts";
import { addBias, addRows, multiplyRows, part } from "../../src/nn/rows.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { compare, random, type Tensor } from "./compare.ts";

// models/xlnet/modeling_xlnet.py: einsum("ibh,hnd->ibnd") and einsum("ibnd,hnd->ibh")
test("projections to and from heads equal the einsums of XLNet", () => {
  const weight = random("w", [5, 3, 2]);
  compare(
    "to heads",
    [random("x", [4, 5]), weight],
    (x, w) => toHeads(x as Tensor, w as Tensor),
    (x, w) =>
      (x as Tensor)
        .reshape([4, 5, 1, 1])
        .mul(w as Tensor)
        .sum(1)
        .reshape([4, 6]),
  );
  compare(
    "from heads",
    [random("y", [4, 6]), weight],
    (y, w) => fromHeads(y as Tensor, w as Tensor),
    (y, w) =>
      (y as Tensor)
        .reshape([4, 1, 3, 2])
        .mul(w as Tensor)
        .sum([2, 3]),
  );
});

test("a bias in the shape of heads is added to every row, and its gradient has that shape", () => {
  compare(
    "bias",
    [random("x", [4, 6]), random("b", [3, 2])],
    (x, b) => addBias(x as Tensor, b as Tensor),
    (x, b) => (x as Tensor).add((b as Tensor).reshape([6])),
  );
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

test("the product of two matrices gives each its gradient", () => {
  compare(
    "product",
    [random("a", [4, 6]), random("b", [4, 6])],
    (a, b) => multiplyRows(a as Tensor, b as Tensor),
    (a, b) => (a as Tensor).mul(b as Tensor),
  );
});

test("the sum of two matrices gives each its gradient", () => {
  compare(
    "sum",
    [random("a", [4, 6]), random("b", [4, 6])],
    (a, b) => addRows(a as Tensor, b as Tensor),
    (a, b) => (a as Tensor).add(b as Tensor),
  );
});

test.each([0, 1, 2])("part %d of three is that of every head, or a third of the row", (index) => {
  compare(
    "head-major",
    [random("x", [4, 12])],
    (x) => part(x as Tensor, { index, of: 3, groups: 2 }),
    (x) => tf.gather((x as Tensor).reshape([4, 2, 3, 2]), index, 2).reshape([4, 4]),
  );
  compare(
    "side by side",
    [random("x", [4, 12])],
    (x) => part(x as Tensor, { index, of: 3 }),
    (x) => tf.gather((x as Tensor).reshape([4, 3, 4]), index, 1).reshape([4, 4]),
  );
});

test("rotation equals transformers' rotate_half form, and its gradient turns back", () => {
  const [heads, width, theta] = [3, 4, 10_000];
  const positions = Int32Array.of(0, 1, 2, 0, 70);
  const angles = [...positions].map((p) => [0, 1, 0, 1].map((i) => p * theta ** ((-2 * i) / width)));
  const wave = (f: (x: number) => number) => tf.tensor(angles.map((row) => row.map(f))).expandDims(1);
  compare(
    "rotary",
    [random("x", [5, heads * width])],
    (x) => rotate(x as Tensor, heads, rotation(positions, theta, width)),
    (x) => {
      const y = (x as Tensor).reshape([5, heads, width]);
      const [a, b] = tf.split(y, 2, 2) as [Tensor, Tensor];
      const half = tf.concat([b.neg(), a], 2);
      return y
        .mul(wave(Math.cos))
        .add(half.mul(wave(Math.sin)))
        .reshape([5, heads * width]);
    },
  );
});

test("a position of 0 leaves a row as it is, bit for bit", () => {
  const x = random("x", [2, 8]);
  expect(rotate(x, 2, rotation(Int32Array.of(0, 0), 160_000, 4)).dataSync()).toEqual(x.dataSync());
});
