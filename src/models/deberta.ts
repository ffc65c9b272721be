/**
 * DeBERTa, v1 (He et al. 2020, arXiv:2006.03654) and v2 or v3 (He et al. 2021, arXiv:2111.09543), for sequence
 * classification: embeddings mostly without positions, a table of distances that all layers read (the block "shared"),
 * post-norm layers, a pooler over the first token. They follow `DebertaForSequenceClassification` and
 * `DebertaV2ForSequenceClassification` of transformers 5.23:
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/deberta/modeling_deberta.py#L914-L1012
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/deberta_v2/modeling_deberta_v2.py#L994-L1093
 */
import type { QueryRows } from "../nn/packing.ts";
import { layerOutput, outputSpecs } from "./bert.ts";
import {
  badConfig,
  type ConfigSource,
  flagField,
  type HuggingFaceConfig,
  integerField,
  probabilityField,
  textField,
} from "./config/config.ts";
import { furtherHeadRate } from "./config/dropoutRates.ts";
import type { FamilyKeys } from "./config/keys.ts";
import type { AttentionOptions, Family, LookedUpRows, Pass } from "./family.ts";
import { denseSpecs, normSpecs, type ParameterSpec, perLayer, tableSpec, tensorSpec } from "./parameterSpec.ts";

/** Builds the family of one version. The versions differ in the projections of query, key, value and distances. */
const family = (
  modelType: string,
  keys: FamilyKeys,
  layers: Pick<Family, "layer"> & { readonly layerSpecs: (config: HuggingFaceConfig) => ParameterSpec[] },
): Family => ({
  modelType,
  keys,
  basePrefix: "deberta.",
  maxTokens: (config) => (debertaSettings(config).positionBiasedInput ? config.maxPositionEmbeddings : undefined),
  usesTokenTypes: ({ typeVocabSize }) => typeVocabSize > 0,
  parameters: (config) => [
    ...embeddingSpecs(config),
    ...sharedSpecs(config),
    ...layers.layerSpecs(config),
    ...denseSpecs("pooler.dense", config.hiddenSize, config.hiddenSize, "head"),
    ...denseSpecs("classifier", config.numLabels, config.hiddenSize, "head"),
  ],
  embeddings,
  layer: layers.layer,
  head,
});

const ownKeys = [
  ...["embedding_size", "relative_attention", "max_relative_positions", "position_biased_input", "pos_att_type"],
  ...["pooler_dropout", "pooler_hidden_act", "pooler_hidden_size", "talking_head", "conv_groups"],
  "attention_head_size",
];

export const deberta = family(
  "deberta",
  {
    architecture: "DebertaForSequenceClassification",
    hasEmbeddingSize: true,
    names: { classifier_dropout: "cls_dropout" },
    defaults: { vocab_size: 50265, type_vocab_size: 0, layer_norm_eps: 1e-7 },
    own: ownKeys,
    harmless: ["legacy"],
  },
  { layerSpecs: firstLayerSpecs, layer: firstLayer },
);

export const debertaV2 = family(
  "deberta-v2",
  {
    architecture: "DebertaV2ForSequenceClassification",
    hasEmbeddingSize: true,
    names: { classifier_dropout: "cls_dropout" },
    defaults: {
      ...{ vocab_size: 128100, hidden_size: 1536, num_hidden_layers: 24, num_attention_heads: 24 },
      ...{ intermediate_size: 6144, type_vocab_size: 0, layer_norm_eps: 1e-7 },
    },
    own: [...ownKeys, "norm_rel_ebd", "position_buckets", "share_att_key", "conv_kernel_size", "conv_act"],
    harmless: ["legacy"],
  },
  { layerSpecs: secondLayerSpecs, layer: secondLayer },
);

// ---- Config keys (models/deberta/configuration_deberta.py, models/deberta_v2/configuration_deberta_v2.py)

/**
 * An attention score term besides content-to-content: `"c2p"` is content (query) to position, `"p2c"` position to
 * content (key).
 */
type PositionTerm = "c2p" | "p2c";

interface DebertaSettings {
  /** The terms that count in the scale of the scores; without `relative` none of them is computed. */
  readonly terms: readonly PositionTerm[];
  /** Settings of the relative position table; undefined if there is none. */
  readonly relative: RelativeSettings | undefined;
  /** Whether the checkpoint has a layer norm for the rows of that table, even if it has no table. */
  readonly hasTableNorm: boolean;
  /** Whether the model has a table of absolute positions. */
  readonly positionBiasedInput: boolean;
  /** Convolution of the embeddings that is added to the output of layer 0; undefined if there is none. */
  readonly convolution: { readonly kernel: number; readonly activation: string } | undefined;
  readonly poolerDropout: number;
  readonly poolerActivation: string;
}

interface RelativeSettings {
  /** Number of rows of the relative position table per direction. */
  readonly span: number;
  /** Number of logarithmic buckets per direction; 0 or less: every distance has its own row. */
  readonly buckets: number;
  /** Largest distinguished distance; all distances from here on share a row. */
  readonly maxPosition: number;
  /** Whether position rows use the query and key projections of each layer (`share_att_key`). */
  readonly sharesProjections: boolean;
}

/**
 * Reads the keys that the DeBERTas alone have. Throws `BAD_CONFIG` for settings that would compute something else than
 * transformers.
 */
export function debertaSettings(config: HuggingFaceConfig): DebertaSettings {
  const source: ConfigSource = { json: config.raw, file: "config.json" };
  const isSecond = config.modelType === "deberta-v2";
  refuseOthers(source, config);
  const norms = textField(source, "norm_rel_ebd", "none").toLowerCase().split("|");
  const kernel = isSecond ? integerField(source, "conv_kernel_size", 0, 0) : 0;
  if (kernel > 0 && kernel % 2 === 0) {
    throw badConfig(source.file, `"conv_kernel_size" is ${kernel}; it has to be odd, so that texts keep their length.`);
  }
  return {
    terms: termsOf(source),
    relative: flagField(source, "relative_attention", false) ? relativeOf(source, config, isSecond) : undefined,
    hasTableNorm: isSecond && norms.some((norm) => norm.trim() === "layer_norm"),
    positionBiasedInput: flagField(source, "position_biased_input", true),
    convolution: kernel > 0 ? { kernel, activation: textField(source, "conv_act", "tanh") } : undefined,
    poolerDropout: probabilityField(source, "pooler_dropout", 0),
    poolerActivation: textField(source, "pooler_hidden_act", "gelu"),
  };
}

function relativeOf(source: ConfigSource, config: HuggingFaceConfig, isSecond: boolean): RelativeSettings {
  const longest = integerField(source, "max_relative_positions", -1, -1);
  const maxPosition = longest < 1 ? config.maxPositionEmbeddings : longest;
  const buckets = isSecond ? integerField(source, "position_buckets", -1, -1) : -1;
  if (buckets > 0 && maxPosition - 1 <= Math.floor(buckets / 2)) {
    throw badConfig(
      source.file,
      `"position_buckets" ${buckets} are too many for distances up to ${maxPosition}: half of them have to be fewer.`,
    );
  }
  return {
    span: buckets > 0 ? buckets : maxPosition,
    buckets,
    maxPosition,
    sharesProjections: isSecond && flagField(source, "share_att_key", false),
  };
}

/** Reads `pos_att_type`: `"p2c|c2p"`, `["p2c", "c2p"]`, or nothing. */
function termsOf({ json, file }: ConfigSource): PositionTerm[] {
  const value = json.pos_att_type ?? [];
  const words: readonly unknown[] =
    typeof value === "string"
      ? value
          .toLowerCase()
          .split("|")
          .map((word) => word.trim())
      : Array.isArray(value)
        ? value
        : [value];
  return words
    .filter((word) => word !== "")
    .map((word) => {
      if (word === "c2p" || word === "p2c") return word;
      throw badConfig(
        file,
        `"pos_att_type" names ${JSON.stringify(word)}; known are "c2p" and "p2c". Use another checkpoint.`,
      );
    });
}

function refuseOthers(source: ConfigSource, { hiddenSize, numAttentionHeads }: HuggingFaceConfig): void {
  const width = hiddenSize / numAttentionHeads;
  const only = (key: string, found: unknown, known: unknown) => {
    if (found === known) return;
    throw badConfig(
      source.file,
      `"${key}" is ${JSON.stringify(found)}; only ${JSON.stringify(known)} can be trained. Use another checkpoint.`,
    );
  };
  only("talking_head", flagField(source, "talking_head", false), false);
  only("conv_groups", integerField(source, "conv_groups", 1), 1);
  only("attention_head_size", integerField(source, "attention_head_size", width), width);
  only("pooler_hidden_size", integerField(source, "pooler_hidden_size", hiddenSize), hiddenSize);
}

// ---- Embeddings

function embeddingSpecs(config: HuggingFaceConfig): ParameterSpec[] {
  const { embeddingSize, hiddenSize, vocabSize, maxPositionEmbeddings, typeVocabSize, padTokenId } = config;
  const table = (which: string, rows: number, zeroRow?: number) =>
    tableSpec(`deberta.embeddings.${which}_embeddings`, rows, embeddingSize, "embeddings", zeroRow);
  return [
    table("word", vocabSize, padTokenId),
    ...(debertaSettings(config).positionBiasedInput ? [table("position", maxPositionEmbeddings)] : []),
    ...(typeVocabSize > 0 ? [table("token_type", typeVocabSize)] : []),
    ...(embeddingSize === hiddenSize
      ? []
      : [tensorSpec("deberta.embeddings.embed_proj.weight", [hiddenSize, embeddingSize], "embeddings")]),
    ...normSpecs("deberta.embeddings.LayerNorm", hiddenSize, "embeddings"),
  ];
}

function embeddings<T>(pass: Pass<T>): T {
  const { embeddingSize, hiddenSize, hiddenDropoutProb, padTokenId, typeVocabSize } = pass.config;
  const table = (which: string) => `deberta.embeddings.${which}_embeddings.weight`;
  let sum = pass.words(table("word"), padTokenId);
  if (debertaSettings(pass.config).positionBiasedInput) sum = pass.add(sum, pass.positions(table("position")));
  if (typeVocabSize > 0) sum = pass.add(sum, pass.tokenTypes(table("token_type")));
  const isNarrow = embeddingSize !== hiddenSize;
  const rows = isNarrow ? pass.project("deberta.embeddings.embed_proj.weight", sum) : sum;
  return pass.dropout(pass.layerNorm("deberta.embeddings.LayerNorm", rows), hiddenDropoutProb);
}

// ---- What the layers share

/**
 * Specifies the relative position table and the convolution. The convolution acts on layer 0, but its parameters are
 * named as the encoder's.
 */
function sharedSpecs(config: HuggingFaceConfig): ParameterSpec[] {
  const { hiddenSize } = config;
  const { relative, hasTableNorm, convolution } = debertaSettings(config);
  const name = "deberta.encoder";
  return [
    ...(relative === undefined ? [] : [tableSpec(`${name}.rel_embeddings`, 2 * relative.span, hiddenSize, "shared")]),
    ...(hasTableNorm ? normSpecs(`${name}.LayerNorm`, hiddenSize, "shared") : []),
    ...(convolution === undefined
      ? []
      : [
          tensorSpec(`${name}.conv.conv.weight`, [hiddenSize, hiddenSize, convolution.kernel], "shared"),
          tensorSpec(`${name}.conv.conv.bias`, [hiddenSize], "shared", "zeros"),
          ...normSpecs(`${name}.conv.LayerNorm`, hiddenSize, "shared"),
        ]),
  ];
}

/**
 * Makes the options of disentangled attention: `softmax((q_i k_j + q_i K(i - j) + k_j Q(i - j)) / sqrt(width * (1 +
 * terms))) v`, where K and Q are projections of the row of the distance. `project` computes K or Q: `[rows, hidden]` ->
 * `[rows, hidden]`.
 */
function disentangled<T>(pass: Pass<T>, project: (term: PositionTerm, rows: T) => T): AttentionOptions<T> {
  const { hiddenSize, numAttentionHeads } = pass.config;
  const { terms, relative } = debertaSettings(pass.config);
  const factor = 1 / Math.sqrt((hiddenSize / numAttentionHeads) * (1 + terms.length));
  if (relative === undefined || terms.length === 0) return { factor };
  const table = distanceTable(pass, relative);
  const rowsOf = (term: PositionTerm) => ({ ...table, rows: project(term, table.rows) });
  return {
    factor,
    ...(terms.includes("c2p") ? { byQuery: rowsOf("c2p") } : {}),
    ...(terms.includes("p2c") ? { byKey: rowsOf("p2c") } : {}),
  };
}

function distanceTable<T>(pass: Pass<T>, relative: RelativeSettings): LookedUpRows<T> {
  const { span, maxPosition } = relative;
  const { rows, ...rest } = pass.distanceRows("deberta.encoder.rel_embeddings.weight", {
    rowOf: (distance) => Math.max(0, Math.min(2 * span - 1, logBucket(distance, relative) + span)),
    farthest: maxPosition,
  });
  const { hasTableNorm } = debertaSettings(pass.config);
  const table = hasTableNorm ? pass.layerNorm("deberta.encoder.LayerNorm", rows) : rows;
  return { ...rest, rows: pass.dropout(table, pass.config.hiddenDropoutProb) };
}

/**
 * Returns the bucket of a distance, -buckets to buckets: near distances have one bucket each, far ones share
 * logarithmic buckets. Follows `make_log_bucket_position` of transformers 5.23,
 * models/deberta_v2/modeling_deberta_v2.py: with `m = buckets / 2`, `r` where `|r| <= m`, else `sign(r) * (m +
 * ceil(ln(|r| / m) / ln((maxPosition - 1) / m) * (m - 1)))`, in float32 there and here.
 */
export function logBucket(
  distance: number,
  { buckets, maxPosition }: Pick<RelativeSettings, "buckets" | "maxPosition">,
): number {
  const middle = Math.floor(buckets / 2);
  const size = Math.abs(distance);
  if (buckets <= 0 || size <= middle) return distance;
  const f = Math.fround;
  const part = f(f(Math.log(f(size / middle))) / f(Math.log(f((maxPosition - 1) / middle))));
  return Math.sign(distance) * (Math.ceil(f(part * (middle - 1))) + middle);
}

// ---- Layers of v1: query, key and value out of one projection, head by head; every distance its own row

function firstLayerSpecs(config: HuggingFaceConfig): ParameterSpec[] {
  const { hiddenSize: width } = config;
  const { terms, relative } = debertaSettings(config);
  return perLayer(config, (i) => {
    const name = `deberta.encoder.layer.${i}`;
    const self = `${name}.attention.self`;
    return [
      tensorSpec(`${self}.q_bias`, [width], i, "zeros"),
      tensorSpec(`${self}.v_bias`, [width], i, "zeros"),
      tensorSpec(`${self}.in_proj.weight`, [3 * width, width], i),
      ...(relative && terms.includes("c2p") ? [tensorSpec(`${self}.pos_proj.weight`, [width, width], i)] : []),
      ...(relative && terms.includes("p2c") ? denseSpecs(`${self}.pos_q_proj`, width, width, i) : []),
      ...outputSpecs(name, i, config),
    ];
  });
}

function firstLayer<T>(pass: Pass<T>, index: number, hidden: T, queryRows?: QueryRows): T {
  const name = `deberta.encoder.layer.${index}`;
  const self = `${name}.attention.self`;
  const all = pass.project(`${self}.in_proj.weight`, hidden); // [tokens, heads * 3 * width of a head]
  const [query, key, value] = pass.split(all, 3, pass.config.numAttentionHeads) as [T, T, T];
  const terms = disentangled(pass, (term, rows) =>
    term === "c2p" ? pass.project(`${self}.pos_proj.weight`, rows) : pass.dense(`${self}.pos_q_proj`, rows),
  );
  const context = pass.attention(
    {
      query: pass.addBias(pass.selectQueryRows(query, queryRows), `${self}.q_bias`),
      key,
      value: pass.addBias(value, `${self}.v_bias`),
    },
    { ...terms, queryRows },
  );
  return layerOutput(pass, name, context, pass.selectQueryRows(hidden, queryRows));
}

// ---- Layers of v2 and v3: distances in logarithmic buckets, projected by the layers' own projections or by others; in
// v2's large models a convolution

function secondLayerSpecs(config: HuggingFaceConfig): ParameterSpec[] {
  const { hiddenSize } = config;
  const { terms, relative } = debertaSettings(config);
  const hasOwn = relative !== undefined && !relative.sharesProjections;
  const projections = [
    ...["query_proj", "key_proj", "value_proj"],
    ...(hasOwn && terms.includes("c2p") ? ["pos_key_proj"] : []),
    ...(hasOwn && terms.includes("p2c") ? ["pos_query_proj"] : []),
  ];
  return perLayer(config, (i) => {
    const name = `deberta.encoder.layer.${i}`;
    return [
      ...projections.flatMap((part) => denseSpecs(`${name}.attention.self.${part}`, hiddenSize, hiddenSize, i)),
      ...outputSpecs(name, i, config),
    ];
  });
}

function secondLayer<T>(pass: Pass<T>, index: number, hidden: T, queryRows?: QueryRows): T {
  const name = `deberta.encoder.layer.${index}`;
  const self = `${name}.attention.self`;
  const { relative, convolution } = debertaSettings(pass.config);
  const [forKeys, forQueries] = relative?.sharesProjections
    ? ["key_proj", "query_proj"]
    : ["pos_key_proj", "pos_query_proj"];
  const terms = disentangled(pass, (term, rows) =>
    pass.dense(`${self}.${term === "c2p" ? forKeys : forQueries}`, rows),
  );
  const modules = { query: `${self}.query_proj`, key: `${self}.key_proj`, value: `${self}.value_proj` };
  const context = pass.selfAttention(modules, hidden, { ...terms, queryRows });
  const above = layerOutput(pass, name, context, pass.selectQueryRows(hidden, queryRows));
  if (index > 0 || convolution === undefined) return above;
  const beside = pass.selectQueryRows(pass.tokenConvolution("deberta.encoder.conv.conv", hidden), queryRows);
  const added = pass.activate(convolution.activation, pass.dropout(beside, pass.config.hiddenDropoutProb));
  return pass.layerNorm("deberta.encoder.conv.LayerNorm", pass.add(above, added));
}

// ---- Head

function head<T>(pass: Pass<T>, rows: T): T {
  const { classifierDropout, hiddenDropoutProb } = pass.config;
  const { poolerDropout, poolerActivation } = debertaSettings(pass.config);
  const input = pass.dropout(rows, furtherHeadRate(poolerDropout, pass.config));
  const pooled = pass.activate(poolerActivation, pass.dense("pooler.dense", input));
  return pass.dense("classifier", pass.dropout(pooled, classifierDropout ?? hiddenDropoutProb));
}
