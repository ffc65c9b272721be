/**
 * MPNet for sequence classification (Song et al. 2020, arXiv:2004.09297): RoBERTa without token types, whose attention
 * scores get a bias by distance. The table of these biases is the block "shared". It follows
 * `MPNetForSequenceClassification` of transformers 5.23:
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/mpnet/modeling_mpnet.py#L536-L605
 */
import {
  denseHead,
  embeddingSpecs,
  embeddings,
  headSpecs,
  type LayerNames,
  layerSpecs,
  postNormLayer,
  precisions,
} from "./bert.ts";
import { type HuggingFaceConfig, integerField } from "./config/config.ts";
import type { Family } from "./family.ts";
import { perLayer, tableSpec } from "./parameterSpec.ts";

export const mpnet: Family = {
  modelType: "mpnet",
  keys: {
    architecture: "MPNetForSequenceClassification",
    defaults: { vocab_size: 30527, pad_token_id: 1 },
    own: ["relative_attention_num_buckets"],
  },
  basePrefix: "mpnet.",
  precisions,
  maxTokens: ({ maxPositionEmbeddings }) => maxPositionEmbeddings - padding - 1,
  usesTokenTypes: () => false,
  parameters: (config) => [
    ...embeddingSpecs("mpnet.embeddings", config, tables),
    tableSpec(bias, buckets(config), config.numAttentionHeads, "shared"),
    ...perLayer(config, (i) => layerSpecs(`mpnet.encoder.layer.${i}`, i, config, names)),
    ...headSpecs(config, head),
  ],
  embeddings: (pass) => embeddings(pass, "mpnet.embeddings", tables),
  layer: (pass, index, hidden, queryRows) =>
    postNormLayer(pass, `mpnet.encoder.layer.${index}`, hidden, queryRows, { names, attention: { distanceBias } }),
  head: (pass, rows) => {
    const { hiddenDropoutProb, dropoutRates } = pass.config;
    return denseHead(pass, rows, { ...head, dropoutRate: dropoutRates?.classifier ?? hiddenDropoutProb });
  },
};

/** Token id of the padding, whatever `pad_token_id` says. */
const padding = 1;
const tables = { wordPadding: padding, positionPadding: padding, tokenTypes: false };
const names: LayerNames = {
  query: "attention.attn.q",
  key: "attention.attn.k",
  value: "attention.attn.v",
  attentionOutput: "attention.attn.o",
  attentionNorm: "attention.LayerNorm",
  up: "intermediate.dense",
  down: "output.dense",
  outputNorm: "output.LayerNorm",
};
const head = { dense: "classifier.dense", activation: "tanh", output: "classifier.out_proj", dropsInput: true };

const bias = "mpnet.encoder.relative_attention_bias";
/** Number of rows of the bias table; 32 are used, however many there are. */
const buckets = ({ raw: json }: HuggingFaceConfig) =>
  integerField({ json, file: "config.json" }, "relative_attention_num_buckets", 32, 32);
/** The bias goes by the key's position minus the query's. */
const distanceBias = {
  table: `${bias}.weight`,
  rowOf: (distance: number) => bucketOf(-distance),
  farthest: 128,
};

/**
 * The bucket of a distance: 16 are for what lies to the left and the token itself, 16 for what lies to the right; in each the
 * distances 0 to 7, then 8 to 127 by their logarithm, then all beyond (`relative_position_bucket` of transformers).
 */
export function bucketOf(distance: number): number {
  const side = distance > 0 ? 16 : 0;
  const far = Math.abs(distance);
  return side + (far < 8 ? far : Math.min(15, 8 + Math.trunc((Math.log(far / 8) / Math.log(16)) * 8)));
}
