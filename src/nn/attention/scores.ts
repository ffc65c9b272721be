/**
 * The composed terms that attention scores are sums of, each `[heads, batch, query, key]` over examples padded to the
 * longest. Their values on padding have no meaning: attention gives it probability 0. The head comes first, so that what a
 * head multiplies with one table for all examples (positions, segments) is a single product.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable, once } from "../../tensor/differentiable.ts";
import { add, batchMatMul, multiply, sumLast, transpose } from "../../tensor/ops.ts";
import { tf } from "../../tensor/tensorflow.ts";
import type { Packing } from "../packing.ts";

/** The layout of a matrix of packed rows: `heads` parts side by side, examples one after the other. */
interface HeadLayout {
  readonly heads: number;
  readonly packing: Packing;
}

/** `q_i . k_j`; `query` and `key` `[tokens, hidden]`. */
export function contentScores(query: Tensor, key: Tensor, layout: HeadLayout): Tensor {
  return differentiable({ query, key }, () => ({
    value: batchMatMul(splitHeads(query, layout), splitHeads(key, layout), false, true),
    saved: { query, key },
    gradient: (dy, { query, key }) => ({
      query: () => mergeHeads(batchMatMul(dy, splitHeads(key, layout)), layout),
      key: () => mergeHeads(batchMatMul(dy, splitHeads(query, layout), true), layout),
    }),
  }));
}

/**
 * Products of a token's row with a distance's row. `by: "query"`: `x_i . t(i - j)`, with the rows of the table in the order
 * of `distances(maxLength)`. `by: "key"`: `x_j . t(i - j)`, with the rows in the order of their negatives.
 * `x [tokens, hidden]`, `table [2 * maxLength, hidden]`. Memory goes with `maxLength ^ 2`, not with hidden.
 */
export function distanceScores(
  x: Tensor,
  table: Tensor,
  layout: HeadLayout & { readonly by: "query" | "key" },
): Tensor {
  const { heads, by, packing } = layout;
  const { batch, maxLength: length } = packing;
  const matrices = heads * batch;
  const turned = (y: Tensor) => (by === "query" ? y : transpose(y, [0, 1, 3, 2]));
  /** `[heads, batch * maxLength, width]`: all examples of a head one after the other. */
  const rowsOf = (y: Tensor) => splitHeads(y, layout).reshape([heads, batch * length, -1]);
  return differentiable({ x, table }, () => {
    const byDistance = batchMatMul(rowsOf(x), splitTable(table, heads), false, true); // [heads, batch * length, 2 * length]
    const shifted = relativeShift(byDistance.reshape([matrices, length, 2 * length]));
    return {
      value: turned(shifted.reshape([heads, batch, length, length])),
      saved: { x, table },
      gradient: (dy, { x, table }) => {
        const d = once(() => {
          const unshifted = relativeUnshift(turned(dy).reshape([matrices, length, length]));
          return unshifted.reshape([heads, batch * length, 2 * length]);
        });
        return {
          x: () => mergeHeads(batchMatMul(d(), splitTable(table, heads)).reshape([heads, batch, length, -1]), layout),
          table: () => mergeTable(batchMatMul(d(), rowsOf(x), true)),
        };
      },
    };
  });
}

/** A number for each distance and head, `table [2 * maxLength, heads]`, the same for all examples. */
export function distanceBias(table: Tensor, { heads, packing }: HeadLayout): Tensor {
  const { batch, maxLength: length } = packing;
  return differentiable({ table }, () => {
    const rows = transpose(table, [1, 0])
      .reshape([heads, 1, 2 * length])
      .tile([1, length, 1]);
    return {
      value: relativeShift(rows).reshape([heads, 1, length, length]).tile([1, batch, 1, 1]),
      gradient: (dy) => ({ table: () => transpose(relativeUnshift(dy.sum(1)).sum(1), [1, 0]) }),
    };
  });
}

/**
 * `q_i . t + b` where the segments of i and j differ, else 0: `query [tokens, hidden]`, `row [1, hidden]`,
 * `bias [1, heads]`, `segments [tokens]`.
 */
export function segmentScores(
  query: Tensor,
  row: Tensor,
  bias: Tensor,
  segments: Int32Array,
  layout: HeadLayout,
): Tensor {
  const { heads, packing } = layout;
  const { batch, maxLength: length } = packing;
  const tokenRows = (x: Tensor) => splitHeads(x, layout).reshape([heads, batch * length, -1]);
  return differentiable({ query, row, bias }, () => {
    const differ = whereDifferent(segments, packing);
    const products = batchMatMul(tokenRows(query), splitTable(row, heads), false, true); // [heads, batch * length, 1]
    const factors = add(products, bias.reshape([heads, 1, 1]));
    return {
      value: multiply(factors.reshape([heads, batch, length, 1]), differ),
      saved: { query, row, differ },
      gradient: (dy, { query, row, differ }) => {
        const d = once(() => sumLast(multiply(dy, differ)).reshape([heads, batch * length, 1]));
        return {
          query: () => mergeHeads(batchMatMul(d(), splitTable(row, heads)).reshape([heads, batch, length, -1]), layout),
          row: () => mergeTable(batchMatMul(d(), tokenRows(query), true)),
          bias: () => d().sum(1).reshape([1, heads]),
        };
      },
    };
  });
}

/** `[1, batch, query, key]`: 1 where the segments differ, else 0. */
function whereDifferent(segments: Int32Array, packing: Packing): Tensor {
  const { batch, maxLength } = packing;
  const padded = packing.pad(tf.tensor2d(Float32Array.from(segments), [segments.length, 1]));
  const [rows, columns] = [padded.reshape([1, batch, maxLength, 1]), padded.reshape([1, batch, 1, maxLength])];
  return tf.notEqual(rows, columns).cast("float32");
}

/** `[tokens, hidden]` -> `[heads, batch, maxLength, hidden / heads]`, zeros on padding. No gradient. */
export function splitHeads(x: Tensor, { heads, packing }: HeadLayout): Tensor {
  const width = (x.shape[1] as number) / heads;
  const padded = packing.pad(x).reshape([packing.batch, packing.maxLength, heads, width]);
  return transpose(padded, [2, 0, 1, 3]);
}

/** The reverse of `splitHeads`: `[heads, batch, maxLength, width]` -> `[tokens, heads * width]`. No gradient. */
export function mergeHeads(x: Tensor, { heads, packing }: HeadLayout): Tensor {
  const hidden = heads * (x.shape[3] as number);
  return packing.unpad(transpose(x, [1, 2, 0, 3]).reshape([packing.batch, packing.maxLength, hidden]));
}

/** `[rows, hidden]` -> `[heads, rows, hidden / heads]`: a table that all examples share. No gradient. */
function splitTable(table: Tensor, heads: number): Tensor {
  const [rows, hidden] = table.shape as [number, number];
  return transpose(table.reshape([rows, heads, hidden / heads]), [1, 0, 2]);
}

/** The reverse of `splitTable`: `[heads, rows, width]` -> `[rows, heads * width]`. No gradient. */
function mergeTable(x: Tensor): Tensor {
  const [heads, rows, width] = x.shape as [number, number, number];
  return transpose(x, [1, 0, 2]).reshape([rows, heads * width]);
}

/**
 * From scores by distance to scores by place (Dai et al. 2019, arXiv:1901.02860, appendix B): `x [n, length, 2 * length]` ->
 * `[n, length, length]`, whose value `[i, j]` is `x[i, length - 1 - i + j]`. A row of scores against a table of distances
 * holds every score that its token needs; which columns these are moves by one from token to token. Read with rows that are
 * one value shorter, the same memory has them in one column: no index, no copy per head. No gradient.
 */
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
