/** One of several parts that a projection gives side by side: query, key and value, or the two halves of a gated unit. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../tensor/differentiable.ts";

export interface PartOptions {
  /** Which part, from 0. */
  readonly index: number;
  /** How many there are. */
  readonly of: number;
  /** How many times the parts follow each other in a row, such as once for each head. Default: 1. */
  readonly groups?: number;
}

/** `x [rows, groups * of * width]` -> `[rows, groups * width]`. */
export function part(x: Tensor, { index, of, groups = 1 }: PartOptions): Tensor {
  const [rows, all] = x.shape as [number, number];
  const width = all / groups / of;
  return differentiable([x], () => ({
    value: x
      .reshape([rows * groups, of, width])
      .slice([0, index, 0], [rows * groups, 1, width])
      .reshape([rows, groups * width]),
    gradient: (dy) => [
      dy
        .reshape([rows * groups, 1, width])
        .pad([
          [0, 0],
          [index, of - 1 - index],
          [0, 0],
        ])
        .reshape([rows, all]),
    ],
  }));
}
