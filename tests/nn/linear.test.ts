import { test } from "vitest";
import { fromHeads, linear, toHeads } from "../../src/nn/linear.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { compare, random, type Tensor } from "./compare.ts";

test("linear equals x W^T + b and its gradients", () => {
  const inputs = [random("x", [5, 4]), random("w", [3, 4]), random("b", [3])];
  compare("linear", inputs, linear, (x, w, b) => tf.matMul(x as never, w as never, false, true).add(b as Tensor));
});

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
