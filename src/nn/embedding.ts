/** Looks up rows of an embedding table by id: words, positions, token types. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../tensor/differentiable.ts";
import { markTouchedRows } from "../tensor/marks.ts";
import { nativeOps } from "../tensor/native.ts";
import { nativeScatterAdd } from "../tensor/nativeOps.ts";
import { gatherRows, segmentSum } from "../tensor/ops.ts";
import { tf } from "../tensor/tensorflow.ts";

/**
 * Looks up rows of `table [rows, width]` by `ids [tokens]` -> `[tokens, width]`. The row `paddingIndex`, if given, gets
 * no gradient, as in `torch.nn.Embedding`. The gradient is dense, so that an optimizer moves every row at every step,
 * as PyTorch's.
 */
export function embedding(table: Tensor, ids: Int32Array, paddingIndex?: number | undefined): Tensor {
  return differentiable({ table }, () => {
    const rows = table.shape[0] as number;
    return {
      value: gatherRows(table, tf.tensor1d(ids, "int32")),
      gradient: (dy) => ({
        table: () => {
          const segments = ids.map((id) => (id === paddingIndex ? -1 : id)); // a negative segment is left out
          const indices = tf.tensor1d(segments, "int32");
          if (!nativeOps) return segmentSum(dy, indices, tf.scalar(rows, "int32"));
          return markTouchedRows(nativeScatterAdd(dy, indices, rows), segments);
        },
      }),
    };
  });
}
