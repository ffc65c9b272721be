/**
 * Attention of each text's first token to its whole text: all that a head over the first token reads of the topmost
 * layer. The queries of the other tokens are not computed.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { arithmeticOf } from "../engine/arithmetic.ts";
import { differentiable } from "../engine/differentiable.ts";
import { choose } from "../engine/native.ts";
import { nativeAttention, nativeAttentionGradients } from "../engine/nativeOps.ts";
import { add, gatherRows, scatterRows, sumRows } from "../engine/ops.ts";
import { tf } from "../engine/tensorflow.ts";
import { siteOf } from "./dropout.ts";
import { selectRows } from "./selectRows.ts";
import { composedSelfAttention, type SelfAttention } from "./selfAttention.ts";

/** `x [tokens, hidden]` -> `[batch, hidden]`: the rows of all tokens, and of these the first of each text. */
export const composedFirstTokenAttention: SelfAttention = (x, projections, options) =>
  selectRows(composedSelfAttention(x, projections, options), options.packing.firstTokens);

/** One node of the tape, with one row of scores for each head of each text. */
export const fusedFirstTokenAttention: SelfAttention = (x, projections, options) => {
  const weights = projections.map(({ weight }) => weight);
  const biases = projections.map(({ bias }) => bias);
  const site = siteOf(options);
  const { firstTokens } = options.packing;
  const { matMul, matMulBias, sumOfProducts, pack, unpack } = arithmeticOf(options.precision);
  const [tokens, width] = x.shape as [number, number];
  const hidden = biases[0]?.size as number;
  return differentiable([x, ...weights, ...biases], (save) => {
    const first = gatherRows(x, tf.tensor1d(firstTokens, "int32"));
    const parts = projections.map(({ weight, bias }, i) => matMulBias(i === 0 ? first : x, weight, bias));
    save(
      () => pack(x),
      () => pack(first),
      ...weights,
      ...parts.map((part) => () => pack(part)),
    );
    return {
      value: nativeAttention(parts, options.packing.lengthsTensor, options.heads, site),
      gradient: (dy, [x, first, ...saved], wants) => {
        const [weights, parts] = [saved.slice(0, 3), saved.slice(3).map((part) => unpack(part, hidden))];
        const dParts = nativeAttentionGradients(dy, parts, options.packing.lengthsTensor, options.heads, site);
        const [dQuery, ...dOthers] = dParts as [Tensor, Tensor, Tensor];
        const texts = wants(2) || wants(3) ? unpack(x as Tensor, width) : undefined;
        const inputs = [wants(1) ? unpack(first as Tensor, width) : undefined, texts, texts];
        const dx = () => {
          const ofFirst = matMul(dQuery, weights[0] as Tensor);
          const column = tf.tensor2d(firstTokens, [firstTokens.length, 1], "int32");
          const scattered = scatterRows(ofFirst, column, tf.tensor1d([tokens, width], "int32"));
          return add(sumOfProducts(dOthers, weights.slice(1)), scattered);
        };
        return [
          wants(0) ? dx() : undefined,
          ...dParts.map((part, i) => (wants(1 + i) ? matMul(part, inputs[i] as Tensor, true, false) : undefined)),
          ...dParts.map((part, i) => (wants(4 + i) ? sumRows(part) : undefined)),
        ];
      },
    };
  });
};

export const firstTokenAttention = choose(fusedFirstTokenAttention, composedFirstTokenAttention);
