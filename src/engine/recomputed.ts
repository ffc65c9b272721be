/** Part of a forward pass that is run again in the backward pass, so that in between only its inputs are kept. */
import type { Scalar, Tensor } from "@tensorflow/tfjs-core";
import { differentiable, isConstant, markConstant } from "./differentiable.ts";
import { tf } from "./tensorflow.ts";

/**
 * `forward(inputs)` as one node of the tape (Chen et al. 2016, arXiv:1604.06174). It is called twice, with the inputs and
 * with their copies; `isAgain` says that it is the second time, in which it has to compute the very same.
 */
export function recomputed(
  inputs: readonly Tensor[],
  forward: (inputs: readonly Tensor[], isAgain: boolean) => Tensor,
): Tensor {
  return differentiable(inputs, (save) => {
    save(...inputs);
    return {
      value: forward(inputs, false),
      gradient: (dy, saved, wants) => {
        const copies = saved.map((tensor, i) => (wants(i) ? tensor : markConstant(tensor)));
        const gradients = innerGradients(() => forward(copies, true), copies, dy);
        // where the result does not depend on an input, tfjs still asks for a gradient
        return copies.map((copy, i) => (wants(i) ? (gradients[i] ?? tf.zerosLike(copy)) : undefined));
      },
    };
  });
}

/** Gradients of the inputs that are no constants, by a tape of their own: the outer one is in the middle of its way back. */
function innerGradients(forward: () => Tensor, inputs: readonly Tensor[], dy: Tensor): (Tensor | undefined)[] {
  const engine = tf.engine();
  const outer = engine.state.activeTape; // tfjs would begin a new one in its place, and end it with none
  try {
    const wanted = inputs.filter((input) => !isConstant(input));
    const { grads } = engine.gradients(forward as () => Scalar, wanted, dy as Scalar);
    const byInput = new Map(wanted.map((input, i) => [input, grads[i]]));
    return inputs.map((input) => byInput.get(input) ?? undefined);
  } finally {
    engine.state.activeTape = outer;
  }
}
