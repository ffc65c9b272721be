/** Sigmoid cross-entropy for texts with any number of labels. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../tensor/differentiable.ts";
import { multiply, subtract } from "../tensor/ops.ts";
import { tf } from "../tensor/tensorflow.ts";

/**
 * Mean over all cells of `max(x, 0) - x y + log(1 + exp(-|x|))`: `logits [batch, labels]`, one 0 or 1 a cell, row after
 * row -> a scalar; PyTorch's `BCEWithLogitsLoss`, in the form that does not overflow. The gradient is `sigmoid(x) - y` over
 * the cells. Where the batch is a part of a larger one, `texts` is the size of that.
 */
export function binaryCrossEntropy(
  logits: Tensor,
  labels: Float32Array,
  texts: number = logits.shape[0] as number,
): Tensor {
  const cells = texts * (logits.shape[1] as number);
  return differentiable({ logits }, () => {
    const targets = tf.tensor(labels, logits.shape, "float32");
    const losses = tf
      .relu(logits)
      .sub(multiply(logits, targets))
      .add(tf.log1p(tf.exp(tf.neg(tf.abs(logits)))));
    return {
      value: losses.sum().div(cells),
      saved: { difference: subtract(tf.sigmoid(logits), targets) },
      gradient: (dy, { difference }) => ({ logits: () => multiply(difference, dy.div(cells)) }),
    };
  });
}
