/** Part of a forward pass that is run again in the backward pass, so that in between only its inputs are kept. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable, markConstant } from "./differentiable.ts";
import { lossAndGradients } from "./gradients.ts";
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
        const { gradients } = lossAndGradients(() => forward(copies, true), copies, dy);
        // where the result does not depend on an input, the tape still asks for a gradient
        return copies.map((copy, i) => (wants(i) ? (gradients[i] ?? tf.zerosLike(copy)) : undefined));
      },
    };
  });
}
