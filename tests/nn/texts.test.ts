import { describe, expect, test } from "vitest";
import { distanceSinusoids, distances } from "../../src/nn/attention/scoreTables.ts";
import { tokenConvolution } from "../../src/nn/convolution.ts";
import { Packing } from "../../src/nn/packing.ts";
import { meanRows } from "../../src/nn/rows.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { compare, random, type Tensor } from "./compare.ts";

describe.each([[[4, 4]], [[3, 1, 5]], [[1]]])("for packed texts of %j tokens", (lengths) => {
  const packing = new Packing(lengths);
  const firsts = [...packing.firstTokens];
  const textsOf = (x: Tensor) =>
    lengths.map((length, i) => x.slice([firsts[i] as number, 0], [length, x.shape[1] as number]));

  test("the mean is that of each text", () => {
    compare(
      "mean",
      [random("x", [packing.tokens, 4])],
      (x) => meanRows(x as Tensor, packing),
      (x) => tf.stack(textsOf(x as Tensor).map((text) => text.mean(0))),
    );
  });

  test("the convolution of each text ends with zeros", () => {
    compare(
      "convolution",
      [random("x", [packing.tokens, 4]), random("w", [5, 4, 3]), random("b", [5])],
      (x, weight, bias) =>
        tokenConvolution({ x: x as Tensor, weight: weight as Tensor, bias: bias as Tensor }, packing),
      (x, weight, bias) =>
        tf.concat(
          textsOf(x as Tensor).map((text) => {
            const padded = tf.pad2d(text as never, [
              [1, 1],
              [0, 0],
            ]);
            const length = text.shape[0] as number;
            const parts = [0, 1, 2].map((k) =>
              tf.matMul(
                padded.slice([k, 0], [length, 4]),
                (weight as Tensor).slice([0, 0, k], [5, 4, 1]).reshape([5, 4]) as never,
                false,
                true,
              ),
            );
            return parts.reduce((sum: Tensor, part) => sum.add(part), bias as Tensor);
          }),
        ),
    );
  });
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
