/** The squared error of regression. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../tensor/differentiable.ts";
import { multiply, square, subtract } from "../tensor/ops.ts";
import { tf } from "../tensor/tensorflow.ts";

/**
 * Mean over all cells of `(x - y)^2`: `logits [batch, outputs]`, one target a cell, row after row -> a scalar; PyTorch's
 * `MSELoss`. The gradient is `2 (x - y)` over the cells. Where the batch is a part of a larger one, `texts` is the size of
 * that.
 */
export function meanSquaredError(
  logits: Tensor,
  targets: Float32Array,
  texts: number = logits.shape[0] as number,
): Tensor {
  const cells = texts * (logits.shape[1] as number);
  return differentiable({ logits }, () => {
    const difference = subtract(logits, tf.tensor(targets, logits.shape, "float32"));
    return {
      value: square(difference).sum().div(cells),
      saved: { difference },
      gradient: (dy, { difference }) => ({ logits: () => multiply(difference, dy.mul(2 / cells)) }),
    };
  });
}
