/** From Hugging Face's keys to ours, with BERT's names and class defaults (transformers 5.23, models/bert/configuration_bert.py). */
import { withoutCode } from "../hub/ignoredKeys.ts";
import { type HuggingFaceConfig, type JsonObject, type ProblemType, problemTypes } from "./config.ts";
import { families } from "./families.ts";
import {
  badConfig,
  type ConfigSource,
  integerField,
  lookUp,
  positiveField,
  probabilityField,
  textField,
} from "./fields.ts";

/** Checks a parsed `config.json` and fills in what it leaves out. `file` is named in messages. Errors: `BAD_CONFIG`. */
export function parseConfig(json: JsonObject, file = "config.json"): HuggingFaceConfig {
  const modelType = textField({ json, file }, "model_type", "");
  const family = families.get(modelType);
  if (family === undefined) {
    const known = [...families.keys()].join(", ");
    throw badConfig(
      file,
      `"model_type" is ${JSON.stringify(json.model_type)}. Families that can be trained: ${known}.`,
    );
  }
  const source: ConfigSource = { ...family, json, file };
  const positions = textField(source, "position_embedding_type", "absolute");
  if (positions !== "absolute") {
    throw badConfig(
      file,
      `"position_embedding_type" is "${positions}", only "absolute" exists. Use another checkpoint.`,
    );
  }
  const labels = labelsOf(source);
  const hiddenSize = integerField(source, "hidden_size", 768);
  /** null says that there is none; only an absent key means the class default. */
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
    numLabels: labels.length,
    id2label: labels,
    label2id: Object.fromEntries(labels.map((label, index) => [label, index])),
    problemType: problemTypeOf(source, labels.length),
    raw: json,
  };
  checkSizes(config, source);
  return config;
}

/**
 * What `AutoModelForSequenceClassification.from_pretrained` in Python reads: all as in the file but labels, and without
 * what asks for code; float32 declared.
 */
export function toHuggingFaceJson(config: HuggingFaceConfig): JsonObject {
  const { num_labels: _count, torch_dtype: oldDtype, ...rest } = config.raw;
  const kept = withoutCode(rest);
  return {
    ...kept,
    architectures: [families.get(config.modelType)?.architecture],
    model_type: config.modelType,
    id2label: Object.fromEntries(config.id2label.map((label, index) => [String(index), label])),
    label2id: Object.fromEntries(config.id2label.map((label, index) => [label, index])),
    ...(config.problemType === undefined ? {} : { problem_type: config.problemType }),
    // Older versions of transformers know only the old name of the key.
    ...(oldDtype === undefined ? {} : { torch_dtype: "float32" }),
    ...(kept.dtype === undefined ? {} : { dtype: "float32" }),
  };
}

function labelsOf(source: ConfigSource): string[] {
  const { json, file } = source;
  const id2label = json.id2label ?? null;
  if (id2label === null) return defaultLabels(integerField(source, "num_labels", 2));
  if (typeof id2label !== "object" || Array.isArray(id2label)) {
    throw badConfig(file, `"id2label" must be an object such as {"0": "negative", "1": "positive"}.`);
  }
  const entries = new Map(Object.entries(id2label));
  const labels = Array.from({ length: entries.size }, (_, index) => entries.get(String(index)));
  const missing = labels.findIndex((label) => typeof label !== "string");
  if (missing >= 0 || labels.length === 0) {
    throw badConfig(
      file,
      `"id2label" has no text for index ${Math.max(missing, 0)}: number the labels from 0 without a gap.`,
    );
  }
  return labels as string[];
}

function defaultLabels(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `LABEL_${index}`);
}

function problemTypeOf({ json, file }: ConfigSource, numLabels: number): ProblemType | undefined {
  const value = json.problem_type ?? null;
  if (value === null) return undefined;
  const known = problemTypes.find((type) => type === value);
  if (known === undefined) {
    throw badConfig(file, `"problem_type" is ${JSON.stringify(value)}, must be one of ${problemTypes.join(", ")}.`);
  }
  if (known === "single_label_classification" && numLabels === 1) {
    throw badConfig(file, `"problem_type" single_label_classification needs 2 labels or more: use 2, or "regression".`);
  }
  return known;
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
