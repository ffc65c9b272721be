/**
 * The keys of config.json that the DeBERTas alone have (transformers 5.23, models/deberta/configuration_deberta.py and
 * models/deberta_v2/configuration_deberta_v2.py, and what their models ask for besides).
 */
import type { HuggingFaceConfig } from "./config.ts";
import { badConfig, type ConfigSource, flagField, integerField, probabilityField, textField } from "./fields.ts";

/** What a score has besides content to content; `"c2p"`: a query to a distance, `"p2c"`: a key to a distance. */
export type PositionTerm = "c2p" | "p2c";

export interface DebertaSettings {
  /** The terms that scores are scaled for; without `relative` none of them is computed. */
  readonly terms: readonly PositionTerm[];
  /** The table of distances, if there is one. */
  readonly relative: RelativeSettings | undefined;
  /** Whether there is a normalisation for that table's rows, table or not. */
  readonly hasTableNorm: boolean;
  /** Whether there is a table of absolute positions. */
  readonly positionBiasedInput: boolean;
  /** A convolution of the embeddings, added to what layer 0 gives, if there is one. */
  readonly convolution: { readonly kernel: number; readonly activation: string } | undefined;
  readonly poolerDropout: number;
  readonly poolerActivation: string;
}

export interface RelativeSettings {
  /** The table has this many rows for each direction. */
  readonly span: number;
  /** Logarithmic buckets for each direction; 0 or less: every distance is its own. */
  readonly buckets: number;
  /** Distances from here on share a row. */
  readonly maxPosition: number;
  /** Whether rows are projected by the layers' own query and key projections. */
  readonly sharesProjections: boolean;
}

/** Throws `BAD_CONFIG` on what would be computed otherwise than in transformers. */
export function debertaSettings(config: HuggingFaceConfig): DebertaSettings {
  const source: ConfigSource = { json: config.raw, file: "config.json" };
  const isSecond = config.modelType === "deberta-v2";
  refuse(source, config);
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

/** `"p2c|c2p"`, `["p2c", "c2p"]`, or nothing. */
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

function refuse(source: ConfigSource, { hiddenSize, numAttentionHeads }: HuggingFaceConfig): void {
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
