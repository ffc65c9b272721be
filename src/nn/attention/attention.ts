/**
 * Scaled dot-product attention of several heads over packed examples (Vaswani et al. 2017, arXiv:1706.03762):
 * `attention` of given query, key and value, and `selfAttention`, whose query, key and value are projections of the
 * same rows.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable, once, type Wanted } from "../../tensor/differentiable.ts";
import { DropoutMask, type DropoutSite } from "../../tensor/dropoutMask.ts";
import { choose } from "../../tensor/native.ts";
import {
  type AttentionInputs,
  nativeAttention,
  nativeAttentionGradients,
  type ScoreTables,
} from "../../tensor/nativeAttention.ts";
import { add, batchMatMul, multiply, softmax, subtract, sumLast, sumRows } from "../../tensor/ops.ts";
import { arithmeticOf, type Precision } from "../../tensor/precision.ts";
import { tf } from "../../tensor/tensorflow.ts";
import { type DropoutOptions, siteOf } from "../dropout.ts";
import { linear } from "../linear.ts";
import type { Packing, QueryRows } from "../packing.ts";
import { gather, placeRows, scaleRows, scatter, selectRows } from "../rows.ts";
import { contentScores, distanceBias, distanceScores, mergeHeads, segmentScores, splitHeads } from "./scores.ts";

/** Terms of the attention scores besides the products of query and key. Default: none. */
export interface ScoreTerms extends ScoreTables {
  /** The segment of each token, `[tokens]`; comes with `otherSegment`. */
  readonly segments?: Int32Array | undefined;
  /** Largest distance at which a token attends to another. Default: no limit. */
  readonly window?: number | undefined;
  /** Scale of the products of query and key. Default: `1 / sqrt(headWidth)`. */
  readonly factor?: number | undefined;
}

/** Options of attention; its dropout applies to the attention probabilities. */
export interface AttentionOptions extends DropoutOptions {
  /** Number of heads; hidden is a multiple of it. */
  readonly heads: number;
  readonly packing: Packing;
  /** Precision of the projections and of the values kept for the backward pass. Default: `"float32"`. */
  readonly precision?: Precision;
  /**
   * The tokens whose outputs are computed; with `"first"` or `"last"` the query has one row per example. Default:
   * `"all"`.
   */
  readonly queryRows?: QueryRows;
  readonly terms?: ScoreTerms;
}

const factorOf = ({ terms, heads }: AttentionOptions, hidden: number): number =>
  terms?.factor ?? 1 / Math.sqrt(hidden / heads);

/**
 * The composed form of `attention`, with padding and all scores in memory. With one query row per example all rows are
 * computed, and one is selected.
 */
export function composedAttention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  const { packing, queryRows = "all", terms = {} } = options;
  const { byQuery, byKey, byDistance, otherSegment, segmentBias, segments } = terms;
  const factor = factorOf(options, key.shape[1] as number);
  const rows = packing.rowsOf(queryRows);
  const scaled = scaleRows(rows === undefined ? query : placeRows(query, rows, packing.tokens), factor);
  const hasSegments = otherSegment !== undefined && segmentBias !== undefined && segments !== undefined;
  const scores = {
    content: contentScores(scaled, key, options),
    byQuery: byQuery && distanceScores(scaled, byQuery, { ...options, by: "query" }),
    byKey: byKey && distanceScores(scaleRows(key, factor), byKey, { ...options, by: "key" }),
    byDistance: byDistance && distanceBias(byDistance, options),
    bySegment: hasSegments ? segmentScores(scaled, otherSegment, segmentBias, segments, options) : undefined,
  };
  const context = attend(scores, value, options);
  return rows === undefined ? context : selectRows(context, rows);
}

/** The summands of the attention scores, each `[heads, batch, maxLength, maxLength]`. */
interface Scores extends Readonly<Record<"byQuery" | "byKey" | "byDistance" | "bySegment", Tensor | undefined>> {
  readonly content: Tensor;
}

/**
 * `softmax(sum of the scores) V` per example and head; padding gets probability exactly 0. `value` and the result are
 * `[tokens, hidden]`.
 */
function attend(scores: Scores, value: Tensor, options: AttentionOptions): Tensor {
  const site = siteOf(options);
  const inputs = { ...scores, value };
  return differentiable(inputs, () => {
    const { content, byQuery, byKey, byDistance, bySegment } = scores;
    const terms = [content, byQuery, byKey, byDistance, bySegment].filter((term) => term !== undefined);
    const sum: Tensor = terms.length === 1 ? content : tf.addN(terms);
    const probabilities = softmax(masks(options).reduce(add, sum));
    const mask = site.rate === 0 ? undefined : maskOf(options, site);
    const weights = mask === undefined ? probabilities : multiply(probabilities, mask);
    return {
      value: mergeHeads(batchMatMul(weights, splitHeads(value, options)), options),
      saved: { value, probabilities, mask },
      gradient: (dy, { value, probabilities, mask }) => {
        const dContext = once(() => splitHeads(dy, options));
        const dropped = (x: Tensor) => (mask === undefined ? x : multiply(x, mask));
        const dSum = once(() => {
          const dWeights = batchMatMul(dContext(), splitHeads(value, options), false, true);
          const along = multiply(dropped(dWeights), probabilities);
          return subtract(along, multiply(probabilities, sumLast(along)));
        });
        const dTerm = () => dSum().clone(); // each its own: they are freed one by one
        return {
          value: () => mergeHeads(batchMatMul(dropped(probabilities), dContext(), true), options),
          content: dTerm,
          byQuery: dTerm,
          byKey: dTerm,
          byDistance: dTerm,
          bySegment: dTerm,
        };
      },
    };
  });
}

/** Makes the additive masks of the scores: -1e30 on padding and outside the window. */
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

/**
 * Makes the dropout factors of the probabilities, `[heads, batch, maxLength, maxLength]`. Mask rows are numbered by
 * example, then head, then query, without padding. Factors of padding and of queries that are not needed are 0.
 */
function maskOf({ heads, packing, queryRows = "all" }: AttentionOptions, site: DropoutSite): Tensor {
  const { batch, maxLength, lengths } = packing;
  const factors = new Float32Array(heads * batch * maxLength * maxLength);
  const mask = new DropoutMask(site);
  let row = 0;
  for (const [example, length] of lengths.entries()) {
    const [from, to] = queryRows === "all" ? [0, length] : queryRows === "first" ? [0, 1] : [length - 1, length];
    for (let head = 0; head < heads; head++) {
      const first = (head * batch + example) * maxLength;
      for (let query = from; query < to; query++) mask.fill(factors, row + query, length, (first + query) * maxLength);
      row += length;
    }
  }
  return tf.tensor4d(factors, [heads, batch, maxLength, maxLength]);
}

/**
 * The native op at one place of a model, for a forward pass and its backward pass: each head of each example with its own
 * length, no padding, no matrix of scores in memory; probabilities and masks are computed again in the backward pass.
 */
function fusedAttentionOp(options: AttentionOptions, hidden: number) {
  const { heads, packing, queryRows, terms = {} } = options;
  const { segments, window, factor: _, ...tables } = terms;
  const site = siteOf(options);
  const own = { heads, segments, window, factor: factorOf(options, hidden), last: queryRows === "last", site };
  const call = () => ({ ...own, lengths: packing.lengthsTensor });
  return {
    /** The tables among the terms, which are inputs of the op like query, key and value. */
    tables,
    value: (inputs: AttentionInputs) => nativeAttention(inputs, call()),
    gradients: (dy: Tensor, inputs: AttentionInputs, wanted: Wanted<ScoreTables>) =>
      nativeAttentionGradients(dy, inputs, call(), wanted),
  };
}

/** The fused form of `attention`, one node of the tape. */
export function fusedAttention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  const op = fusedAttentionOp(options, key.shape[1] as number);
  const inputs = { query, key, value, ...op.tables };
  return differentiable(inputs, () => ({ value: op.value(inputs), saved: inputs, gradient: op.gradients }));
}

/**
 * `softmax(factor * Q K^T + terms) V` per example and head. `key` and `value` are `[tokens, hidden]`, and so are
 * `query` and the result, or `[batch, hidden]` with one query row per example.
 */
export const attention = choose(fusedAttention, composedAttention);

/** A projection: `weight [hidden, hidden]` and `bias [hidden]`. */
interface Projection {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

/**
 * Computes self-attention: `x [tokens, hidden]` -> `[tokens, hidden]`, or `[batch, hidden]` with one query row per
 * example.
 */
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
  const queryRows = (all: Tensor) => (rows === undefined ? all : gather(all, rows));
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
            const ofQueries = scatter(matMul(query(), saved.queryWeight), rows, tokens);
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
