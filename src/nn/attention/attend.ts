/** Attention out of scores that are sums of several terms: relative positions, segments, a window. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../../tensor/differentiable.ts";
import { DropoutMask, type DropoutSite } from "../../tensor/dropoutMask.ts";
import { add, batchMatMul, multiply, softmax, subtract, sumLast } from "../../tensor/ops.ts";
import { tf } from "../../tensor/tensorflow.ts";
import { siteOf } from "../dropout.ts";
import type { AttentionOptions } from "./attentionOptions.ts";
import { mergeHeads, splitHeads } from "./heads.ts";

/**
 * `softmax(s_1 + s_2 + ...) V` per text and head; padding gets probability exactly 0. Each term is
 * `[heads, batch, maxLength, maxLength]`, `value` and the result are `[tokens, hidden]`.
 */
export function attend(scores: readonly Tensor[], value: Tensor, options: AttentionOptions): Tensor {
  const site = siteOf(options);
  return differentiable([value, ...scores], (save) => {
    const sum = scores.length === 1 ? (scores[0] as Tensor) : (tf.addN([...scores]) as Tensor);
    const probabilities = softmax(masks(options).reduce(add, sum));
    const kept = site.rate === 0 ? undefined : maskOf(options, site);
    const weights = kept === undefined ? probabilities : multiply(probabilities, kept);
    save(value, probabilities, ...(kept === undefined ? [] : [kept]));
    return {
      value: mergeHeads(batchMatMul(weights, splitHeads(value, options)), options),
      gradient: (dy, saved, wants) => {
        const [value, probabilities, kept] = saved as [Tensor, Tensor, Tensor | undefined];
        const dContext = splitHeads(dy, options);
        const weights = kept === undefined ? probabilities : multiply(probabilities, kept);
        const dScores = () => {
          const dWeights = batchMatMul(dContext, splitHeads(value, options), false, true);
          const along = multiply(kept === undefined ? dWeights : multiply(dWeights, kept), probabilities);
          return subtract(along, multiply(probabilities, sumLast(along)));
        };
        const isScoreWanted = scores.some((_, i) => wants(1 + i));
        const d = isScoreWanted ? dScores() : undefined;
        return [
          wants(0) ? mergeHeads(batchMatMul(weights, dContext, true), options) : undefined,
          ...scores.map((_, i) => (wants(1 + i) ? d?.clone() : undefined)), // each its own: they are freed one by one
        ];
      },
    };
  });
}

/**
 * The factors of the probabilities, `[heads, batch, maxLength, maxLength]`. The rows of a mask are counted text by text,
 * in each head by head and in each of these query by query, without padding. Factors of padding, and of queries that nobody asks for, stay 0.
 */
function maskOf({ heads, packing, queryRows = "all" }: AttentionOptions, site: DropoutSite): Tensor {
  const { batch, maxLength, lengths } = packing;
  const factors = new Float32Array(heads * batch * maxLength * maxLength);
  const mask = new DropoutMask(site);
  let row = 0;
  for (const [text, length] of lengths.entries()) {
    const [from, to] = queryRows === "all" ? [0, length] : queryRows === "first" ? [0, 1] : [length - 1, length];
    for (let head = 0; head < heads; head++) {
      const first = (head * batch + text) * maxLength;
      for (let query = from; query < to; query++) mask.fill(factors, row + query, length, (first + query) * maxLength);
      row += length;
    }
  }
  return tf.tensor4d(factors, [heads, batch, maxLength, maxLength]);
}

/** What is added to the scores: -1e30 where a token is not to be seen. */
function masks({ packing, terms }: AttentionOptions): Tensor[] {
  const window = terms?.window;
  const { batch, maxLength: length, mask } = packing;
  const ofPadding = mask === undefined ? [] : [mask.reshape([1, batch, 1, length])];
  if (window === undefined || window >= length - 1) return ofPadding;
  const band = Float32Array.from({ length: length * length }, (_, at) =>
    Math.abs(Math.floor(at / length) - (at % length)) > window ? -1e30 : 0,
  );
  return [...ofPadding, tf.tensor4d(band, [1, 1, length, length])];
}
