/** A bias of attention scores that depends on head and distance alone, from a table (Raffel et al. 2019, arXiv:1910.10683). */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../engine/differentiable.ts";
import { transpose } from "../engine/ops.ts";
import { embedding } from "./embedding.ts";

/**
 * `table [buckets, heads]` -> `[heads, length, length]`, by query and key; `bucketOf` is given the key's position less the
 * query's.
 */
export function distanceBias(table: Tensor, length: number, bucketOf: (distance: number) => number): Tensor {
  const buckets = Int32Array.from({ length: 2 * length - 1 }, (_, i) => bucketOf(i - length + 1));
  const ids = Int32Array.from(
    { length: length * length },
    (_, i) => buckets[(i % length) - Math.trunc(i / length) + length - 1] as number,
  );
  const heads = table.shape[1] as number;
  const rows = embedding(table, ids); // [length * length, heads]
  return differentiable([rows], () => ({
    value: transpose(rows, [1, 0]).reshape([heads, length, length]),
    gradient: (dy) => [transpose(dy.reshape([heads, length * length]), [1, 0])],
  }));
}
