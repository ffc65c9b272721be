/**
 * Translates Hugging Face's config keys to camelCase fields and back, with BERT's names and class defaults
 * (transformers 5.23, models/bert/configuration_bert.py).
 */
import { withoutCode } from "../../hub/modelFolder.ts";
import { families, familyOf } from "../families.ts";
import {
  badConfig,
  type ConfigSource,
  type HuggingFaceConfig,
  integerField,
  type JsonObject,
  lookUp,
  positiveField,
  probabilityField,
  textField,
  trainingInputs,
} from "./config.ts";
import { checkKeys, withoutAliases } from "./keys.ts";
import { type LabelOptions, labelKeys, resolveLabels } from "./labels.ts";

/**
 * Checks a parsed `config.json`, fills in defaults, and applies the label options. Messages name `file`. Errors:
 * `BAD_CONFIG`, `BAD_LABEL`.
 */
export function parseConfig(raw: JsonObject, file = "config.json", options: LabelOptions = {}): HuggingFaceConfig {
  const modelType = textField({ json: raw, file }, "model_type", "");
  const family = families.find((candidate) => candidate.modelType === modelType)?.keys;
  if (family === undefined) {
    const known = families.map((candidate) => candidate.modelType).join(", ");
    throw badConfig(file, `"model_type" is ${JSON.stringify(raw.model_type)}. Families that can be trained: ${known}.`);
  }
  const json = withoutAliases(raw, family.aliases);
  const source: ConfigSource = { ...family, json, file };
  checkKeys(source, family);
  const labels = resolveLabels(source, options);
  const hiddenSize = integerField(source, "hidden_size", 768);
  /** Tells whether a key is null, which means "none"; only an absent key means the class default. */
  const isNull = (key: string) => json[lookUp(source, key, null).name] === null;
  const isAbsent = (key: string) => lookUp(source, key, null).value === null;
  const config: HuggingFaceConfig = {
    modelType,
    vocabSize: integerField(source, "vocab_size", 30522),
    hiddenSize,
    embeddingSize: family.hasEmbeddingSize ? integerField(source, "embedding_size", hiddenSize) : hiddenSize,
    numHiddenLayers: integerField(source, "num_hidden_layers", 12),
    numAttentionHeads: integerField(source, "num_attention_heads", 12),
    intermediateSize: integerField(source, "intermediate_size", 3072),
    hiddenAct: textField(source, "hidden_act", "gelu"),
    hiddenDropoutProb: probabilityField(source, "hidden_dropout_prob", 0.1),
    attentionProbsDropoutProb: probabilityField(source, "attention_probs_dropout_prob", 0.1),
    classifierDropout: isAbsent("classifier_dropout") ? undefined : probabilityField(source, "classifier_dropout", 0),
    maxPositionEmbeddings: integerField(source, "max_position_embeddings", 512, 0),
    typeVocabSize: integerField(source, "type_vocab_size", 2, 0),
    layerNormEps: positiveField(source, "layer_norm_eps", 1e-12),
    padTokenId: isNull("pad_token_id") ? undefined : integerField(source, "pad_token_id", 0, 0),
    initializerRange: positiveField(source, "initializer_range", 0.02),
    numLabels: labels.names.length,
    id2label: labels.names,
    label2id: Object.fromEntries(labels.names.map((label, index) => [label, index])),
    problemType: labels.problemType,
    trainedOn: trainingInputs.find((input) => input === json.trained_on),
    raw,
  };
  checkSizes(config, source);
  return config;
}

/**
 * Makes the config JSON that `AutoModelForSequenceClassification.from_pretrained` in Python reads: the original keys
 * with the model's labels and dtype float32, without keys that ask for remote code.
 */
export function toHuggingFaceJson(config: HuggingFaceConfig): JsonObject {
  const { num_labels: _count, id2label: _names, label2id: _indices, torch_dtype: oldDtype, ...rest } = config.raw;
  const kept = withoutCode(rest);
  return {
    ...kept,
    architectures: [familyOf(config).keys.architecture],
    model_type: config.modelType,
    ...labelKeys(config.raw, config.id2label),
    ...(config.problemType === undefined ? {} : { problem_type: config.problemType }),
    ...(config.trainedOn === undefined ? {} : { trained_on: config.trainedOn }),
    // Older versions of transformers know only the old name of the key.
    ...(oldDtype === undefined ? {} : { torch_dtype: "float32" }),
    ...(kept.dtype === undefined ? {} : { dtype: "float32" }),
  };
}

function checkSizes(config: HuggingFaceConfig, source: ConfigSource): void {
  const { hiddenSize, numAttentionHeads, padTokenId, vocabSize } = config;
  const { file } = source;
  if (hiddenSize % numAttentionHeads !== 0) {
    const [width, heads] = ["hidden_size", "num_attention_heads"].map((key) => lookUp(source, key, null).name);
    throw badConfig(file, `"${width}" ${hiddenSize} is no multiple of "${heads}" ${numAttentionHeads}.`);
  }
  if (padTokenId !== undefined && padTokenId >= vocabSize) {
    throw badConfig(file, `"pad_token_id" ${padTokenId} is outside the vocabulary of ${vocabSize} tokens.`);
  }
}
