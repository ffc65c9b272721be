/** How the config files of the families differ: what their keys are called, and the defaults of their classes (transformers 5.23). */
import type { ConfigSource } from "./fields.ts";
import { decoderKeys, type RefusedKey } from "./keys.ts";

export interface FamilyKeys extends Pick<ConfigSource, "names" | "defaults" | "fixed"> {
  /** The class that `transformers` opens the family's classifiers with. */
  readonly architecture: string;
  /** Whether tables may be narrower than the layers: `embedding_size` is read, else it is the width of the layers. */
  readonly hasEmbeddingSize?: boolean;
  /** Other names that the class takes for its keys (`attribute_map`): alias -> key. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Keys of this family alone that are read, by the functions beside this file or by the family. */
  readonly own?: readonly string[];
  /** Keys with which the class computes what is not computed here. */
  readonly refused?: Readonly<Record<string, RefusedKey>>;
  /** Keys of this class alone that change nothing of what a classifier computes. */
  readonly harmless?: readonly string[];
}

/** By `model_type`: the families that can be trained. */
export const families: ReadonlyMap<string, FamilyKeys> = new Map<string, FamilyKeys>([
  ["bert", { architecture: "BertForSequenceClassification", refused: decoderKeys }],
  [
    "roberta",
    {
      architecture: "RobertaForSequenceClassification",
      defaults: { vocab_size: 50265, pad_token_id: 1 },
      refused: decoderKeys,
    },
  ],
  [
    "xlm-roberta",
    { architecture: "XLMRobertaForSequenceClassification", defaults: { pad_token_id: 1 }, refused: decoderKeys },
  ],
  [
    "camembert",
    { architecture: "CamembertForSequenceClassification", defaults: { pad_token_id: 1 }, refused: decoderKeys },
  ],
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
      aliases: { hidden_size: "dim", num_attention_heads: "n_heads", num_hidden_layers: "n_layers" },
      defaults: { num_hidden_layers: 6, classifier_dropout: 0.2 },
      fixed: { layer_norm_eps: 1e-12 },
      own: ["sinusoidal_pos_embds"],
      harmless: ["qa_dropout"],
    },
  ],
  [
    "electra",
    {
      architecture: "ElectraForSequenceClassification",
      hasEmbeddingSize: true,
      defaults: { embedding_size: 128, hidden_size: 256, num_attention_heads: 4, intermediate_size: 1024 },
      own: ["embedding_size"],
      refused: decoderKeys,
      harmless: ["summary_type", "summary_use_proj", "summary_activation", "summary_last_dropout"],
    },
  ],
  [
    "mpnet",
    {
      architecture: "MPNetForSequenceClassification",
      defaults: { vocab_size: 30527, pad_token_id: 1 },
      own: ["relative_attention_num_buckets"],
    },
  ],
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
      own: ["embedding_size", "num_hidden_groups", "inner_group_num"],
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
      aliases: {
        ...{
          n_token: "vocab_size",
          hidden_size: "d_model",
          num_attention_heads: "n_head",
          num_hidden_layers: "n_layer",
        },
      },
      own: [
        ...["attn_type", "bi_data", "clamp_len", "d_head", "summary_type", "summary_use_proj", "summary_activation"],
        ...["summary_first_dropout", "summary_last_dropout", "summary_proj_to_labels"],
      ],
      // memories of earlier texts, which a classifier is given none of, and question answering
      harmless: [
        ...["mem_len", "reuse_len", "use_mems_eval", "use_mems_train", "same_length", "start_n_top", "end_n_top"],
      ],
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
      own: [
        ...["embedding_size", "relative_attention", "max_relative_positions", "position_biased_input", "pos_att_type"],
        ...["pooler_dropout", "pooler_hidden_act", "pooler_hidden_size", "talking_head", "conv_groups"],
        ...["attention_head_size"],
      ],
      harmless: ["legacy"],
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
      own: [
        ...["embedding_size", "relative_attention", "max_relative_positions", "position_biased_input", "pos_att_type"],
        ...["pooler_dropout", "pooler_hidden_act", "pooler_hidden_size", "talking_head", "conv_groups"],
        ...["attention_head_size", "norm_rel_ebd", "position_buckets", "share_att_key", "conv_kernel_size", "conv_act"],
      ],
      harmless: ["legacy"],
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
      own: [
        ...["layer_types", "global_attn_every_n_layers", "local_attention", "sliding_window", "rope_parameters"],
        ...["rope_scaling", "global_rope_theta", "local_rope_theta", "norm_bias", "attention_bias", "mlp_bias"],
        ...["classifier_bias", "mlp_dropout", "classifier_pooling", "classifier_activation", "head_dim"],
        "initializer_cutoff_factor",
      ],
      harmless: [
        ...[
          "cls_token_id",
          "decoder_bias",
          "deterministic_flash_attn",
          "sparse_prediction",
          "sparse_pred_ignore_index",
        ],
      ],
    },
  ],
]);
