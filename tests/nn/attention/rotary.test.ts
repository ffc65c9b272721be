import { expect, test } from "vitest";
import { rotate, rotation } from "../../../src/nn/attention/rotary.ts";
import { tf } from "../../../src/tensor/tensorflow.ts";
import { compare, random, type Tensor } from "../compare.ts";

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
