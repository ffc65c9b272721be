/** The loss and its gradients, in one pass over tfjs's tape. */
import type { Scalar, Tensor } from "@tensorflow/tfjs-core";
import { freeingGradients, isConstant } from "./differentiable.ts";
import { tf } from "./tensorflow.ts";

/**
 * Runs `loss` once and differentiates it. `gradients[i]` belongs to `inputs[i]`, and is undefined where the loss does
 * not depend on it; inputs are leaves, not results of this project's ops. The results belong to the current `tidy` scope.
 */
export function lossAndGradients(
  loss: () => Tensor,
  inputs: readonly Tensor[],
): { readonly loss: Tensor; readonly gradients: readonly (Tensor | undefined)[] } {
  const { value, grads } = freeingGradients(() => tf.engine().gradients(loss as () => Scalar, [...inputs]));
  return { loss: value, gradients: grads.map((gradient) => gradient ?? undefined) };
}

/**
 * `tensor`, for computing with. Its gradient goes to `take`, which owns it from then on, as soon as the backward pass is
 * through with it; what `lossAndGradients` gives for `tensor` itself then has the right shape and no meaning.
 */
export function tapGradient(tensor: Tensor, take: (gradient: Tensor) => void): Tensor {
  if (isConstant(tensor)) return tensor;
  const node = tf.customGrad((x: unknown) => ({
    value: (x as Tensor).clone(),
    gradFunc: (dy: Tensor) => {
      take(tf.keep(dy.clone()));
      dy.dispose(); // nothing else reads it, and tfjs would hold it to the end of the pass
      return tensor.clone(); // takes no memory: tfjs asks for something of this shape
    },
  }));
  return node(tensor);
}
