/**
 * DistilBERT for sequence classification (Sanh et al. 2019, arXiv:1910.01108): BERT without token types, without dropout
 * after attention, and with a ReLU in the head. It follows `DistilBertForSequenceClassification` of transformers 5.23:
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/distilbert/modeling_distilbert.py#L528-L616
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
import { flagField, type HuggingFaceConfig } from "./config/config.ts";
import type { Family } from "./family.ts";
import { perLayer } from "./parameterSpec.ts";

export const distilbert: Family = {
  modelType: "distilbert",
  keys: {
    architecture: "DistilBertForSequenceClassification",
    names: {
      hidden_size: "dim",
      num_hidden_layers: "n_layers",
      num_attention_heads: "n_heads",
      intermediate_size: "hidden_dim",
      hidden_act: "activation",
      hidden_dropout_prob: "dropout",
      attention_probs_dropout_prob: "attention_dropout",
      classifier_dropout: "seq_classif_dropout",
    },
    aliases: { hidden_size: "dim", num_attention_heads: "n_heads", num_hidden_layers: "n_layers" },
    defaults: { num_hidden_layers: 6, classifier_dropout: 0.2 },
    fixed: { layer_norm_eps: 1e-12 },
    own: ["sinusoidal_pos_embds"],
    harmless: ["qa_dropout"],
  },
  basePrefix: "distilbert.",
  precisions,
  usesTokenTypes: () => false,
  parameters: (config) => [
    ...embeddingSpecs("distilbert.embeddings", config, tables(config)),
    ...perLayer(config, (i) => layerSpecs(`distilbert.transformer.layer.${i}`, i, config, names)),
    ...headSpecs(config, head),
  ],
  embeddings: (pass) => embeddings(pass, "distilbert.embeddings", tables(pass.config)),
  layer: (pass, index, hidden, queryRows) =>
    postNormLayer(pass, `distilbert.transformer.layer.${index}`, hidden, queryRows, {
      names,
      attentionOutputDropout: 0,
    }),
  head: (pass, rows) => denseHead(pass, rows, head),
};

const tables = ({ padTokenId, raw: json }: HuggingFaceConfig) => ({
  wordPadding: padTokenId,
  tokenTypes: false,
  sinusoidalPositions: flagField({ json, file: "config.json" }, "sinusoidal_pos_embds", false),
});
const names: LayerNames = {
  query: "attention.q_lin",
  key: "attention.k_lin",
  value: "attention.v_lin",
  attentionOutput: "attention.out_lin",
  attentionNorm: "sa_layer_norm",
  up: "ffn.lin1",
  down: "ffn.lin2",
  outputNorm: "output_layer_norm",
};
const head = { dense: "pre_classifier", activation: "relu", output: "classifier", dropsInput: false };
