import { describe, test } from "vitest";
import { tokenConvolution } from "../../src/nn/convolution.ts";
import { Packing } from "../../src/nn/packing.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { compare, random, type Tensor } from "./compare.ts";

describe.each([[[4, 4]], [[3, 1, 5]], [[1]]])("for packed texts of %j tokens", (lengths) => {
  const packing = new Packing(lengths);
  const firsts = [...packing.firstTokens];
  const textsOf = (x: Tensor) =>
    lengths.map((length, i) => x.slice([firsts[i] as number, 0], [length, x.shape[1] as number]));

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
