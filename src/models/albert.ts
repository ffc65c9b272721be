/**
 * ALBERT for sequence classification (Lan et al. 2019, arXiv:1909.11942), after `AlbertForSequenceClassification`
 * (transformers 5.23, models/albert/modeling_albert.py): BERT with narrow embeddings and layers that run on the same
 * weights. These make up the block "shared": a layer has none of its own that could be trained or frozen.
 */

import type { Tensor } from "@tensorflow/tfjs-core";
import type { QueryRows } from "../nn/packing.ts";
import {
  dense,
  denseHead,
  embeddingSpecs,
  headSpecs,
  type LayerNames,
  layerSpecs,
  postNormLayer,
  sumEmbeddings,
} from "./bertShape.ts";
import { albertKeys } from "./config/albert.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import type { Family, Pass } from "./family.ts";
import type { PackedBatch } from "./packedBatch.ts";
import { denseSpecs } from "./specs.ts";

/** Its names for the parts of a layer. */
export const albertLayer: LayerNames = {
  query: "attention.query",
  key: "attention.key",
  value: "attention.value",
  attentionOutput: "attention.dense",
  attentionNorm: "attention.LayerNorm",
  up: "ffn",
  down: "ffn_output",
  outputNorm: "full_layer_layer_norm",
};
const tables = ({ padTokenId }: HuggingFaceConfig) => ({ tokenTypes: true, wordPadding: padTokenId });
const mapping = "albert.encoder.embedding_hidden_mapping_in";
const head = { dense: "albert.pooler", activation: "tanh", output: "classifier", dropsInput: false };
/** The layers that a group runs one after the other. */
const inGroup = (group: number, config: HuggingFaceConfig) =>
  Array.from(
    { length: albertKeys(config).innerGroupNum },
    (_, i) => `albert.encoder.albert_layer_groups.${group}.albert_layers.${i}`,
  );

/** Names of the sets of weights that layer `index` runs on, one after the other. */
export const weightsOfLayer = (index: number, config: HuggingFaceConfig) =>
  inGroup(Math.trunc(index / (config.numHiddenLayers / albertKeys(config).numHiddenGroups)), config);

export const albert: Family = {
  modelType: "albert",
  basePrefix: "albert.",
  usesTokenTypes: () => true,
  parameters: (config) => [
    ...embeddingSpecs("albert.embeddings", config, tables(config)),
    ...denseSpecs(mapping, config.hiddenSize, config.embeddingSize, "embeddings"),
    ...Array.from({ length: albertKeys(config).numHiddenGroups }, (_, group) => inGroup(group, config))
      .flat()
      .flatMap((name) => layerSpecs(name, "shared", config, albertLayer)),
    ...headSpecs(config, head),
  ],
  embeddings: (pass, batch) =>
    dense(pass, mapping, sumEmbeddings(pass, "albert.embeddings", batch, tables(pass.config))),
  layer,
  head: (pass, rows) => denseHead(pass, rows, head),
};

function layer(pass: Pass, index: number, hidden: Tensor, batch: PackedBatch, queryRows: QueryRows = "all"): Tensor {
  const group = weightsOfLayer(index, pass.config);
  // the dropout of its feed-forward part exists in transformers, and is never called
  const options = { names: albertLayer, feedForwardDropout: 0 };
  return group.reduce(
    (x, name, i) => postNormLayer(pass, name, x, batch, i === group.length - 1 ? queryRows : "all", options),
    hidden,
  );
}
