/** Attention of examples to themselves: query, key and value are projections of the same rows. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable, once } from "../../tensor/differentiable.ts";
import { choose } from "../../tensor/native.ts";
import { add, gatherRows, scatterRows, sumRows } from "../../tensor/ops.ts";
import { arithmeticOf } from "../../tensor/precision.ts";
import { tf } from "../../tensor/tensorflow.ts";
import { linear } from "../linear.ts";
import { selectRows } from "../rows.ts";
import { type AttentionOptions, attention, fusedAttentionOp } from "./attention.ts";

/** `weight [hidden, hidden]` and `bias [hidden]`. */
export interface Projection {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

/** `x [tokens, hidden]` -> `[tokens, hidden]`, or `[batch, hidden]` where the options ask for one row per example. */
type SelfAttention = (
  x: Tensor,
  projections: readonly [query: Projection, key: Projection, value: Projection],
  options: AttentionOptions,
) => Tensor;

/** The composed form of `selfAttention`. */
export const composedSelfAttention: SelfAttention = (x, [query, key, value], options) => {
  const rows = options.packing.rowsOf(options.queryRows);
  const queryRows = rows === undefined ? x : selectRows(x, rows);
  return attention(
    linear(queryRows, query.weight, query.bias),
    linear(x, key.weight, key.bias),
    linear(x, value.weight, value.bias),
    options,
  );
};

/** The fused form of `selfAttention`, one node of the tape: the three gradients that reach `x` are summed as they come. */
export const fusedSelfAttention: SelfAttention = (x, [query, key, value], options) => {
  const [tokens, width] = x.shape as [number, number];
  const hidden = query.bias.size;
  const op = fusedAttentionOp(options, hidden);
  const { matMul, matMulBias, sumOfProducts, pack, unpack } = arithmeticOf(options.precision);
  const rows = options.packing.rowsOf(options.queryRows);
  const queryRows = (all: Tensor) => (rows === undefined ? all : gatherRows(all, tf.tensor1d(rows, "int32")));
  const weights = { queryWeight: query.weight, keyWeight: key.weight, valueWeight: value.weight };
  const biases = { queryBias: query.bias, keyBias: key.bias, valueBias: value.bias };
  return differentiable({ x, ...weights, ...biases, ...op.tables }, () => {
    const q = matMulBias(queryRows(x), query.weight, query.bias);
    const k = matMulBias(x, key.weight, key.bias);
    const v = matMulBias(x, value.weight, value.bias);
    const packed = { x: () => pack(x), query: () => pack(q), key: () => pack(k), value: () => pack(v) };
    return {
      value: op.value({ query: q, key: k, value: v, ...op.tables }),
      saved: { ...packed, ...weights, ...op.tables },
      gradient: (dy, saved, wanted) => {
        const [q, k, v] = [unpack(saved.query, hidden), unpack(saved.key, hidden), unpack(saved.value, hidden)];
        const { query, key, value, ...tables } = op.gradients(dy, { ...saved, query: q, key: k, value: v }, wanted);
        const x = once(() => unpack(saved.x, width));
        return {
          x: () => {
            if (rows === undefined) {
              return sumOfProducts([query(), key(), value()], [saved.queryWeight, saved.keyWeight, saved.valueWeight]);
            }
            const indices = tf.tensor2d(rows, [rows.length, 1], "int32");
            const size = tf.tensor1d([tokens, width], "int32");
            const ofQueries = scatterRows(matMul(query(), saved.queryWeight), indices, size);
            return add(sumOfProducts([key(), value()], [saved.keyWeight, saved.valueWeight]), ofQueries);
          },
          queryWeight: () => matMul(query(), queryRows(x()), true, false),
          keyWeight: () => matMul(key(), x(), true, false),
          valueWeight: () => matMul(value(), x(), true, false),
          queryBias: () => sumRows(query()),
          keyBias: () => sumRows(key()),
          valueBias: () => sumRows(value()),
          ...tables,
        };
      },
    };
  });
};

/** `attention` of the projected rows of `x [tokens, hidden]` -> `[tokens, hidden]`, or `[batch, hidden]`. */
export const selfAttention = choose(fusedSelfAttention, composedSelfAttention);
