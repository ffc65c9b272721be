/**
 * The tables that families give attention as terms of its scores (`ScoreTables`): relative positions as sinusoids,
 * and XLNet's biases, which come down to numbers per distance or per segment.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable, markConstant, once } from "../../tensor/differentiable.ts";
import { multiply, scale, subtract, sumLast } from "../../tensor/ops.ts";
import { tf } from "../../tensor/tensorflow.ts";

/** The distances of the `2 * length` rows of a table: `length - 1` down to `-length`. The last is there for the shift alone. */
export const distances = (length: number): number[] => Array.from({ length: 2 * length }, (_, row) => length - 1 - row);

interface SinusoidOptions {
  /** Columns of the table, an even number. */
  readonly width: number;
  /** Longer distances, in both directions, are taken for this one; undefined = none are. */
  readonly clamp?: number | undefined;
}

/** One table per width and clamp, for distances `half - 1` down to `-half`; that of a shorter example is the middle of it. */
const tables = new Map<string, { readonly half: number; readonly values: Float32Array }>();

/**
 * Sinusoids of relative distances (Dai et al. 2019, arXiv:1901.02860; Vaswani et al. 2017, section 3.5), a constant
 * `[2 * length, width]` with the rows in the order of `distances(length)`: all the sines of
 * `distance * 10000 ^ (-2i / width)`, then all the cosines, as PyTorch computes them in float32.
 */
export function distanceSinusoids(length: number, options: SinusoidOptions): Tensor {
  const { width } = options;
  const key = `${width} ${options.clamp}`;
  let table = tables.get(key);
  if (table === undefined || table.half < length) {
    table = makeTable(2 ** Math.ceil(Math.log2(length)), options);
    tables.set(key, table);
  }
  const first = (table.half - length) * width;
  return markConstant(tf.tensor2d(table.values.slice(first, first + 2 * length * width), [2 * length, width]));
}

/** `10000 ^ (-2i / width)` in float32, for i from 0: `[width / 2]`. */
export function sinusoidFrequencies(width: number): number[] {
  const f = Math.fround;
  return Array.from({ length: width / 2 }, (_, i) => f(1 / f(10_000 ** f((2 * i) / width))));
}

function makeTable(half: number, { width, clamp = Number.POSITIVE_INFINITY }: SinusoidOptions) {
  const frequencies = sinusoidFrequencies(width);
  const values = new Float32Array(2 * half * width);
  for (let row = 0; row < 2 * half; row++) {
    const distance = Math.max(-clamp, Math.min(clamp, half - 1 - row));
    frequencies.forEach((frequency, i) => {
      const angle = Math.fround(distance * frequency);
      values[row * width + i] = Math.sin(angle);
      values[row * width + width / 2 + i] = Math.cos(angle);
    });
  }
  return { half, values };
}

/**
 * `factor * (u - v) . t` for each row t and head: `rows [n, hidden]`, `u` and `v` `[heads, width of a head]` ->
 * `[n, heads]`; the factor is one out of a small fixed set. It makes of XLNet's biases of the query, which are added to
 * rows, numbers that are added to scores.
 */
export function biasProducts(rows: Tensor, u: Tensor, v: Tensor, factor: number): Tensor {
  const [n, hidden] = rows.shape as [number, number];
  const [heads, width] = u.shape as [number, number];
  return differentiable({ rows, u, v }, () => ({
    value: scale(sumLast(multiply(rows.reshape([n, heads, width]), subtract(u, v))), factor).reshape([n, heads]),
    saved: { rows, u, v },
    gradient: (dy, { rows, u, v }) => {
      const d = scale(dy, factor).reshape([n, heads, 1]);
      const dBias = once(() => multiply(rows.reshape([n, heads, width]), d).sum(0));
      return {
        rows: () => multiply(d, subtract(u, v)).reshape([n, hidden]),
        u: () => dBias(),
        v: () => tf.neg(dBias()),
      };
    },
  }));
}

/**
 * `t_1 - t_0` as one row: `table [2, heads, width of a head]` (same segment, other segment) -> `[1, hidden]`. What XLNet
 * adds to all scores, `q_i . t_0`, does not change their softmax.
 */
export function segmentDifference(table: Tensor): Tensor {
  return differentiable({ table }, () => {
    const rows = table.reshape([2, -1]);
    return {
      value: subtract(rows.slice(1, 1), rows.slice(0, 1)),
      gradient: (dy) => ({ table: () => tf.concat([tf.neg(dy), dy], 0).reshape(table.shape) }),
    };
  });
}
