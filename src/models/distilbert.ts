/**
 * DistilBERT for sequence classification (Sanh et al. 2019, arXiv:1910.01108), after
 * `DistilBertForSequenceClassification` (transformers 5.23, models/distilbert/modeling_distilbert.py): BERT without token
 * types, without dropout after attention, and with a ReLU in the head.
 */

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
import { flagField } from "./config/fields.ts";
import type { Family } from "./family.ts";
import { perLayer } from "./specs.ts";

/** Its names for the parts of a layer. */
export const distilbertLayer: LayerNames = {
  query: "attention.q_lin",
  key: "attention.k_lin",
  value: "attention.v_lin",
  attentionOutput: "attention.out_lin",
  attentionNorm: "sa_layer_norm",
  up: "ffn.lin1",
  down: "ffn.lin2",
  outputNorm: "output_layer_norm",
};
const tables = ({ padTokenId, raw: json }: HuggingFaceConfig) => ({
  tokenTypes: false,
  wordPadding: padTokenId,
  sinusoidalPositions: flagField({ json, file: "config.json" }, "sinusoidal_pos_embds", false),
});
const head = { dense: "pre_classifier", activation: "relu", output: "classifier", dropsInput: false };

export const distilbert: Family = {
  modelType: "distilbert",
  basePrefix: "distilbert.",
  usesTokenTypes: () => false,
  parameters: (config) => [
    ...embeddingSpecs("distilbert.embeddings", config, tables(config)),
    ...perLayer(config, (i) => layerSpecs(`distilbert.transformer.layer.${i}`, i, config, distilbertLayer)),
    ...headSpecs(config, head),
  ],
  embeddings: (pass, batch) => sumEmbeddings(pass, "distilbert.embeddings", batch, tables(pass.config)),
  ...postNormLayers((i) => `distilbert.transformer.layer.${i}`, {
    names: distilbertLayer,
    attentionOutputDropout: 0,
  }),
  head: (pass, rows) => denseHead(pass, rows, head),
};
