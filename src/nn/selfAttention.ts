/** Attention of texts to themselves: query, key and value are projections of the same rows. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { arithmeticOf } from "../engine/arithmetic.ts";
import { differentiable } from "../engine/differentiable.ts";
import { choose } from "../engine/native.ts";
import { nativeAttention, nativeAttentionGradients } from "../engine/nativeOps.ts";
import { sumRows } from "../engine/ops.ts";
import { type AttentionOptions, attention } from "./attention.ts";
import { siteOf } from "./dropout.ts";
import { linear } from "./linear.ts";

/** `weight [hidden, hidden]` and `bias [hidden]`. */
export interface Projection {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

/** `x [tokens, hidden]`; the projections to query, key and value -> `[tokens, hidden]`. */
export type SelfAttention = (
  x: Tensor,
  projections: readonly [query: Projection, key: Projection, value: Projection],
  options: AttentionOptions,
) => Tensor;

/** Out of one op after the other. */
export const composedSelfAttention: SelfAttention = (x, projections, options) => {
  const [query, key, value] = projections.map(({ weight, bias }) => linear(x, weight, bias));
  return attention(query as Tensor, key as Tensor, value as Tensor, options);
};

/** One node of the tape: the three gradients that reach `x` are summed where they are computed. */
export const fusedSelfAttention: SelfAttention = (x, projections, options) => {
  const weights = projections.map(({ weight }) => weight);
  const biases = projections.map(({ bias }) => bias);
  const site = siteOf(options);
  const { matMul, matMulBias, sumOfProducts, pack, unpack } = arithmeticOf(options.precision);
  const [width, hidden] = [x.shape[1] as number, biases[0]?.size as number];
  return differentiable([x, ...weights, ...biases], (save) => {
    const parts = projections.map(({ weight, bias }) => matMulBias(x, weight, bias));
    save(() => pack(x), ...weights, ...parts.map((part) => () => pack(part)));
    return {
      value: nativeAttention(parts, options.packing.lengthsTensor, options.heads, site),
      gradient: (dy, [x, ...saved], wants) => {
        const [weights, parts] = [saved.slice(0, 3), saved.slice(3).map((part) => unpack(part, hidden))];
        const dParts = nativeAttentionGradients(dy, parts, options.packing.lengthsTensor, options.heads, site);
        const input = wants(1) || wants(2) || wants(3) ? unpack(x as Tensor, width) : undefined;
        return [
          wants(0) ? sumOfProducts(dParts, weights) : undefined,
          ...dParts.map((part, i) => (wants(1 + i) ? matMul(part, input as Tensor, true, false) : undefined)),
          ...dParts.map((part, i) => (wants(4 + i) ? sumRows(part) : undefined)),
        ];
      },
    };
  });
};

export const selfAttention = choose(fusedSelfAttention, composedSelfAttention);
