/** How the config files of the families differ: what their keys are called, and the defaults of their classes (transformers 5.23). */
import type { ConfigSource } from "./fields.ts";

export interface FamilyKeys extends Pick<ConfigSource, "names" | "defaults" | "fixed"> {
  /** The class that `transformers` opens the family's classifiers with. */
  readonly architecture: string;
  /** Whether tables may be narrower than the layers: `embedding_size` is read, else it is the width of the layers. */
  readonly hasEmbeddingSize?: boolean;
}

/** By `model_type`: the families that can be trained. */
export const families: ReadonlyMap<string, FamilyKeys> = new Map<string, FamilyKeys>([
  ["bert", { architecture: "BertForSequenceClassification" }],
  ["roberta", { architecture: "RobertaForSequenceClassification", defaults: { vocab_size: 50265, pad_token_id: 1 } }],
  ["xlm-roberta", { architecture: "XLMRobertaForSequenceClassification", defaults: { pad_token_id: 1 } }],
  ["camembert", { architecture: "CamembertForSequenceClassification", defaults: { pad_token_id: 1 } }],
  [
    "distilbert",
    {
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
      defaults: { num_hidden_layers: 6, classifier_dropout: 0.2 },
      fixed: { layer_norm_eps: 1e-12 },
    },
  ],
  [
    "electra",
    {
      architecture: "ElectraForSequenceClassification",
      hasEmbeddingSize: true,
      defaults: { embedding_size: 128, hidden_size: 256, num_attention_heads: 4, intermediate_size: 1024 },
    },
  ],
  ["mpnet", { architecture: "MPNetForSequenceClassification", defaults: { vocab_size: 30527, pad_token_id: 1 } }],
  [
    "albert",
    {
      architecture: "AlbertForSequenceClassification",
      hasEmbeddingSize: true,
      names: { classifier_dropout: "classifier_dropout_prob" },
      defaults: {
        vocab_size: 30000,
        embedding_size: 128,
        hidden_size: 4096,
        num_attention_heads: 64,
        intermediate_size: 16384,
        hidden_act: "gelu_new",
        hidden_dropout_prob: 0,
        attention_probs_dropout_prob: 0,
        classifier_dropout: 0.1,
      },
    },
  ],
  [
    "xlnet",
    {
      architecture: "XLNetForSequenceClassification",
      names: {
        hidden_size: "d_model",
        num_hidden_layers: "n_layer",
        num_attention_heads: "n_head",
        intermediate_size: "d_inner",
        hidden_act: "ff_activation",
        hidden_dropout_prob: "dropout",
        attention_probs_dropout_prob: "dropout",
      },
      defaults: {
        ...{ vocab_size: 32000, hidden_size: 1024, num_hidden_layers: 24, num_attention_heads: 16 },
        ...{ intermediate_size: 4096, pad_token_id: 5 },
      },
      // no table of positions, and segments that are only compared: 0 and 1, 2 for <cls>, 3 for padding in version 4
      fixed: { max_position_embeddings: 0, type_vocab_size: 4 },
    },
  ],
  [
    "deberta",
    {
      architecture: "DebertaForSequenceClassification",
      hasEmbeddingSize: true,
      names: { classifier_dropout: "cls_dropout" },
      defaults: { vocab_size: 50265, type_vocab_size: 0, layer_norm_eps: 1e-7 },
    },
  ],
  [
    "deberta-v2",
    {
      architecture: "DebertaV2ForSequenceClassification",
      hasEmbeddingSize: true,
      names: { classifier_dropout: "cls_dropout" },
      defaults: {
        ...{ vocab_size: 128100, hidden_size: 1536, num_hidden_layers: 24, num_attention_heads: 24 },
        ...{ intermediate_size: 6144, type_vocab_size: 0, layer_norm_eps: 1e-7 },
      },
    },
  ],
  [
    "modernbert",
    {
      architecture: "ModernBertForSequenceClassification",
      names: {
        hidden_act: "hidden_activation",
        layer_norm_eps: "norm_eps",
        hidden_dropout_prob: "embedding_dropout",
        attention_probs_dropout_prob: "attention_dropout",
      },
      defaults: {
        ...{ vocab_size: 50368, num_hidden_layers: 22, intermediate_size: 1152, max_position_embeddings: 8192 },
        ...{ layer_norm_eps: 1e-5, pad_token_id: 50283 },
        ...{ hidden_dropout_prob: 0, attention_probs_dropout_prob: 0, classifier_dropout: 0 },
      },
      fixed: { type_vocab_size: 0 },
    },
  ],
]);
