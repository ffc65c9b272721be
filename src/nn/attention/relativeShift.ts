/**
 * From scores by distance to scores by place (Dai et al. 2019, arXiv:1901.02860, appendix B). A row of scores against a
 * table of distances holds every score that its token needs; which columns these are moves by one from token to token.
 * Read with rows that are one value shorter, the same memory has them in one column: no index, no copy per head.
 */
import type { Tensor } from "@tensorflow/tfjs-core";

/** Distances of the `2 * length` rows of a table: `length - 1` down to `-length`. The last is there for the shift alone. */
export const distances = (length: number): number[] => Array.from({ length: 2 * length }, (_, row) => length - 1 - row);

/** `x [n, length, 2 * length]` -> `[n, length, length]`: value `[i, j]` is `x[i, length - 1 - i + j]`. No gradient. */
export function relativeShift(x: Tensor): Tensor {
  const [n, length] = x.shape as [number, number, number];
  const flat = x.reshape([n, 2 * length * length]);
  const rows = flat.slice([0, length - 1], [n, length * (2 * length - 1)]).reshape([n, length, 2 * length - 1]);
  return rows.slice([0, 0, 0], [n, length, length]);
}

/** The gradient of `relativeShift`: `dy [n, length, length]` -> `[n, length, 2 * length]`, zeros elsewhere. */
export function relativeUnshift(dy: Tensor): Tensor {
  const [n, length] = dy.shape as [number, number, number];
  const rows = dy.pad([
    [0, 0],
    [0, 0],
    [0, length - 1],
  ]);
  const flat = rows.reshape([n, length * (2 * length - 1)]).pad([
    [0, 0],
    [length - 1, 1],
  ]);
  return flat.reshape([n, length, 2 * length]);
}
