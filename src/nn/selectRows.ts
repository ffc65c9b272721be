/** Some rows of a matrix, each at most once: the first token of every text. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../engine/differentiable.ts";
import { gatherRows, scatterRows } from "../engine/ops.ts";
import { tf } from "../engine/tensorflow.ts";

/** `x [rows, width]` by distinct `indices [n]` -> `[n, width]`. */
export function selectRows(x: Tensor, indices: Int32Array): Tensor {
  return differentiable([x], () => ({
    value: gatherRows(x, tf.tensor1d(indices, "int32")),
    gradient: (dy) => {
      const column = tf.tensor2d(indices, [indices.length, 1], "int32");
      return [scatterRows(dy, column, tf.tensor1d(x.shape, "int32"))];
    },
  }));
}
