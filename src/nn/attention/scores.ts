/**
 * The terms that attention scores are sums of, each `[heads, batch, query, key]` over texts padded to the longest. What
 * they say of padding has no meaning: `attend` gives it probability 0.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../../tensor/differentiable.ts";
import { add, batchMatMul, multiply, sumLast, transpose } from "../../tensor/ops.ts";
import { tf } from "../../tensor/tensorflow.ts";
import type { Packing } from "../packing.ts";
import { type HeadLayout, mergeHeads, mergeTable, splitHeads, splitTable } from "./heads.ts";
import { relativeShift, relativeUnshift } from "./relativeShift.ts";

/** `q_i . k_j`; `query` and `key` `[tokens, hidden]`. */
export function contentScores(query: Tensor, key: Tensor, layout: HeadLayout): Tensor {
  return differentiable([query, key], (save) => {
    save(query, key);
    return {
      value: batchMatMul(splitHeads(query, layout), splitHeads(key, layout), false, true),
      gradient: (dy, [query, key], wants) => [
        wants(0) ? mergeHeads(batchMatMul(dy, splitHeads(key as Tensor, layout)), layout) : undefined,
        wants(1) ? mergeHeads(batchMatMul(dy, splitHeads(query as Tensor, layout), true), layout) : undefined,
      ],
    };
  });
}

/**
 * What a token has to say to a distance. `by: "query"`: `x_i . t(i - j)`, with the rows of the table in the order of
 * `distances(maxLength)`. `by: "key"`: `x_j . t(i - j)`, with the rows in the order of their negatives.
 * `x [tokens, hidden]`, `table [2 * maxLength, hidden]`. Memory goes with `maxLength ^ 2`, not with hidden.
 */
export function distanceScores(
  x: Tensor,
  table: Tensor,
  layout: HeadLayout & { readonly by: "query" | "key" },
): Tensor {
  const { heads, by, packing } = layout;
  const { batch, maxLength: length } = packing;
  const texts = heads * batch;
  const turned = (y: Tensor) => (by === "query" ? y : transpose(y, [0, 1, 3, 2]));
  /** `[heads, batch, maxLength, width]`, all texts of a head one after the other. */
  const rowsOf = (y: Tensor) => splitHeads(y, layout).reshape([heads, batch * length, -1]);
  return differentiable([x, table], (save) => {
    save(x, table);
    const byDistance = batchMatMul(rowsOf(x), splitTable(table, heads), false, true); // [heads, batch * length, 2 * length]
    const shifted = relativeShift(byDistance.reshape([texts, length, 2 * length]));
    return {
      value: turned(shifted.reshape([heads, batch, length, length])),
      gradient: (dy, [x, table], wants) => {
        const unshifted = relativeUnshift(turned(dy).reshape([texts, length, length]));
        const d = unshifted.reshape([heads, batch * length, 2 * length]);
        const ofRows = () => batchMatMul(d, splitTable(table as Tensor, heads)).reshape([heads, batch, length, -1]);
        return [
          wants(0) ? mergeHeads(ofRows(), layout) : undefined,
          wants(1) ? mergeTable(batchMatMul(d, rowsOf(x as Tensor), true)) : undefined,
        ];
      },
    };
  });
}

/** A number for each distance and head, `table [2 * maxLength, heads]`, the same for all texts. */
export function distanceBias(table: Tensor, { heads, packing }: HeadLayout): Tensor {
  const { batch, maxLength: length } = packing;
  return differentiable([table], () => {
    const rows = transpose(table, [1, 0])
      .reshape([heads, 1, 2 * length])
      .tile([1, length, 1]);
    return {
      value: relativeShift(rows).reshape([heads, 1, length, length]).tile([1, batch, 1, 1]),
      gradient: (dy) => {
        const unshifted = relativeUnshift(dy.sum(1));
        return [transpose(unshifted.sum(1), [1, 0])];
      },
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
  return differentiable([query, row, bias], (save) => {
    const differ = whereDifferent(segments, packing);
    save(query, row, differ);
    const products = batchMatMul(tokenRows(query), splitTable(row, heads), false, true); // [heads, batch * length, 1]
    const factors = add(products, bias.reshape([heads, 1, 1]));
    return {
      value: multiply(factors.reshape([heads, batch, length, 1]), differ),
      gradient: (dy, saved, wants) => {
        const [query, row, differ] = saved as [Tensor, Tensor, Tensor];
        const d = sumLast(multiply(dy, differ)).reshape([heads, batch * length, 1]);
        const ofQuery = () => batchMatMul(d, splitTable(row, heads)).reshape([heads, batch, length, -1]);
        return [
          wants(0) ? mergeHeads(ofQuery(), layout) : undefined,
          wants(1) ? mergeTable(batchMatMul(d, tokenRows(query), true)) : undefined,
          wants(2) ? d.sum(1).reshape([1, heads]) : undefined,
        ];
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
