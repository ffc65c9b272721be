/** Some rows of a matrix, each at most once: the first token of every text. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../tensor/differentiable.ts";
import { gatherRows, scatterRows } from "../tensor/ops.ts";
import { tf } from "../tensor/tensorflow.ts";

/** `x [rows, width]` by distinct `indices [n]` -> `[n, width]`. */
export function selectRows(x: Tensor, indices: Int32Array): Tensor {
  return differentiable([x], () => ({
    value: gather(x, indices),
    gradient: (dy) => [scatter(dy, indices, x.shape[0] as number)],
  }));
}

/** The reverse: `x [n, width]` to the places `indices [n]` of a matrix `[rows, width]`, zero elsewhere. */
export function placeRows(x: Tensor, indices: Int32Array, rows: number): Tensor {
  return differentiable([x], () => ({
    value: scatter(x, indices, rows),
    gradient: (dy) => [gather(dy, indices)],
  }));
}

const gather = (x: Tensor, indices: Int32Array): Tensor => gatherRows(x, tf.tensor1d(indices, "int32"));

function scatter(x: Tensor, indices: Int32Array, rows: number): Tensor {
  const column = tf.tensor2d(indices, [indices.length, 1], "int32");
  return scatterRows(x, column, tf.tensor1d([rows, x.shape[1] as number], "int32"));
}
