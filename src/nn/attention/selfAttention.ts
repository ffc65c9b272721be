/** Attention of texts to themselves: query, key and value are projections of the same rows. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { arithmeticOf } from "../../tensor/arithmetic.ts";
import { differentiable } from "../../tensor/differentiable.ts";
import { choose } from "../../tensor/native.ts";
import type { QueryKeyValue } from "../../tensor/nativeAttention.ts";
import { add, gatherRows, scatterRows, sumRows } from "../../tensor/ops.ts";
import { tf } from "../../tensor/tensorflow.ts";
import { linear } from "../linear.ts";
import { selectRows } from "../selectRows.ts";
import { attention, fusedOp } from "./attention.ts";
import type { AttentionOptions } from "./attentionOptions.ts";

/** `weight [hidden, hidden]` and `bias [hidden]`. */
export interface Projection {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

/** `x [tokens, hidden]`; the projections to query, key and value -> `[tokens, hidden]`, or `[batch, hidden]` of those that ask. */
export type SelfAttention = (
  x: Tensor,
  projections: readonly [query: Projection, key: Projection, value: Projection],
  options: AttentionOptions,
) => Tensor;

/** Out of one op after the other. */
export const composedSelfAttention: SelfAttention = (x, [query, key, value], options) => {
  const rows = options.packing.rowsOf(options.queryRows);
  const queryRows = rows === undefined ? x : selectRows(x, rows);
  const [q, k, v] = [
    linear(queryRows, query.weight, query.bias),
    ...[key, value].map((p) => linear(x, p.weight, p.bias)),
  ];
  return attention(q as Tensor, k as Tensor, v as Tensor, options);
};

/** One node of the tape: the three gradients that reach `x` are summed where they are computed. */
export const fusedSelfAttention: SelfAttention = (x, projections, options) => {
  const weights = projections.map(({ weight }) => weight);
  const biases = projections.map(({ bias }) => bias);
  const [tokens, width] = x.shape as [number, number];
  const hidden = biases[0]?.size as number;
  const op = fusedOp(options, hidden);
  const { matMul, matMulBias, sumOfProducts, pack, unpack } = arithmeticOf(options.precision);
  const rows = options.packing.rowsOf(options.queryRows);
  const queryRows = (all: Tensor) => (rows === undefined ? all : gatherRows(all, tf.tensor1d(rows, "int32")));
  return differentiable([x, ...weights, ...biases, ...op.tables], (save) => {
    const inputs = [queryRows(x), x, x];
    const projected = projections.map(({ weight, bias }, i) => matMulBias(inputs[i] as Tensor, weight, bias));
    const parts = projected as unknown as QueryKeyValue;
    save(() => pack(x), ...weights, ...parts.map((part) => () => pack(part)), ...op.tables);
    return {
      value: op.value(parts, op.tables),
      gradient: (dy, [x, ...saved], wants) => {
        const [weights, packed, tables] = [saved.slice(0, 3), saved.slice(3, 6), saved.slice(6)];
        const parts = packed.map((part) => unpack(part, hidden)) as unknown as QueryKeyValue;
        const found = op.gradients(dy, parts, tables, (table) => wants(7 + table));
        const all = wants(1) || wants(2) || wants(3) ? unpack(x as Tensor, width) : undefined;
        const inputs = [wants(1) ? queryRows(all as Tensor) : undefined, all, all];
        return [
          wants(0) ? dx(found.parts, weights) : undefined,
          ...found.parts.map((part, i) => (wants(1 + i) ? matMul(part, inputs[i] as Tensor, true, false) : undefined)),
          ...found.parts.map((part, i) => (wants(4 + i) ? sumRows(part) : undefined)),
          ...found.tables,
        ];
      },
    };
  });

  function dx(parts: QueryKeyValue, weights: readonly Tensor[]): Tensor {
    if (rows === undefined) return sumOfProducts(parts, weights);
    const column = tf.tensor2d(rows, [rows.length, 1], "int32");
    const ofAsking = scatterRows(matMul(parts[0], weights[0] as Tensor), column, tf.tensor1d([tokens, width], "int32"));
    return add(sumOfProducts(parts.slice(1), weights.slice(1)), ofAsking);
  }
};

export const selfAttention = choose(fusedSelfAttention, composedSelfAttention);
