/**
 * BERT for sequence classification (Devlin et al. 2018, arXiv:1810.04805): word, position and type embeddings,
 * post-norm layers, a pooler over the first token. It follows `BertForSequenceClassification` of transformers 5.23:
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/bert/modeling_bert.py#L1065-L1136
 * RoBERTa, DistilBERT, ELECTRA, ALBERT and MPNet call the functions below with their own parameter names.
 */
import type { Block } from "../freezing/selection.ts";
import type { QueryRows } from "../nn/packing.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import { decoderKeys } from "./config/keys.ts";
import type { AttentionOptions, Family, Pass } from "./family.ts";
import { denseSpecs, normSpecs, type ParameterSpec, perLayer, tableSpec } from "./parameterSpec.ts";

export const bert: Family = {
  modelType: "bert",
  keys: { architecture: "BertForSequenceClassification", refused: decoderKeys },
  basePrefix: "bert.",
  precisions,
  usesTokenTypes: () => true,
  parameters: (config) => [
    ...embeddingSpecs("bert.embeddings", config, { wordPadding: config.padTokenId }),
    ...perLayer(config, (i) => layerSpecs(`bert.encoder.layer.${i}`, i, config)),
    ...headSpecs(config, head),
  ],
  embeddings: (pass) => embeddings(pass, "bert.embeddings", { wordPadding: pass.config.padTokenId }),
  layer: (pass, index, hidden, queryRows) => postNormLayer(pass, `bert.encoder.layer.${index}`, hidden, queryRows),
  head: (pass, rows) => denseHead(pass, rows, head),
};

const head: HeadOptions = { dense: "bert.pooler.dense", activation: "tanh", output: "classifier", dropsInput: false };

/**
 * Lists the supported precisions: the feed-forward block is fused only for the erf GELU, and bfloat16 needs the fused
 * op.
 */
export function precisions({ hiddenAct }: HuggingFaceConfig) {
  return hiddenAct === "gelu" ? (["float32", "bfloat16"] as const) : (["float32"] as const);
}

/** Options in which the embeddings of BERT-like families differ. */
interface EmbeddingOptions {
  /**
   * Row of the word table for the padding token: initialised to zero, and without a gradient. Undefined: no such row.
   */
  readonly wordPadding: number | undefined;
  /**
   * Token id of the padding. Positions count from the row after it; its own row is zero and gets no gradient. Default:
   * positions count from row 0.
   */
  readonly positionPadding?: number;
  /** Whether the model has a token type table. Default: true. */
  readonly tokenTypes?: boolean;
  /** Whether new position embeddings are initialised with sinusoids; they are still trainable. Default: false. */
  readonly sinusoidalPositions?: boolean;
}

/** Specifies the embedding tables, `[rows, embeddingSize]` each, and the layer norm of their sum. */
export function embeddingSpecs(name: string, config: HuggingFaceConfig, options: EmbeddingOptions): ParameterSpec[] {
  const { wordPadding, positionPadding, tokenTypes = true, sinusoidalPositions = false } = options;
  const table = (which: string, rows: number, zeroRow?: number) =>
    tableSpec(`${name}.${which}_embeddings`, rows, config.embeddingSize, "embeddings", zeroRow);
  const positions = table("position", config.maxPositionEmbeddings, positionPadding);
  return [
    table("word", config.vocabSize, wordPadding),
    sinusoidalPositions ? { ...positions, initial: "sinusoids" } : positions,
    ...(tokenTypes ? [table("token_type", config.typeVocabSize)] : []),
    ...normSpecs(`${name}.LayerNorm`, config.embeddingSize, "embeddings"),
  ];
}

/** Computes `dropout(layerNorm(words + types + positions))`: `[tokens, embeddingSize]`. */
export function embeddings<T>(pass: Pass<T>, name: string, options: EmbeddingOptions): T {
  const { wordPadding, positionPadding, tokenTypes = true } = options;
  const table = (which: string) => `${name}.${which}_embeddings.weight`;
  const words = pass.words(table("word"), wordPadding);
  const typed = tokenTypes ? pass.add(words, pass.tokenTypes(table("token_type"))) : words;
  const sum = pass.add(typed, pass.positions(table("position"), positionPadding));
  return pass.dropout(pass.layerNorm(`${name}.LayerNorm`, sum), pass.config.hiddenDropoutProb);
}

/** Module names of the part of a layer after attention, relative to the layer's name. */
interface OutputNames {
  readonly attentionOutput: string;
  readonly attentionNorm: string;
  readonly up: string;
  readonly down: string;
  readonly outputNorm: string;
}

/** Module names of a whole layer, relative to the layer's name. */
export interface LayerNames extends OutputNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
}

const bertNames: LayerNames = {
  query: "attention.self.query",
  key: "attention.self.key",
  value: "attention.self.value",
  attentionOutput: "attention.output.dense",
  attentionNorm: "attention.output.LayerNorm",
  up: "intermediate.dense",
  down: "output.dense",
  outputNorm: "output.LayerNorm",
};

/** Specifies the parameters of the layer called `name`. */
export function layerSpecs(
  name: string,
  block: Block,
  config: HuggingFaceConfig,
  names: LayerNames = bertNames,
): ParameterSpec[] {
  const { hiddenSize: width } = config;
  return [
    ...[names.query, names.key, names.value].flatMap((part) => denseSpecs(`${name}.${part}`, width, width, block)),
    ...outputSpecs(name, block, config, names),
  ];
}

/** Specifies the parameters of the layer called `name` that come after its attention. */
export function outputSpecs(
  name: string,
  block: Block,
  { hiddenSize, intermediateSize }: HuggingFaceConfig,
  names: OutputNames = bertNames,
): ParameterSpec[] {
  return [
    ...denseSpecs(`${name}.${names.attentionOutput}`, hiddenSize, hiddenSize, block),
    ...normSpecs(`${name}.${names.attentionNorm}`, hiddenSize, block),
    ...denseSpecs(`${name}.${names.up}`, intermediateSize, hiddenSize, block),
    ...denseSpecs(`${name}.${names.down}`, hiddenSize, intermediateSize, block),
    ...normSpecs(`${name}.${names.outputNorm}`, hiddenSize, block),
  ];
}

/** Options in which the part of a layer after attention differs between families. */
interface OutputOptions {
  /** Default: BERT's. */
  readonly names?: OutputNames;
  /** Dropout of the attention's output. Default: `hiddenDropoutProb`. */
  readonly attentionOutputDropout?: number;
  /** Dropout of the feed-forward part's output. Default: `hiddenDropoutProb`. */
  readonly feedForwardDropout?: number;
}

/** Options in which the layers of BERT-like families differ. */
interface LayerOptions<T> extends OutputOptions {
  /** Default: BERT's. */
  readonly names?: LayerNames;
  /** Attention options such as relative position terms. Default: plain scaled dot-product attention. */
  readonly attention?: AttentionOptions<T>;
}

/** Computes the post-norm layer called `name`: `[tokens, hidden]` -> one output per query row. */
export function postNormLayer<T>(
  pass: Pass<T>,
  name: string,
  hidden: T,
  queryRows?: QueryRows,
  options: LayerOptions<T> = {},
): T {
  const { names = bertNames, attention = {} } = options;
  const modules = {
    query: `${name}.${names.query}`,
    key: `${name}.${names.key}`,
    value: `${name}.${names.value}`,
  };
  const context = pass.selfAttention(modules, hidden, { ...attention, queryRows });
  return layerOutput(pass, name, context, pass.selectQueryRows(hidden, queryRows), options);
}

/**
 * Computes the part of a post-norm layer after attention, from the attention output and the layer's input at the same
 * rows: both `[rows, hidden]` -> `[rows, hidden]`.
 */
export function layerOutput<T>(
  pass: Pass<T>,
  name: string,
  context: T,
  residual: T,
  { names = bertNames, attentionOutputDropout, feedForwardDropout }: OutputOptions = {},
): T {
  const { hiddenDropoutProb } = pass.config;
  const attended = pass.denseResidualNorm(
    { dense: `${name}.${names.attentionOutput}`, norm: `${name}.${names.attentionNorm}` },
    context,
    residual,
    attentionOutputDropout ?? hiddenDropoutProb,
  );
  return pass.feedForwardNorm(
    { up: `${name}.${names.up}`, down: `${name}.${names.down}`, norm: `${name}.${names.outputNorm}` },
    attended,
    feedForwardDropout ?? hiddenDropoutProb,
  );
}

/** Modules and dropout of a head with two dense layers. */
interface HeadOptions {
  /** Module name of the first dense layer, `[hidden, hidden]`. */
  readonly dense: string;
  readonly activation: string;
  /** Module name of the output layer, `[labels, hidden]`. */
  readonly output: string;
  /** Whether dropout is applied before the first dense layer too; it is always applied before the second. */
  readonly dropsInput: boolean;
  /** Dropout probability. Default: the config's `classifierDropout`, else `hiddenDropoutProb`. */
  readonly dropoutRate?: number;
}

export function headSpecs({ hiddenSize, numLabels }: HuggingFaceConfig, { dense, output }: HeadOptions) {
  return [...denseSpecs(dense, hiddenSize, hiddenSize, "head"), ...denseSpecs(output, numLabels, hiddenSize, "head")];
}

/** Computes the logits `[batch, labels]` from the pooled hidden states `[batch, hidden]`. */
export function denseHead<T>(pass: Pass<T>, rows: T, options: HeadOptions): T {
  const { classifierDropout, hiddenDropoutProb } = pass.config;
  const { dropoutRate = classifierDropout ?? hiddenDropoutProb, dropsInput } = options;
  const input = dropsInput ? pass.dropout(rows, dropoutRate) : rows;
  const inner = pass.activate(options.activation, pass.dense(options.dense, input));
  return pass.dense(options.output, pass.dropout(inner, dropoutRate));
}
