/** Scaled dot-product attention of several heads over packed texts (Vaswani et al. 2017, arXiv:1706.03762). */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../engine/differentiable.ts";
import { choose } from "../engine/native.ts";
import { nativeAttention, nativeAttentionGradients } from "../engine/nativeOps.ts";
import {
  add,
  batchMatMul,
  dropoutMask,
  multiply,
  scale,
  softmax,
  subtract,
  sumLast,
  sumRows,
  transpose,
} from "../engine/ops.ts";
import type { Precision } from "../engine/precision.ts";
import { type DropoutOptions, siteOf } from "./dropout.ts";
import type { Packing } from "./packing.ts";

/** The dropout is that of the attention probabilities. */
export interface AttentionOptions extends DropoutOptions {
  readonly heads: number;
  readonly packing: Packing;
  /** Of the projections' products, and of what the backward pass needs. Default: "float32". */
  readonly precision?: Precision;
}

const swapHeads = [0, 2, 1, 3];

/**
 * `softmax(Q K^T / sqrt(width of a head)) V` per text and head. `query`, `key`, `value` and the result are
 * `[tokens, hidden]`; inside, the texts are padded to the longest, and padding gets probability exactly 0.
 */
export const composedAttention = (query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor =>
  biasedAttention(query, key, value, undefined, options);

/** The same with `bias [heads, maxLength, maxLength]`, by query and key, added to the scores of every text. */
export function biasedAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  bias: Tensor | undefined,
  options: AttentionOptions,
): Tensor {
  const { heads, packing, dropoutRate, stream } = options;
  const hidden = query.shape[1] as number;
  const width = hidden / heads;
  const factor = 1 / Math.sqrt(width);
  const { batch, maxLength } = packing;

  /** `[tokens, hidden]` -> `[batch, heads, maxLength, width]` */
  const split = (x: Tensor) => transpose(packing.pad(x).reshape([batch, maxLength, heads, width]), swapHeads);
  /** `[batch, heads, maxLength, width]` -> `[tokens, hidden]` */
  const merge = (x: Tensor) => packing.unpad(transpose(x, swapHeads).reshape([batch, maxLength, hidden]));

  const seed = dropoutRate > 0 ? stream?.next() : undefined;
  return differentiable([query, key, value, ...(bias === undefined ? [] : [bias])], (save) => {
    const q = scale(split(query), factor);
    const k = split(key);
    const v = split(value);
    const products = batchMatMul(q, k, false, true); // [batch, heads, query, key]
    const scores = bias === undefined ? products : add(products, bias);
    const probabilities = softmax(packing.mask === undefined ? scores : add(scores, packing.mask));
    const mask = seed === undefined ? undefined : dropoutMask(probabilities.shape, dropoutRate, seed);
    const weights = mask === undefined ? probabilities : multiply(probabilities, mask);
    save(q, k, v, probabilities, ...(mask === undefined ? [] : [mask]));
    return {
      value: merge(batchMatMul(weights, v)),
      gradient: (dy, saved, wants) => {
        const [q, k, v, probabilities, mask] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor | undefined];
        const dContext = split(dy);
        const weights = mask === undefined ? probabilities : multiply(probabilities, mask);
        const dWeights = batchMatMul(dContext, v, false, true);
        const dProbabilities = mask === undefined ? dWeights : multiply(dWeights, mask);
        // softmax: dS = P * (dP - sum(dP * P))
        const along = multiply(dProbabilities, probabilities);
        const dScores = subtract(along, multiply(probabilities, sumLast(along)));
        return [
          merge(scale(batchMatMul(dScores, k), factor)),
          merge(batchMatMul(dScores, q, true, false)), // q holds the factor already
          merge(batchMatMul(weights, dContext, true, false)),
          bias !== undefined && wants(3) ? sumRows(dScores.reshape([batch, bias.size])).reshape(bias.shape) : undefined,
        ];
      },
    };
  });
}

/**
 * The same without padding, transposes or a matrix of scores in memory: each head of each text with its own length,
 * and the probabilities and the dropout mask computed again in the backward pass.
 */
export function fusedAttention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  const { heads } = options;
  const site = siteOf(options);
  return differentiable([query, key, value], (save) => {
    save(query, key, value);
    return {
      value: nativeAttention([query, key, value], options.packing.lengthsTensor, heads, site),
      gradient: (dy, saved) => nativeAttentionGradients(dy, saved, options.packing.lengthsTensor, heads, site),
    };
  });
}

export const attention = choose(fusedAttention, composedAttention);
