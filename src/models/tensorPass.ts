/** Computes a family's forward pass on tensors, with the gradients of `src/nn`, over a packed batch without padding. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { activate, denseActivated } from "../nn/activation.ts";
import type { ScoreTerms, AttentionOptions as TensorAttentionOptions } from "../nn/attention/attention.ts";
import { attention, selfAttention } from "../nn/attention/attention.ts";
import { rotate, rotation } from "../nn/attention/rotary.ts";
import { biasProducts, distanceSinusoids, distances, segmentDifference } from "../nn/attention/scoreTables.ts";
import { tokenConvolution } from "../nn/convolution.ts";
import { type DropoutRng, dropout } from "../nn/dropout.ts";
import { embedding } from "../nn/embedding.ts";
import { layerNorm } from "../nn/layerNorm.ts";
import { fromHeads, linear, project, toHeads, zeroBias } from "../nn/linear.ts";
import type { QueryRows } from "../nn/packing.ts";
import { denseResidualNorm, feedForwardNorm, residualNorm } from "../nn/postNorm.ts";
import { addBias, addRows, meanRows, multiplyRows, part, selectRows } from "../nn/rows.ts";
import type { Precision } from "../tensor/precision.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import {
  type AttentionOptions,
  checkAttention,
  type DenseResidualNorm,
  type DistanceLookUp,
  type DistanceRows,
  type FeedForwardNorm,
  type LookedUpRows,
  type MatrixLayout,
  type ModuleBias,
  type Pass,
  type QueryBiases,
  type QueryKeyValue,
  type QueryOptions,
  type ResidualNorm,
} from "./family.ts";
import { type PackedBatch, positionsAfterPadding } from "./packedBatch.ts";

/** The inputs of a pass over tensors. */
interface TensorPassInputs {
  readonly config: HuggingFaceConfig;
  readonly batch: PackedBatch;
  /** Returns the values of a parameter by its name in the state dict. */
  readonly weight: (name: string) => Tensor;
  /**
   * Random generator of the dropout masks; undefined in evaluation. Masks are numbered in the order in which the
   * operations are called.
   */
  readonly dropoutRng: DropoutRng | undefined;
  /**
   * Precision of the layers' matrix products and of the values kept for the backward pass; embeddings and head are
   * always float32.
   */
  readonly precision: Precision;
  /** Function applied to the word embeddings, `[tokens, width]`, before use. Default: the identity. */
  readonly throughWords?: ((words: Tensor) => Tensor) | undefined;
}

export class TensorPass implements Pass<Tensor> {
  readonly inputs: TensorPassInputs;
  readonly config: HuggingFaceConfig;
  readonly weight: (name: string) => Tensor;

  constructor(inputs: TensorPassInputs) {
    this.inputs = inputs;
    this.config = inputs.config;
    this.weight = inputs.weight;
  }

  words(table: string, zeroRow?: number): Tensor {
    const { batch, throughWords } = this.inputs;
    const words = embedding(this.weight(table), batch.inputIds, zeroRow);
    return throughWords === undefined ? words : throughWords(words);
  }

  positions(table: string, padding?: number): Tensor {
    const { batch } = this.inputs;
    const positions = padding === undefined ? batch.positions : positionsAfterPadding(batch, padding);
    return embedding(this.weight(table), positions, padding);
  }

  tokenTypes(table: string): Tensor {
    const { tokenTypeIds } = this.inputs.batch;
    // of one type are all tokens, whatever the batch says, as Python gives such a table none
    const types = this.config.typeVocabSize === 1 ? new Int32Array(tokenTypeIds.length) : tokenTypeIds;
    return embedding(this.weight(table), types);
  }

  add(a: Tensor, b: Tensor): Tensor {
    return addRows(a, b);
  }

  multiply(a: Tensor, b: Tensor): Tensor {
    return multiplyRows(a, b);
  }

  addBias(x: Tensor, bias: string): Tensor {
    return addBias(x, this.weight(bias));
  }

  dense(module: string, x: Tensor, { bias }: ModuleBias = { bias: true }): Tensor {
    const weight = this.weight(`${module}.weight`);
    return bias ? linear(x, weight, this.weight(`${module}.bias`)) : project(x, weight);
  }

  denseActivated(module: string, activation: string, x: Tensor): Tensor {
    return denseActivated(activation, x, this.#module(module));
  }

  project(parameter: string, x: Tensor, layout: MatrixLayout = "[out, in]"): Tensor {
    const weight = this.weight(parameter);
    if (layout === "[in, out]") return toHeads(x, weight);
    return weight.rank === 2 ? project(x, weight) : fromHeads(x, weight);
  }

  layerNorm(module: string, x: Tensor, { bias }: ModuleBias = { bias: true }): Tensor {
    const shift = bias ? this.weight(`${module}.bias`) : zeroBias(x.shape.at(-1) as number);
    return layerNorm(x, this.weight(`${module}.weight`), shift, this.config.layerNormEps);
  }

  activate(activation: string, x: Tensor): Tensor {
    return activate(activation, x);
  }

  dropout(x: Tensor, rate: number): Tensor {
    return dropout(x, rate, this.inputs.dropoutRng);
  }

  split(x: Tensor, count: number, groups = 1): Tensor[] {
    return Array.from({ length: count }, (_, index) => part(x, { index, of: count, groups }));
  }

  selectQueryRows(x: Tensor, queryRows: QueryRows = "all"): Tensor {
    const rows = this.inputs.batch.packing.rowsOf(queryRows);
    return rows === undefined ? x : selectRows(x, rows);
  }

  meanRows(x: Tensor): Tensor {
    return meanRows(x, this.inputs.batch.packing);
  }

  tokenConvolution(module: string, x: Tensor): Tensor {
    return tokenConvolution({ x, ...this.#module(module) }, this.inputs.batch.packing);
  }

  denseResidualNorm({ dense, norm }: DenseResidualNorm, x: Tensor, residual: Tensor, dropoutRate: number): Tensor {
    const { weight: projection, bias: inputBias } = this.#module(dense);
    const { dropoutRng, precision } = this.inputs;
    return denseResidualNorm(
      { x, projection, inputBias, residual, ...this.#module(norm) },
      { epsilon: this.config.layerNormEps, dropoutRate, dropoutRng, precision },
    );
  }

  residualNorm({ bias, norm }: ResidualNorm, x: Tensor, residual: Tensor, dropoutRate: number): Tensor {
    const inputBias = bias === undefined ? zeroBias(this.config.hiddenSize) : this.weight(bias);
    return residualNorm(
      { x, inputBias, residual, ...this.#module(norm) },
      { epsilon: this.config.layerNormEps, dropoutRate, dropoutRng: this.inputs.dropoutRng },
    );
  }

  feedForwardNorm({ up, down, norm }: FeedForwardNorm, x: Tensor, dropoutRate: number): Tensor {
    const { layerNormEps: epsilon, hiddenAct: activation } = this.config;
    const { dropoutRng, precision } = this.inputs;
    return feedForwardNorm(
      { x, up: this.#module(up), down: this.#module(down), norm: this.#module(norm) },
      { epsilon, dropoutRate, dropoutRng, precision, activation },
    );
  }

  selfAttention(
    { query, key, value }: QueryKeyValue<string>,
    x: Tensor,
    options: AttentionOptions<Tensor> = {},
  ): Tensor {
    const projections = [this.#module(query), this.#module(key), this.#module(value)] as const;
    return selfAttention(x, projections, this.#attention(options));
  }

  attention(inputs: QueryKeyValue<Tensor>, options: AttentionOptions<Tensor> & QueryOptions = {}): Tensor {
    checkAttention(options);
    const { rotaryTheta, queryBiases } = options;
    const { query, key } = rotaryTheta === undefined ? inputs : this.#rotated(inputs, rotaryTheta, options.queryRows);
    const settings = this.#attention(options);
    const withBias = queryBiases === undefined ? query : addBias(query, this.weight(queryBiases.content));
    return attention(withBias, key, inputs.value, settings);
  }

  /**
   * Gathers the table rows from that of distance -maxLength to that of maxLength, which lie together since `rowOf` does
   * not decrease.
   */
  distanceRows(table: string, { rowOf, farthest }: DistanceLookUp): LookedUpRows<Tensor> {
    const { maxLength } = this.inputs.batch.packing;
    const first = rowOf(-maxLength);
    const indices = Int32Array.from({ length: rowOf(maxLength) - first + 1 }, (_, i) => first + i);
    return {
      rows: embedding(this.weight(table), indices),
      lookUp: { rowOf: (distance) => rowOf(distance) - first, farthest },
    };
  }

  distanceSinusoids({ clamp, dropoutRate }: { clamp: number | undefined; dropoutRate: number }): DistanceRows<Tensor> {
    const { batch, dropoutRng } = this.inputs;
    const rows = distanceSinusoids(batch.packing.maxLength, { width: this.config.hiddenSize, clamp });
    return { rows: dropout(rows, dropoutRate, dropoutRng?.shared()) };
  }

  /** Returns the weight and bias of a module. */
  #module(name: string): { readonly weight: Tensor; readonly bias: Tensor } {
    return { weight: this.weight(`${name}.weight`), bias: this.weight(`${name}.bias`) };
  }

  #attention(options: AttentionOptions<Tensor> & QueryOptions): TensorAttentionOptions {
    const { batch, dropoutRng, precision } = this.inputs;
    const { numAttentionHeads: heads, attentionProbsDropoutProb: dropoutRate } = this.config;
    const { queryRows = "all" } = options;
    const terms = this.#scoreTerms(options);
    return { heads, packing: batch.packing, dropoutRate, dropoutRng, precision, queryRows, terms };
  }

  #scoreTerms(options: AttentionOptions<Tensor> & QueryOptions): ScoreTerms {
    const { factor, window, byQuery, byKey } = options;
    return {
      factor,
      window,
      byQuery: byQuery && this.#inOrder(byQuery),
      byKey: byKey && this.#gathered(byKey.rows, byKey.lookUp, -1),
      byDistance: this.#distanceTerm(options),
      ...this.#segmentTerms(options),
    };
  }

  /** Makes the number per distance and head that is added to the scores. */
  #distanceTerm(options: AttentionOptions<Tensor> & QueryOptions): Tensor | undefined {
    const { distanceBias, queryBiases, byQuery, factor } = options;
    if (distanceBias !== undefined) return this.#gathered(this.weight(distanceBias.table), distanceBias);
    if (queryBiases === undefined || byQuery === undefined) return undefined;
    return this.#biasProducts(this.#inOrder(byQuery), queryBiases.distance, queryBiases, factor);
  }

  /** Makes the terms of scores between tokens of two types. */
  #segmentTerms({ queryBiases, factor }: QueryOptions & Pick<AttentionOptions<Tensor>, "factor">): ScoreTerms {
    const bySegment = queryBiases?.bySegment;
    if (queryBiases === undefined || bySegment === undefined || !this.#hasSegments()) return {};
    const otherSegment = segmentDifference(this.weight(bySegment.table));
    const segmentBias = this.#biasProducts(otherSegment, bySegment.queryBias, queryBiases, factor);
    return { otherSegment, segmentBias, segments: this.inputs.batch.tokenTypeIds };
  }

  /**
   * Makes the score term for a query bias u that applies to one kind of product only: `(q + u) . t = (q + v) . t + (u -
   * v) . t`. The query already includes the content bias v, and the last product is one number per head and row t.
   */
  #biasProducts(rows: Tensor, bias: string, { content }: QueryBiases, factor: number | undefined): Tensor {
    const { hiddenSize, numAttentionHeads } = this.config;
    const scale = factor ?? 1 / Math.sqrt(hiddenSize / numAttentionHeads);
    return biasProducts(rows, this.weight(bias), this.weight(content), scale);
  }

  /**
   * Tells whether any example has tokens of two types. If none has, neither scores nor gradients depend on segments.
   */
  #hasSegments(): boolean {
    const { packing, tokenTypeIds } = this.inputs.batch;
    return packing.lengths.some((length, text) => {
      const first = packing.firstTokens[text] as number;
      return tokenTypeIds.subarray(first, first + length).some((type) => type !== tokenTypeIds[first]);
    });
  }

  /** Returns one row per distance, in the order of `distances(maxLength)`. */
  #inOrder({ rows, lookUp }: DistanceRows<Tensor>): Tensor {
    return lookUp === undefined ? rows : this.#gathered(rows, lookUp);
  }

  /**
   * Gathers one row per distance, in the order of `distances(maxLength)`, or of their negatives if `sign` is -1.
   */
  #gathered(rows: Tensor, { rowOf }: DistanceLookUp, sign: 1 | -1 = 1): Tensor {
    const { maxLength } = this.inputs.batch.packing;
    return embedding(
      rows,
      Int32Array.from(distances(maxLength), (distance) => rowOf(sign * distance)),
    );
  }

  /** Applies the rotary position embedding (RoPE) to query and key. */
  #rotated({ query, key }: QueryKeyValue<Tensor>, theta: number, queryRows: QueryRows | undefined) {
    const { hiddenSize, numAttentionHeads: heads } = this.config;
    const { packing, positions } = this.inputs.batch;
    const turn = rotation(positions, theta, hiddenSize / heads);
    const rows = packing.rowsOf(queryRows);
    const own = rows?.map((row) => positions[row] as number);
    const queryTurn = own === undefined ? turn : rotation(own, theta, hiddenSize / heads);
    return { query: rotate(query, heads, queryTurn), key: rotate(key, heads, turn) };
  }
}
