/** The keys of config.json that XLNet alone has (transformers 5.23, models/xlnet/configuration_xlnet.py). */
import type { HuggingFaceConfig } from "./config.ts";
import { badConfig, type ConfigSource, flagField, integerField, probabilityField, textField } from "./fields.ts";

export interface XLNetSettings {
  /** Longer distances between tokens are taken for this one; undefined = none are. */
  readonly clampLength: number | undefined;
  /** Of the projection of the last token's row; `"linear"` = none. */
  readonly summaryActivation: string;
  /** Before and after that projection. */
  readonly summaryFirstDropout: number;
  readonly summaryLastDropout: number;
}

/** Throws `BAD_CONFIG` on what would be computed otherwise than in `XLNetForSequenceClassification`. */
export function xlnetSettings({ raw, hiddenSize, numAttentionHeads }: HuggingFaceConfig): XLNetSettings {
  const source: ConfigSource = { json: raw, file: "config.json" };
  const width = hiddenSize / numAttentionHeads;
  const only = (key: string, found: unknown, known: unknown, why: string) => {
    if (found === known) return;
    throw badConfig(
      source.file,
      `"${key}" is ${JSON.stringify(found)}; only ${JSON.stringify(known)} can be trained: ${why}`,
    );
  };
  only("attn_type", textField(source, "attn_type", "bi"), "bi", "a classifier reads its text in both directions.");
  only("bi_data", flagField(source, "bi_data", false), false, "the other is for pretraining. Set it to false.");
  only("summary_type", textField(source, "summary_type", "last"), "last", "a text's last token is <cls>.");
  only(
    "summary_use_proj",
    flagField(source, "summary_use_proj", true),
    true,
    "use a checkpoint that has the projection.",
  );
  only(
    "summary_proj_to_labels",
    flagField(source, "summary_proj_to_labels", false),
    false,
    "logits_proj does that here.",
  );
  only("d_head", integerField(source, "d_head", width), width, "it is d_model / n_head.");
  const clamp = integerField(source, "clamp_len", -1, -1);
  return {
    clampLength: clamp > 0 ? clamp : undefined,
    summaryActivation: textField(source, "summary_activation", "summary_activation" in raw ? "linear" : "tanh"),
    summaryFirstDropout: probabilityField(source, "summary_first_dropout", 0),
    summaryLastDropout: probabilityField(source, "summary_last_dropout", 0.1),
  };
}
