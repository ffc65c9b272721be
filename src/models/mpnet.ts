/**
 * MPNet for sequence classification (Song et al. 2020, arXiv:2004.09297), after `MPNetForSequenceClassification`
 * (transformers 5.23, models/mpnet/modeling_mpnet.py): RoBERTa without token types, whose layers add a bias to their
 * scores that depends on the distance. Its table is the block "shared".
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { HuggingFaceConfig } from "../config/config.ts";
import { integerField } from "../config/fields.ts";
import { biasedAttention } from "../nn/attention.ts";
import { distanceBias } from "../nn/distanceBias.ts";
import { linear } from "../nn/linear.ts";
import {
  type Attend,
  denseHead,
  embeddingSpecs,
  firstTokens,
  headSpecs,
  type LayerNames,
  type LayerOptions,
  layerSpecs,
  postNormLayer,
  sumEmbeddings,
} from "./bertShape.ts";
import type { Family, Pass } from "./family.ts";
import type { PackedBatch } from "./packedBatch.ts";
import { positionsAfterPadding } from "./positions.ts";
import { perLayer, tableSpec } from "./specs.ts";

/** Its names for the parts of a layer. */
export const mpnetLayer: LayerNames = {
  query: "attention.attn.q",
  key: "attention.attn.k",
  value: "attention.attn.v",
  attentionOutput: "attention.attn.o",
  attentionNorm: "attention.LayerNorm",
  up: "intermediate.dense",
  down: "output.dense",
  outputNorm: "output.LayerNorm",
};
/** Whatever `pad_token_id` says. */
export const padding = 1;
const tables = { tokenTypes: false, wordPadding: padding, positionPadding: padding };
const bias = "mpnet.encoder.relative_attention_bias";
/** Rows of that table; 32 are read, whatever there are. */
const buckets = ({ raw: json }: HuggingFaceConfig) =>
  integerField({ json, file: "config.json" }, "relative_attention_num_buckets", 32, 32);
const head = { dense: "classifier.dense", activation: "tanh", output: "classifier.out_proj", dropsInput: true };

export const mpnet: Family = {
  modelType: "mpnet",
  basePrefix: "mpnet.",
  composesAttention: true,
  maxTokens: ({ maxPositionEmbeddings }) => maxPositionEmbeddings - padding - 1,
  usesTokenTypes: () => false,
  parameters: (config) => [
    ...embeddingSpecs("mpnet.embeddings", config, tables),
    tableSpec(bias, buckets(config), config.numAttentionHeads, "shared"),
    ...perLayer(config, (i) => layerSpecs(layerName(i), i, config, mpnetLayer)),
    ...headSpecs(config, head),
  ],
  embeddings: (pass, batch) =>
    sumEmbeddings(pass, "mpnet.embeddings", batch, tables, positionsAfterPadding(batch, padding)),
  layer: (pass, index, hidden, batch) => postNormLayer(pass, layerName(index), hidden, batch, options(pass, batch)),
  topLayer: (pass, index, hidden, batch) =>
    postNormLayer(pass, layerName(index), hidden, batch, { ...options(pass, batch), firstTokensOnly: true }),
  pooledRows: firstTokens,
  head: (pass, rows) => denseHead(pass, rows, { ...head, dropoutRate: pass.config.hiddenDropoutProb }),
};

const layerName = (index: number) => `mpnet.encoder.layer.${index}`;
const options = (pass: Pass, batch: PackedBatch): LayerOptions => ({
  names: mpnetLayer,
  attend: attention(pass, batch),
});

const attention =
  ({ config, weight, stream }: Pass, { packing }: PackedBatch): Attend =>
  (hidden, projections) => {
    const [query, key, value] = projections.map((part) => linear(hidden, part.weight, part.bias));
    const added = distanceBias(weight(`${bias}.weight`), packing.maxLength, bucketOf);
    return biasedAttention(query as Tensor, key as Tensor, value as Tensor, added, {
      heads: config.numAttentionHeads,
      packing,
      dropoutRate: config.attentionProbsDropoutProb,
      stream,
    });
  };

/**
 * 16 buckets for what lies to the left and the token itself, 16 for what lies to the right; in each the distances 0 to 7,
 * then 8 to 127 by their logarithm, then all beyond (`relative_position_bucket` of transformers).
 */
export function bucketOf(distance: number): number {
  const side = distance > 0 ? 16 : 0;
  const far = Math.abs(distance);
  return side + (far < 8 ? far : Math.min(15, 8 + Math.trunc((Math.log(far / 8) / Math.log(16)) * 8)));
}
