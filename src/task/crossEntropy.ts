/** Softmax cross-entropy for single-label classification. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../tensor/differentiable.ts";
import { multiply, sparseSoftmaxCrossEntropy } from "../tensor/ops.ts";
import { tf } from "../tensor/tensorflow.ts";

/**
 * Mean over the batch of `-log softmax(logits)[label]`: `logits [batch, labels]`, one label index a row -> a scalar.
 * Where the batch is a part of a larger one, `texts` is the size of that: the losses of its parts add up to its mean.
 */
export function crossEntropy(logits: Tensor, labels: Int32Array, texts: number = labels.length): Tensor {
  return differentiable({ logits }, () => {
    const { losses, gradients } = sparseSoftmaxCrossEntropy(logits, tf.tensor1d(labels, "int32"));
    return {
      value: losses.sum().div(texts),
      saved: { gradients },
      gradient: (dy, { gradients }) => ({ logits: () => multiply(gradients, dy.div(texts)) }),
    };
  });
}
