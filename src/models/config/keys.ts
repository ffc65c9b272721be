/**
 * Classifies every key of a config.json: the key is read, is harmless to what a classifier computes, or is refused.
 * tests/models/config/keys.test.ts checks this for all keys that the config classes of transformers 5.23 have or read,
 * and compares logits.
 */
import { badConfig, type ConfigSource, type JsonObject } from "./config.ts";

/**
 * The differences of a family's config files from BERT's: key names and the defaults of its config class (transformers
 * 5.23).
 */
export interface FamilyKeys extends Pick<ConfigSource, "names" | "defaults" | "fixed"> {
  /** The class with which `transformers` loads the family's classifiers. */
  readonly architecture: string;
  /**
   * Whether embedding tables may be narrower than the layers. If true, `embedding_size` is read; else it equals
   * `hiddenSize`.
   */
  readonly hasEmbeddingSize?: boolean;
  /** Aliases that the config class accepts for its keys (`attribute_map`): alias -> key. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Keys that only this family has and that it reads. */
  readonly own?: readonly string[];
  /** Keys that make `transformers` compute something that Thaw does not implement. */
  readonly refused?: Readonly<Record<string, RefusedKey>>;
  /** Keys that only this class has and that do not change what a classifier computes. */
  readonly harmless?: readonly string[];
}

/**
 * A key that is refused unless its value is harmless, because `transformers` would compute something that Thaw does not
 * implement.
 */
interface RefusedKey {
  /** Tells whether a value leaves the computation unchanged; null and an absent key are always harmless. */
  readonly isHarmless: (value: unknown) => boolean;
  /** Sentence for the error message: why the key is refused, and what to do. */
  readonly advice: string;
}

/** The version of transformers whose keys are known here. */
const knownVersion = "5.23";

const isFalse = (value: unknown): boolean => value === false;
const isEmpty = (value: unknown): boolean => typeof value === "object" && Object.keys(value as object).length === 0;
const never = (): boolean => false;

/** The refused keys of families whose layers can also be those of a decoder. */
export const decoderKeys: Readonly<Record<string, RefusedKey>> = {
  is_decoder: {
    isHarmless: isFalse,
    advice:
      "Such a model reads every text from left to right only, which is not computed here. Set it to false in config.json to " +
      "train the same weights as a classifier that reads in both directions.",
  },
  add_cross_attention: {
    isHarmless: isFalse,
    advice: "A classifier has no other text to attend to. Set it to false in config.json.",
  },
};

const refusedEverywhere: Readonly<Record<string, RefusedKey>> = {
  position_embedding_type: {
    isHarmless: (value) => value === "absolute",
    advice: 'Only "absolute" can be trained here. Use another checkpoint.',
  },
  per_layer_config: {
    isHarmless: isEmpty,
    advice: "Layers that differ from each other cannot be trained here. Use another checkpoint.",
  },
  pruned_heads: {
    isHarmless: isEmpty,
    advice: "Layers with fewer heads than others cannot be trained here. Use the checkpoint from before pruning.",
  },
  quantization_config: {
    isHarmless: isEmpty,
    advice:
      "Quantised weights cannot be trained here. Use the checkpoint from before, in float32, float16 or bfloat16.",
  },
  configuration_files: {
    isHarmless: isEmpty,
    advice:
      "Python reads one of these files, by its version, in place of config.json. Copy the content of the newest one over " +
      "config.json.",
  },
  transformers_weights: {
    isHarmless: never,
    advice: "Python reads the weights from that file. Call it model.safetensors and take the key out of config.json.",
  },
};

/** Keys that are read from every family's file, by BERT's names. */
const readEverywhere: readonly string[] = [
  ...["model_type", "id2label", "label2id", "num_labels", "problem_type", "trained_on"],
  ...["vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act"],
  ...["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout", "max_position_embeddings"],
  ...["type_vocab_size", "layer_norm_eps", "pad_token_id", "initializer_range"],
];

/**
 * Keys that no classifier's forward pass reads: bookkeeping, settings of other tasks, and ways to compute the same
 * result.
 */
const harmlessEverywhere: readonly string[] = [
  ...["_name_or_path", "architectures", "auto_map", "finetuning_task", "task_specific_params", "tokenizer_class"],
  ...["transformers_version", "model_max_length", "bos_token_id", "bos_token_ids", "eos_token_id", "sep_token_id"],
  // how numbers are stored and computed: here always in float32, or in what `precision` says
  ...["dtype", "torch_dtype", "torchscript", "use_bfloat16", "device_map", "distributed_config", "fusion_config"],
  ...["gradient_checkpointing", "chunk_size_feed_forward", "output_hidden_states", "output_attentions", "return_dict"],
  ...["output_past", "use_cache", "is_causal", "is_encoder_decoder", "unpad_inputs", "repad_logits_with_grad"],
  // of language models, of multiple choice and of token classification
  ...["tie_word_embeddings", "tie_weights_", "unpadded_vocab_size", "logits_mup_width_multiplier", "num_memory_blocks"],
  ...["mtp_hidden_states_first", "chain_hidden_post_norm", "token_classification_bias", "sequence_length"],
  ...["pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_size_per_head", "pooler_type"],
  // of other families, or read by no class any more
  ...["attention_chunk_size", "attention_dropout", "attention_head_size", "conv_act", "conv_groups", "d_head"],
  ...["conv_kernel_size", "directionality", "embedding_size", "head_dim", "hidden_dropout", "init_std"],
  ...["initializer_factor", "layer_types", "n_layers", "n_token", "net_structure_type", "pooler_hidden_size"],
  ...["rope_scaling", "rope_theta", "sliding_window", "summary_first_dropout", "summary_proj_to_labels"],
  ...["talking_head", "untie_r", "layers_block_type", "global_attn_every_n_layers"],
  ...["global_rope_theta", "local_rope_theta"],
];

/**
 * Replaces aliases by the key names of the family's config class; an alias wins over the key it stands for, as in
 * `transformers`.
 */
export function withoutAliases(raw: JsonObject, aliases: Readonly<Record<string, string>> = {}): JsonObject {
  const given = Object.entries(aliases).filter(([alias]) => (raw[alias] ?? null) !== null);
  return given.length === 0 ? raw : { ...raw, ...Object.fromEntries(given.map(([alias, name]) => [name, raw[alias]])) };
}

/** Tells whether a key is read, harmless or refused; undefined for an unknown key. */
export function useOfKey(key: string, family: FamilyKeys): "read" | "refused" | "harmless" | undefined {
  const { names = {}, own = [], aliases = {}, refused = {}, harmless = [] } = family;
  const read = [...readEverywhere.map((name) => names[name] ?? name), ...own, ...Object.keys(aliases)];
  if (read.includes(key)) return "read";
  if (Object.hasOwn(refused, key) || Object.hasOwn(refusedEverywhere, key)) return "refused";
  const isRenamed = Object.hasOwn(names, key); // this class reads another key in its place
  return isRenamed || harmless.includes(key) || harmlessEverywhere.includes(key) ? "harmless" : undefined;
}

/**
 * Throws `BAD_CONFIG` for a key with which Python would compute something else. Warns of unknown keys in the file of a newer
 * version of transformers than the one known here; in other files they mean nothing to Python either.
 */
export function checkKeys({ json, file }: ConfigSource, family: FamilyKeys): void {
  for (const [key, { isHarmless, advice }] of Object.entries({ ...refusedEverywhere, ...family.refused })) {
    const value = json[key] ?? null;
    if (value === null || isHarmless(value)) continue;
    throw badConfig(file, `"${key}" is ${JSON.stringify(value).slice(0, 200)}. ${advice}`);
  }
  if (!isNewer(json.transformers_version)) return;
  const unknown = Object.keys(json).filter((key) => useOfKey(key, family) === undefined);
  if (unknown.length === 0) return;
  console.warn(
    `${file} was written by transformers ${json.transformers_version}, and has keys that are not known here: ` +
      `${unknown.slice(0, 10).join(", ")}. If they change what the model computes, its answers are not those of Python.`,
  );
}

function isNewer(version: unknown): boolean {
  const [major = 0, minor = 0] = typeof version === "string" ? version.split(".").map(Number) : [];
  const [knownMajor = 0, knownMinor = 0] = knownVersion.split(".").map(Number);
  return major > knownMajor || (major === knownMajor && minor > knownMinor);
}
