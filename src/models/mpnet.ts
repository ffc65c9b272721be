/**
 * MPNet for sequence classification (Song et al. 2020, arXiv:2004.09297), after `MPNetForSequenceClassification`
 * (transformers 5.23, models/mpnet/modeling_mpnet.py): RoBERTa without token types, whose layers add a bias to their
 * scores that depends on the distance. Its table is the block "shared".
 */

import type { ScoreTerms } from "../nn/attention/attention.ts";
import { distances } from "../nn/attention/scoreTables.ts";
import { embedding } from "../nn/embedding.ts";
import {
  denseHead,
  embeddingSpecs,
  headSpecs,
  type LayerNames,
  layerSpecs,
  postNormLayers,
  sumEmbeddings,
} from "./bertShape.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import { integerField } from "./config/fields.ts";
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
  usesTokenTypes: () => false,
  parameters: (config) => [
    ...embeddingSpecs("mpnet.embeddings", config, tables),
    tableSpec(bias, buckets(config), config.numAttentionHeads, "shared"),
    ...perLayer(config, (i) => layerSpecs(`mpnet.encoder.layer.${i}`, i, config, mpnetLayer)),
    ...headSpecs(config, head),
  ],
  embeddings: (pass, batch) =>
    sumEmbeddings(pass, "mpnet.embeddings", batch, tables, positionsAfterPadding(batch, padding)),
  ...postNormLayers((i) => `mpnet.encoder.layer.${i}`, { names: mpnetLayer, terms }),
  head: (pass, rows) => denseHead(pass, rows, { ...head, dropoutRate: pass.config.hiddenDropoutProb }),
};

/** The bias by distance, from the key's position less the query's to its bucket. */
function terms({ weight }: Pass, { packing }: PackedBatch): ScoreTerms {
  const rows = distances(packing.maxLength).map((distance) => bucketOf(-distance));
  return { byDistance: embedding(weight(`${bias}.weight`), Int32Array.from(rows)) };
}

/**
 * 16 buckets for what lies to the left and the token itself, 16 for what lies to the right; in each the distances 0 to 7,
 * then 8 to 127 by their logarithm, then all beyond (`relative_position_bucket` of transformers).
 */
export function bucketOf(distance: number): number {
  const side = distance > 0 ? 16 : 0;
  const far = Math.abs(distance);
  return side + (far < 8 ? far : Math.min(15, 8 + Math.trunc((Math.log(far / 8) / Math.log(16)) * 8)));
}
