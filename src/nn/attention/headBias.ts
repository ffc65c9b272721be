/** What XLNet's biases of the query and its segments come down to, where they are added to scores and not to rows. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../../tensor/differentiable.ts";
import { multiply, scale, subtract, sumLast } from "../../tensor/ops.ts";
import { tf } from "../../tensor/tensorflow.ts";

/**
 * `factor * (u - v) . t` for each row t and head: `rows [n, hidden]`, `u` and `v` `[heads, width of a head]` ->
 * `[n, heads]`; the factor is one out of a small fixed set.
 */
export function biasProducts(rows: Tensor, u: Tensor, v: Tensor, factor: number): Tensor {
  const [n, hidden] = rows.shape as [number, number];
  const [heads, width] = u.shape as [number, number];
  return differentiable([rows, u, v], (save) => {
    save(rows, u, v);
    return {
      value: scale(sumLast(multiply(rows.reshape([n, heads, width]), subtract(u, v))), factor).reshape([n, heads]),
      gradient: (dy, [rows, u, v], wants) => {
        const d = scale(dy, factor).reshape([n, heads, 1]);
        const ofRows = () => multiply(d, subtract(u as Tensor, v as Tensor)).reshape([n, hidden]);
        const ofBias = () => multiply((rows as Tensor).reshape([n, heads, width]), d).sum(0);
        const du = wants(1) || wants(2) ? ofBias() : undefined;
        return [wants(0) ? ofRows() : undefined, du, wants(2) ? tf.neg(du as Tensor) : undefined];
      },
    };
  });
}

/** `t_1 - t_0` as one row: `table [2, heads, width of a head]` (same segment, other segment) -> `[1, hidden]`. */
export function segmentDifference(table: Tensor): Tensor {
  return differentiable([table], () => {
    const [same, other] = tf.split(table.reshape([2, -1]), 2);
    return {
      value: subtract(other as Tensor, same as Tensor),
      gradient: (dy) => [tf.concat([tf.neg(dy), dy], 0).reshape(table.shape)],
    };
  });
}
