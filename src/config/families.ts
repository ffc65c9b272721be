/** How the config files of the families differ: what their keys are called, and the defaults of their classes (transformers 5.23). */
import type { ConfigSource } from "./fields.ts";

export interface FamilyKeys extends Pick<ConfigSource, "names" | "defaults" | "fixed"> {
  /** The class that `transformers` opens the family's classifiers with. */
  readonly architecture: string;
}

/** By `model_type`: the families that can be trained. */
export const families: ReadonlyMap<string, FamilyKeys> = new Map<string, FamilyKeys>([
  ["bert", { architecture: "BertForSequenceClassification" }],
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
      names: { classifier_dropout: "cls_dropout" },
      defaults: { vocab_size: 50265, type_vocab_size: 0, layer_norm_eps: 1e-7 },
    },
  ],
  [
    "deberta-v2",
    {
      architecture: "DebertaV2ForSequenceClassification",
      names: { classifier_dropout: "cls_dropout" },
      defaults: {
        ...{ vocab_size: 128100, hidden_size: 1536, num_hidden_layers: 24, num_attention_heads: 24 },
        ...{ intermediate_size: 6144, type_vocab_size: 0, layer_norm_eps: 1e-7 },
      },
    },
  ],
]);
