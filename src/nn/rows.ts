/** Sums and products of rows that keep off the tape what no gradient flows into. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../tensor/differentiable.ts";
import { add, biasAdd, multiply, scale, sumRows } from "../tensor/ops.ts";

/** `a + b`, both `[rows, width]`: a residual connection. */
export function addRows(a: Tensor, b: Tensor): Tensor {
  return differentiable([a, b], () => ({
    value: add(a, b),
    gradient: (dy) => [dy.clone(), dy.clone()], // a tensor of its own for each input: tfjs frees them one by one
  }));
}

/** `x * factor` for a factor out of a small fixed set. */
export function scaleRows(x: Tensor, factor: number): Tensor {
  return differentiable([x], () => ({ value: scale(x, factor), gradient: (dy) => [scale(dy, factor)] }));
}

/** `x [rows, width]` plus a bias of `width` values in whatever shape, such as `[heads, width of a head]`. */
export function addBias(x: Tensor, bias: Tensor): Tensor {
  return differentiable([x, bias], () => ({
    value: biasAdd(x, bias.reshape([x.shape[1] as number])),
    gradient: (dy, _saved, wants) => [
      wants(0) ? dy.clone() : undefined,
      wants(1) ? sumRows(dy).reshape(bias.shape) : undefined,
    ],
  }));
}

/** `a * b` value by value, both `[rows, width]`: what a gate lets through. */
export function multiplyRows(a: Tensor, b: Tensor): Tensor {
  return differentiable([a, b], (save) => {
    save(a, b);
    return {
      value: multiply(a, b),
      gradient: (dy, [a, b], wants) => [
        wants(0) ? multiply(dy, b as Tensor) : undefined,
        wants(1) ? multiply(dy, a as Tensor) : undefined,
      ],
    };
  });
}
