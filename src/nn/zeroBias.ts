/** The bias of what has none, for ops that want one. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { markConstant } from "../tensor/differentiable.ts";
import { outliving } from "../tensor/lasting.ts";
import { tf } from "../tensor/tensorflow.ts";

const made = new Map<number, Tensor>();

/** Zeros `[width]`, made once and kept; no gradient flows into them. */
export function zeroBias(width: number): Tensor {
  let zeros = made.get(width);
  if (zeros === undefined) {
    zeros = markConstant(outliving(tf.keep(tf.zeros([width]))));
    made.set(width, zeros);
  }
  return zeros;
}
