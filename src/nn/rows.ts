/**
 * Sums, products and selections of rows `[rows, width]`. If no gradient flows into any input, they stay off the tape,
 * unlike tfjs's own ops.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../tensor/differentiable.ts";
import { add, biasAdd, gatherRows, multiply, scale, scatterRows, sumRows } from "../tensor/ops.ts";
import { tf } from "../tensor/tensorflow.ts";
import type { Packing } from "./packing.ts";

/** `a + b`, both `[rows, width]`: a residual connection. */
export function addRows(a: Tensor, b: Tensor): Tensor {
  return differentiable({ a, b }, () => ({
    value: add(a, b),
    // a tensor of its own for each input: tfjs frees them one by one
    gradient: (dy) => ({ a: () => dy.clone(), b: () => dy.clone() }),
  }));
}

/** `x [rows, width]` plus a bias of `width` values in whatever shape, such as `[heads, width of a head]`. */
export function addBias(x: Tensor, bias: Tensor): Tensor {
  return differentiable({ x, bias }, () => ({
    value: biasAdd(x, bias.reshape([x.shape[1] as number])),
    gradient: (dy) => ({ x: () => dy.clone(), bias: () => sumRows(dy).reshape(bias.shape) }),
  }));
}

/** `x * factor` for a factor out of a small fixed set. */
export function scaleRows(x: Tensor, factor: number): Tensor {
  return differentiable({ x }, () => ({ value: scale(x, factor), gradient: (dy) => ({ x: () => scale(dy, factor) }) }));
}

/** `a * b` elementwise, both `[rows, width]`: a gate. */
export function multiplyRows(a: Tensor, b: Tensor): Tensor {
  return differentiable({ a, b }, () => ({
    value: multiply(a, b),
    saved: { a, b },
    gradient: (dy, { a, b }) => ({ a: () => multiply(dy, b), b: () => multiply(dy, a) }),
  }));
}

/** Picks rows of `x [rows, width]` by distinct `indices [n]`, such as the first token of every example -> `[n, width]`. */
export function selectRows(x: Tensor, indices: Int32Array): Tensor {
  return differentiable({ x }, () => ({
    value: gather(x, indices),
    gradient: (dy) => ({ x: () => scatter(dy, indices, x.shape[0] as number) }),
  }));
}

/** The reverse of `selectRows`: `x [n, width]` to the places `indices [n]` of a matrix `[rows, width]`, zero elsewhere. */
export function placeRows(x: Tensor, indices: Int32Array, rows: number): Tensor {
  return differentiable({ x }, () => ({
    value: scatter(x, indices, rows),
    gradient: (dy) => ({ x: () => gather(dy, indices) }),
  }));
}

/** Picks rows as `selectRows` does. No gradient. */
export const gather = (x: Tensor, indices: Int32Array): Tensor => gatherRows(x, tf.tensor1d(indices, "int32"));

/** Places rows as `placeRows` does. No gradient. */
export function scatter(x: Tensor, indices: Int32Array, rows: number): Tensor {
  const column = tf.tensor2d(indices, [indices.length, 1], "int32");
  return scatterRows(x, column, tf.tensor1d([rows, x.shape[1] as number], "int32"));
}

/** The mean over the tokens of each example: `x [tokens, width]` -> `[batch, width]`. */
export function meanRows(x: Tensor, packing: Packing): Tensor {
  const { batch, lengths, maxLength } = packing;
  const shares = () =>
    tf.tensor2d(
      Float32Array.from(lengths, (length) => 1 / length),
      [batch, 1],
    );
  return differentiable({ x }, () => ({
    value: multiply(packing.pad(x).sum(1), shares()),
    gradient: (dy) => ({
      x: () => packing.unpad(multiply(dy, shares()).expandDims(1).tile([1, maxLength, 1])),
    }),
  }));
}

interface PartOptions {
  /** Index of the part, from 0. */
  readonly index: number;
  /** Number of parts. */
  readonly of: number;
  /** Times that the parts follow each other in a row, such as once for each head. Default: 1. */
  readonly groups?: number;
}

/**
 * One of several parts that a projection gives side by side (query, key and value, or the two halves of a gated unit):
 * `x [rows, groups * of * width]` -> `[rows, groups * width]`.
 */
export function part(x: Tensor, { index, of, groups = 1 }: PartOptions): Tensor {
  const [rows, all] = x.shape as [number, number];
  const width = all / groups / of;
  return differentiable({ x }, () => ({
    value: x
      .reshape([rows * groups, of, width])
      .slice([0, index, 0], [rows * groups, 1, width])
      .reshape([rows, groups * width]),
    gradient: (dy) => ({
      x: () =>
        dy
          .reshape([rows * groups, 1, width])
          .pad([
            [0, 0],
            [index, of - 1 - index],
            [0, 0],
          ])
          .reshape([rows, all]),
    }),
  }));
}
