/** The keys of config.json that ModernBERT alone has (transformers 5.23, models/modernbert/configuration_modernbert.py). */
import type { HuggingFaceConfig, JsonObject } from "./config.ts";
import {
  badConfig,
  type ConfigSource,
  flagField,
  integerField,
  positiveField,
  probabilityField,
  textField,
} from "./fields.ts";

/** `"full_attention"`: a token sees the whole text; `"sliding_attention"`: those near it. */
export type LayerType = "full_attention" | "sliding_attention";

export interface ModernBertSettings {
  /** One a layer. */
  readonly layerTypes: readonly LayerType[];
  /** How many places away a token of a sliding layer sees. */
  readonly window: number;
  /** Base of the rotary positions of each type of layer. */
  readonly theta: Readonly<Record<LayerType, number>>;
  /** Which parts have biases. */
  readonly normBias: boolean;
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
  readonly classifierBias: boolean;
  readonly mlpDropout: number;
  /** What the head reads of a text: its first token, or the mean over its tokens. */
  readonly pooling: "cls" | "mean";
  readonly classifierActivation: string;
  /** New weights are cut off at so many standard deviations. */
  readonly initializerCutoff: number;
}

/** Throws `BAD_CONFIG` on what would be computed otherwise than in transformers. */
export function modernBertSettings(config: HuggingFaceConfig): ModernBertSettings {
  const source: ConfigSource = { json: config.raw, file: "config.json" };
  const width = config.hiddenSize / config.numAttentionHeads;
  if (integerField(source, "head_dim", width) !== width) {
    throw badConfig(
      source.file,
      `"head_dim" is ${source.json.head_dim}; only ${width}, hidden_size / num_attention_heads, can be trained.`,
    );
  }
  const pooling = textField(source, "classifier_pooling", "cls");
  if (pooling !== "cls" && pooling !== "mean") {
    throw badConfig(source.file, `"classifier_pooling" is "${pooling}"; known are "cls" and "mean".`);
  }
  return {
    layerTypes: layerTypesOf(source, config.numHiddenLayers),
    // the class has both keys, and the second one says it in tokens to each side
    window: integerField(source, "sliding_window", Math.floor(integerField(source, "local_attention", 128) / 2), 0),
    theta: {
      full_attention: thetaOf(source, "full_attention", "global_rope_theta", 160_000),
      sliding_attention: thetaOf(source, "sliding_attention", "local_rope_theta", 10_000),
    },
    normBias: flagField(source, "norm_bias", false),
    attentionBias: flagField(source, "attention_bias", false),
    mlpBias: flagField(source, "mlp_bias", false),
    classifierBias: flagField(source, "classifier_bias", false),
    mlpDropout: probabilityField(source, "mlp_dropout", 0),
    pooling,
    classifierActivation: textField(source, "classifier_activation", "gelu"),
    initializerCutoff: positiveField(source, "initializer_cutoff_factor", 2),
  };
}

/** A list of types; before version 5 a number: every how many layers one sees the whole text. */
function layerTypesOf(source: ConfigSource, layers: number): LayerType[] {
  const { json, file } = source;
  const list = json.layer_types ?? undefined;
  if (list === undefined) {
    const every = integerField(source, "global_attn_every_n_layers", 3);
    return Array.from({ length: layers }, (_, i) => (i % every === 0 ? "full_attention" : "sliding_attention"));
  }
  const isType = (type: unknown): type is LayerType => type === "full_attention" || type === "sliding_attention";
  if (Array.isArray(list) && list.length === layers && list.every(isType)) return list;
  throw badConfig(
    file,
    `"layer_types" must name "full_attention" or "sliding_attention" for each of the ${layers} layers, found ` +
      `${JSON.stringify(list)}.`,
  );
}

/** `rope_parameters[type].rope_theta`; before version 5 a key of its own. */
function thetaOf(source: ConfigSource, type: LayerType, oldKey: string, fallback: number): number {
  const { json, file } = source;
  const scaling = json.rope_scaling ?? undefined;
  const parameters = ((json.rope_parameters ?? {}) as JsonObject)[type] ?? {};
  const { rope_type: kind = "default", rope_theta: theta } = parameters as JsonObject;
  if (scaling !== undefined || kind !== "default") {
    throw badConfig(
      file,
      `Rotary positions of ${type} are scaled (${JSON.stringify(scaling ?? parameters)}); only the "default" type can be ` +
        "trained. Use another checkpoint.",
    );
  }
  return theta === undefined
    ? positiveField(source, oldKey, fallback)
    : positiveField({ json: { rope_theta: theta }, file }, "rope_theta", fallback);
}
