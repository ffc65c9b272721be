/**
 * BERT for sequence classification (Devlin et al. 2018, arXiv:1810.04805): word, position and type embeddings, post-norm
 * layers, a pooler over the first token. It follows `BertForSequenceClassification` of transformers 5.23:
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/bert/modeling_bert.py#L1065-L1136
 * RoBERTa, DistilBERT, ELECTRA, ALBERT and MPNet call the functions below under names of their own.
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

/** The feed-forward part is fused for the erf GELU alone, and bfloat16 needs the fused op. */
export function precisions({ hiddenAct }: HuggingFaceConfig) {
  return hiddenAct === "gelu" ? (["float32", "bfloat16"] as const) : (["float32"] as const);
}

/** How the embeddings of BERT's relatives differ. */
interface EmbeddingOptions {
  /** The row of the word table that belongs to the padding: it is zero at first, and gets no gradient. */
  readonly wordPadding: number | undefined;
  /**
   * Token id of the padding: positions are counted from the row after it, and its row is as the word table's. Default: from
   * row 0.
   */
  readonly positionPadding?: number;
  /** Whether there is a table of token types. Default: true. */
  readonly tokenTypes?: boolean;
  /** Whether fresh positions are sinusoids; they train all the same. Default: false. */
  readonly sinusoidalPositions?: boolean;
}

/** The tables of `embeddingSize` columns, and the normalisation of their sum. */
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

/** The names of the modules of a layer after its attention, below the layer's own name. */
interface OutputNames {
  readonly attentionOutput: string;
  readonly attentionNorm: string;
  readonly up: string;
  readonly down: string;
  readonly outputNorm: string;
}

/** The names of all modules of a layer. */
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

/** The parameters of the layer called `name`. */
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

/** The parameters of the layer called `name` after its attention. */
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

/** How what follows attention differs. */
interface OutputOptions {
  /** Default: BERT's. */
  readonly names?: OutputNames;
  /** Dropout of the attention's output. Default: `hiddenDropoutProb`. */
  readonly attentionOutputDropout?: number;
  /** Dropout of the feed-forward part's output. Default: `hiddenDropoutProb`. */
  readonly feedForwardDropout?: number;
}

/** How the layers of BERT's relatives differ. */
interface LayerOptions<T> extends OutputOptions {
  /** Default: BERT's. */
  readonly names?: LayerNames;
  /** What scores have besides products of query and key. Default: nothing. */
  readonly attention?: AttentionOptions<T>;
}

/** Computes the post-norm layer called `name`: `[tokens, hidden]` -> the rows that are queried. */
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
 * Computes what follows attention in a post-norm layer, from the attention's output and from the rows that the layer was
 * given, both `[rows, hidden]` -> `[rows, hidden]`.
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

/** A head of two dense layers. */
interface HeadOptions {
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

/** Computes the logits `[batch, labels]` from the rows `[batch, hidden]`. */
export function denseHead<T>(pass: Pass<T>, rows: T, options: HeadOptions): T {
  const { classifierDropout, hiddenDropoutProb } = pass.config;
  const { dropoutRate = classifierDropout ?? hiddenDropoutProb, dropsInput } = options;
  const input = dropsInput ? pass.dropout(rows, dropoutRate) : rows;
  const inner = pass.activate(options.activation, pass.dense(options.dense, input));
  return pass.dense(options.output, pass.dropout(inner, dropoutRate));
}
