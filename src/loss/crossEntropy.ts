/** Softmax cross-entropy for single-label classification. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../engine/differentiable.ts";
import { multiply, sparseSoftmaxCrossEntropy } from "../engine/ops.ts";
import { tf } from "../engine/tensorflow.ts";

/** Mean over the batch of `-log softmax(logits)[label]`: `logits [batch, labels]`, one label index a row -> a scalar. */
export function crossEntropy(logits: Tensor, labels: Int32Array): Tensor {
  return differentiable([logits], (save) => {
    const [losses, gradients] = sparseSoftmaxCrossEntropy(logits, tf.tensor1d(labels, "int32"));
    save(gradients);
    return {
      value: losses.mean(),
      gradient: (dy, [gradients]) => [multiply(gradients as Tensor, dy.div(labels.length))],
    };
  });
}
