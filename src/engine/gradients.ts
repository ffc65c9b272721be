/** The loss and its gradients, in one pass over tfjs's tape. */
import type { Scalar, Tensor } from "@tensorflow/tfjs-core";
import { tf } from "./tensorflow.ts";

/**
 * Runs `loss` once and differentiates it. `gradients[i]` belongs to `inputs[i]`, and is undefined where the loss does
 * not depend on it. The results belong to the current `tidy` scope.
 */
export function lossAndGradients(
  loss: () => Tensor,
  inputs: readonly Tensor[],
): { readonly loss: Tensor; readonly gradients: readonly (Tensor | undefined)[] } {
  const { value, grads } = tf.engine().gradients(loss as () => Scalar, [...inputs]);
  return { loss: value, gradients: grads.map((gradient) => gradient ?? undefined) };
}
