/** The mean over the tokens of each text. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../tensor/differentiable.ts";
import { multiply } from "../tensor/ops.ts";
import { tf } from "../tensor/tensorflow.ts";
import type { Packing } from "./packing.ts";

/** `x [tokens, width]` -> `[batch, width]` */
export function meanRows(x: Tensor, packing: Packing): Tensor {
  const { batch, lengths, maxLength } = packing;
  const shares = () =>
    tf.tensor2d(
      Float32Array.from(lengths, (length) => 1 / length),
      [batch, 1],
    );
  return differentiable([x], () => ({
    value: multiply(packing.pad(x).sum(1), shares()),
    gradient: (dy) => [packing.unpad(multiply(dy, shares()).expandDims(1).tile([1, maxLength, 1]))],
  }));
}
