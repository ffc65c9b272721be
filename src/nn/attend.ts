/** Attention out of scores that are sums of several terms: relative positions, segments, a window. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../engine/differentiable.ts";
import { add, batchMatMul, dropoutMask, multiply, softmax, subtract, sumLast } from "../engine/ops.ts";
import { tf } from "../engine/tensorflow.ts";
import type { AttentionOptions } from "./attentionOptions.ts";
import { mergeHeads, splitHeads } from "./heads.ts";

/**
 * `softmax(s_1 + s_2 + ...) V` per text and head; padding gets probability exactly 0. Each term is
 * `[heads, batch, maxLength, maxLength]`, `value` and the result are `[tokens, hidden]`.
 */
export function attend(scores: readonly Tensor[], value: Tensor, options: AttentionOptions): Tensor {
  const { dropoutRate, stream } = options;
  const seed = dropoutRate > 0 ? stream?.next() : undefined;
  return differentiable([value, ...scores], (save) => {
    const sum = scores.length === 1 ? (scores[0] as Tensor) : (tf.addN([...scores]) as Tensor);
    const probabilities = softmax(masks(options).reduce(add, sum));
    const kept = seed === undefined ? undefined : dropoutMask(probabilities.shape, dropoutRate, seed);
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
