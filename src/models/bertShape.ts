/**
 * The parts that BERT and its relatives are made of, under the names that each gives them: embeddings that are summed and
 * normalised, post-norm layers, a head over the first token. Functions to be called by the families, nothing to inherit.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { Block } from "../freezing/selection.ts";
import { activate } from "../nn/activation.ts";
import type { AttentionOptions, ScoreTerms } from "../nn/attention/attention.ts";
import { type Projection, selfAttention } from "../nn/attention/selfAttention.ts";
import { dropout } from "../nn/dropout.ts";
import { embedding } from "../nn/embedding.ts";
import { layerNorm } from "../nn/layerNorm.ts";
import { linear } from "../nn/linear.ts";
import type { QueryRows } from "../nn/packing.ts";
import { denseResidualNorm, feedForwardNorm } from "../nn/postNorm.ts";
import { selectRows } from "../nn/rows.ts";
import { precisions } from "../tensor/precision.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import type { Family, Pass } from "./family.ts";
import type { PackedBatch } from "./packedBatch.ts";
import type { ParameterSpec } from "./parameter.ts";
import { denseSpecs, normSpecs, tableSpec } from "./specs.ts";

/** Weight and bias of a module. */
export const weightAndBias = ({ weight }: Pass, name: string): Projection => ({
  weight: weight(`${name}.weight`),
  bias: weight(`${name}.bias`),
});

/** `nn.Linear`: `[rows, in]` -> `[rows, out]`. */
export function dense(pass: Pass, name: string, x: Tensor): Tensor {
  const { weight, bias } = weightAndBias(pass, name);
  return linear(x, weight, bias);
}

/** How the embeddings of a family differ. */
export interface EmbeddingOptions {
  /** Whether there is a table of token types. */
  readonly tokenTypes: boolean;
  /** Row of the word table that is the padding's: zero at first, and without gradient. */
  readonly wordPadding: number | undefined;
  /** The same of the table of positions. Default: none. */
  readonly positionPadding?: number | undefined;
  /** Whether new positions are sinusoids; they train all the same. Default: false. */
  readonly sinusoidalPositions?: boolean;
}

/** Tables of `embeddingSize` columns, and the normalisation of their sum. */
export function embeddingSpecs(
  name: string,
  config: HuggingFaceConfig,
  { tokenTypes, wordPadding, positionPadding, sinusoidalPositions = false }: EmbeddingOptions,
): ParameterSpec[] {
  const table = (which: string, rows: number, zeroRow?: number) =>
    tableSpec(`${name}.${which}_embeddings`, rows, config.embeddingSize, "embeddings", zeroRow);
  return [
    table("word", config.vocabSize, wordPadding),
    {
      ...table("position", config.maxPositionEmbeddings, positionPadding),
      ...(sinusoidalPositions ? { initial: "sinusoids" as const } : {}),
    },
    ...(tokenTypes ? [table("token_type", config.typeVocabSize)] : []),
    ...normSpecs(`${name}.LayerNorm`, config.embeddingSize, "embeddings"),
  ];
}

/** The types of the tokens, `[tokens]`: all 0 in a table of one row, whatever the batch says, as Python gives it none. */
export const tokenTypesOf = ({ tokenTypeIds }: PackedBatch, { typeVocabSize }: HuggingFaceConfig): Int32Array =>
  typeVocabSize === 1 ? new Int32Array(tokenTypeIds.length) : tokenTypeIds;

/** `dropout(layerNorm(words + types + positions))` -> `[tokens, embeddingSize]`. Default of `positions`: those of the batch. */
export function sumEmbeddings(
  pass: Pass,
  name: string,
  batch: PackedBatch,
  { tokenTypes, wordPadding, positionPadding }: EmbeddingOptions,
  positions: Int32Array = batch.positions,
): Tensor {
  const { config, weight, dropoutRng } = pass;
  const table = (which: string) => weight(`${name}.${which}_embeddings.weight`);
  const words = embedding(table("word"), batch.inputIds, wordPadding);
  const typed = tokenTypes ? words.add(embedding(table("token_type"), tokenTypesOf(batch, config))) : words;
  const sum: Tensor = typed.add(embedding(table("position"), positions, positionPadding));
  const { weight: scale, bias } = weightAndBias(pass, `${name}.LayerNorm`);
  return dropout(layerNorm(sum, scale, bias, config.layerNormEps), config.hiddenDropoutProb, dropoutRng);
}

/** What the parts of a layer after its attention are called, below the layer's own name. */
export interface OutputNames {
  readonly attentionOutput: string;
  readonly attentionNorm: string;
  readonly up: string;
  readonly down: string;
  readonly outputNorm: string;
}

/** And all of its parts. */
export interface LayerNames extends OutputNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
}

export const bertLayer: LayerNames = {
  query: "attention.self.query",
  key: "attention.self.key",
  value: "attention.self.value",
  attentionOutput: "attention.output.dense",
  attentionNorm: "attention.output.LayerNorm",
  up: "intermediate.dense",
  down: "output.dense",
  outputNorm: "output.LayerNorm",
};

/** The parameters of the layer called `name`. */
export function layerSpecs(
  name: string,
  block: Block,
  config: HuggingFaceConfig,
  names: LayerNames = bertLayer,
): ParameterSpec[] {
  const { hiddenSize } = config;
  return [
    ...[names.query, names.key, names.value].flatMap((part) =>
      denseSpecs(`${name}.${part}`, hiddenSize, hiddenSize, block),
    ),
    ...outputSpecs(name, block, config, names),
  ];
}

/** Those of what comes after its attention. */
export function outputSpecs(
  name: string,
  block: Block,
  { hiddenSize, intermediateSize }: HuggingFaceConfig,
  names: OutputNames = bertLayer,
): ParameterSpec[] {
  return [
    ...denseSpecs(`${name}.${names.attentionOutput}`, hiddenSize, hiddenSize, block),
    ...normSpecs(`${name}.${names.attentionNorm}`, hiddenSize, block),
    ...denseSpecs(`${name}.${names.up}`, intermediateSize, hiddenSize, block),
    ...denseSpecs(`${name}.${names.down}`, hiddenSize, intermediateSize, block),
    ...normSpecs(`${name}.${names.outputNorm}`, hiddenSize, block),
  ];
}

/** How what comes after attention differs. */
export interface OutputOptions {
  /** Default: BERT's. */
  readonly names?: OutputNames;
  /** Dropout of what attention gives. Default: `hiddenDropoutProb`. */
  readonly attentionOutputDropout?: number;
  /** Dropout of what the feed-forward part gives. Default: `hiddenDropoutProb`. */
  readonly feedForwardDropout?: number;
}

/** How the layers of a family differ. */
export interface LayerOptions extends OutputOptions {
  /** Default: BERT's. */
  readonly names?: LayerNames;
  /** What attention scores have besides products of query and key. Default: nothing. */
  readonly terms?: (pass: Pass, batch: PackedBatch) => ScoreTerms;
}

/** The post-norm layer called `name`: `[tokens, hidden]` -> the rows of those that ask. */
export function postNormLayer(
  pass: Pass,
  name: string,
  hidden: Tensor,
  batch: PackedBatch,
  queryRows: QueryRows = "all",
  options: LayerOptions = {},
): Tensor {
  const { names = bertLayer, terms } = options;
  const part = (which: string) => weightAndBias(pass, `${name}.${which}`);
  const projections = [part(names.query), part(names.key), part(names.value)] as const;
  const context = selfAttention(hidden, projections, attentionOptions(pass, batch, queryRows, terms?.(pass, batch)));
  return layerOutput(pass, name, context, selectQueryRows(hidden, batch, queryRows), options);
}

/** Of the attention of a pass. */
export const attentionOptions = (
  { config, dropoutRng, precision }: Pass,
  { packing }: PackedBatch,
  queryRows: QueryRows = "all",
  terms: ScoreTerms = {},
): AttentionOptions => ({
  heads: config.numAttentionHeads,
  packing,
  dropoutRate: config.attentionProbsDropoutProb,
  dropoutRng,
  precision,
  queryRows,
  terms,
});

/**
 * What comes after the attention of a post-norm layer: from what attention gives, `context`, and the layer was given,
 * both `[rows, hidden]` -> `[rows, hidden]`.
 */
export function layerOutput(
  pass: Pass,
  name: string,
  context: Tensor,
  residual: Tensor,
  options: OutputOptions = {},
): Tensor {
  const { config, dropoutRng, precision } = pass;
  const { names = bertLayer } = options;
  const { attentionOutputDropout = config.hiddenDropoutProb, feedForwardDropout = config.hiddenDropoutProb } = options;
  const part = (which: string) => weightAndBias(pass, `${name}.${which}`);
  const norm = { epsilon: config.layerNormEps, dropoutRng, precision };
  const { weight: projection, bias: inputBias } = part(names.attentionOutput);
  const attended = denseResidualNorm(
    { x: context, projection, inputBias, residual, ...part(names.attentionNorm) },
    { ...norm, dropoutRate: attentionOutputDropout },
  );
  return feedForwardNorm(
    { x: attended, up: part(names.up), down: part(names.down), norm: part(names.outputNorm) },
    { ...norm, dropoutRate: feedForwardDropout, activation: config.hiddenAct },
  );
}

/** The layers of a family whose layers are post-norm ones, called `name(i)`. */
export const postNormLayers = (
  name: (index: number) => string,
  options: LayerOptions = {},
): Required<Pick<Family, "layer" | "precisions">> => ({
  precisions: ({ hiddenAct }) => (hiddenAct === "gelu" ? precisions : ["float32"]), // others are not fused
  layer: (pass, index, hidden, batch, queryRows) => postNormLayer(pass, name(index), hidden, batch, queryRows, options),
});

/** The rows of those that ask: `[tokens, hidden]` -> the same, or `[batch, hidden]`. */
export function selectQueryRows(hidden: Tensor, { packing }: PackedBatch, queryRows: QueryRows = "all"): Tensor {
  const rows = packing.rowsOf(queryRows);
  return rows === undefined ? hidden : selectRows(hidden, rows);
}

/** A head of two dense layers. */
export interface HeadOptions {
  /** The first, as wide as the encoder. */
  readonly dense: string;
  readonly activation: string;
  /** The second, to the labels. */
  readonly output: string;
  /** Whether dropout comes before the first as well; it always does before the second. */
  readonly dropsInput: boolean;
  /** Default: `classifierDropout`, else `hiddenDropoutProb`. */
  readonly dropoutRate?: number;
}

export function headSpecs({ hiddenSize, numLabels }: HuggingFaceConfig, { dense, output }: HeadOptions) {
  return [...denseSpecs(dense, hiddenSize, hiddenSize, "head"), ...denseSpecs(output, numLabels, hiddenSize, "head")];
}

/** `[batch, hidden]` -> logits `[batch, labels]` */
export function denseHead(pass: Pass, rows: Tensor, options: HeadOptions): Tensor {
  const { config, dropoutRng } = pass;
  const { dropoutRate = config.classifierDropout ?? config.hiddenDropoutProb, dropsInput } = options;
  const input = dropsInput ? dropout(rows, dropoutRate, dropoutRng) : rows;
  const inner = activate(options.activation, dense(pass, options.dense, input));
  return dense(pass, options.output, dropout(inner, dropoutRate, dropoutRng));
}
