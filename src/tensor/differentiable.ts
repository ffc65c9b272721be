/** Ops with hand-written gradients on the tape of tfjs, which compute only the gradients somebody asks for. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { tf } from "./tensorflow.ts";

/** Tensors that no gradient flows into: frozen parameters, and everything computed from nothing else. */
const constants = new WeakSet<Tensor>();

/** Says that no gradient is wanted for this tensor; ops on constants alone stay off the tape. */
export function markConstant<T extends Tensor>(tensor: T): T {
  constants.add(tensor);
  return tensor;
}

/** Takes back `markConstant`. */
export function markTrainable<T extends Tensor>(tensor: T): T {
  constants.delete(tensor);
  return tensor;
}

export const isConstant = (tensor: Tensor): boolean => constants.has(tensor);

/** The result of an op, and the gradients of its inputs given the gradient `dy` of the result. */
export interface Differentiated {
  readonly value: Tensor;
  /**
   * One gradient per input, in order. `wants(i)` says whether input `i` needs one; where it does not, the entry is
   * ignored, so expensive ones are left out. `saved` are the tensors given to `save`, in order.
   */
  readonly gradient: (
    dy: Tensor,
    saved: readonly Tensor[],
    wants: (input: number) => boolean,
  ) => (Tensor | undefined)[];
}

/** A tensor, or how to make it, which is done only where a gradient is wanted. */
export type Saved = Tensor | (() => Tensor);

/**
 * Runs `forward` as one node of the tape over `inputs`. What the gradient needs of tensors, inputs included, goes
 * through `save`: everything else is freed when `forward` returns.
 */
export function differentiable(
  inputs: readonly Tensor[],
  forward: (save: (...tensors: Saved[]) => void) => Differentiated,
): Tensor {
  const wanted = inputs.map((input) => !isConstant(input));
  const active = inputs.filter((_, i) => wanted[i]);
  if (active.length === 0) return markConstant(tf.tidy(() => forward(() => {}).value));
  const node = tf.customGrad((...args: unknown[]) => {
    const save = args.at(-1) as (tensors: Tensor[]) => void;
    const { value, gradient } = forward((...tensors) =>
      save(tensors.map((tensor) => (typeof tensor === "function" ? tensor() : tensor))),
    );
    return {
      value,
      gradFunc: (dy: Tensor, saved: Tensor[]) =>
        // tfjs frees what a gradient function leaves behind only at the end of the whole pass
        tf.tidy(() => gradient(dy, saved, (i) => wanted[i] === true).filter((_, i) => wanted[i]) as Tensor[]),
    };
  });
  return node(...active);
}
