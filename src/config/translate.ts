/** The one place that knows Hugging Face's key names and class defaults (transformers 5.23, models/bert/configuration_bert.py). */
import type { HuggingFaceConfig, JsonObject, ProblemType } from "./config.ts";
import { badConfig, type ConfigSource, integerField, positiveField, probabilityField, textField } from "./fields.ts";

const problemTypes: readonly ProblemType[] = [
  "regression",
  "single_label_classification",
  "multi_label_classification",
];

/** Families that can be trained, and the class that `transformers` opens their checkpoints with. */
const architectures: ReadonlyMap<string, string> = new Map([["bert", "BertForSequenceClassification"]]);

/** Checks a parsed `config.json` and fills in what it leaves out. `file` is named in messages. Errors: `BAD_CONFIG`. */
export function parseConfig(json: JsonObject, file = "config.json"): HuggingFaceConfig {
  const source: ConfigSource = { json, file };
  const modelType = textField(source, "model_type", "");
  if (!architectures.has(modelType)) {
    const known = [...architectures.keys()].join(", ");
    throw badConfig(
      file,
      `"model_type" is ${JSON.stringify(json.model_type)}. Families that can be trained: ${known}.`,
    );
  }
  const positions = textField(source, "position_embedding_type", "absolute");
  if (positions !== "absolute") {
    throw badConfig(
      file,
      `"position_embedding_type" is "${positions}", only "absolute" exists. Use another checkpoint.`,
    );
  }
  const labels = labelsOf(source);
  const config: HuggingFaceConfig = {
    modelType,
    vocabSize: integerField(source, "vocab_size", 30522),
    hiddenSize: integerField(source, "hidden_size", 768),
    numHiddenLayers: integerField(source, "num_hidden_layers", 12),
    numAttentionHeads: integerField(source, "num_attention_heads", 12),
    intermediateSize: integerField(source, "intermediate_size", 3072),
    hiddenAct: textField(source, "hidden_act", "gelu"),
    hiddenDropoutProb: probabilityField(source, "hidden_dropout_prob", 0.1),
    attentionProbsDropoutProb: probabilityField(source, "attention_probs_dropout_prob", 0.1),
    classifierDropout:
      (json.classifier_dropout ?? null) === null ? undefined : probabilityField(source, "classifier_dropout", 0),
    maxPositionEmbeddings: integerField(source, "max_position_embeddings", 512),
    typeVocabSize: integerField(source, "type_vocab_size", 2),
    layerNormEps: positiveField(source, "layer_norm_eps", 1e-12),
    // null says that there is none; only an absent key means the class default.
    padTokenId: json.pad_token_id === null ? undefined : integerField(source, "pad_token_id", 0, 0),
    initializerRange: positiveField(source, "initializer_range", 0.02),
    numLabels: labels.length,
    id2label: labels,
    label2id: Object.fromEntries(labels.map((label, index) => [label, index])),
    problemType: problemTypeOf(source, labels.length),
    raw: json,
  };
  checkSizes(config, file);
  return config;
}

/** What `AutoModelForSequenceClassification.from_pretrained` in Python reads: unknown keys kept, weights declared float32. */
export function toHuggingFaceJson(config: HuggingFaceConfig): JsonObject {
  const { num_labels: _count, torch_dtype: oldDtype, ...kept } = config.raw;
  return {
    ...kept,
    architectures: [architectures.get(config.modelType)],
    model_type: config.modelType,
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.numHiddenLayers,
    num_attention_heads: config.numAttentionHeads,
    intermediate_size: config.intermediateSize,
    hidden_act: config.hiddenAct,
    hidden_dropout_prob: config.hiddenDropoutProb,
    attention_probs_dropout_prob: config.attentionProbsDropoutProb,
    classifier_dropout: config.classifierDropout ?? null,
    max_position_embeddings: config.maxPositionEmbeddings,
    type_vocab_size: config.typeVocabSize,
    layer_norm_eps: config.layerNormEps,
    pad_token_id: config.padTokenId ?? null,
    initializer_range: config.initializerRange,
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

function checkSizes(config: HuggingFaceConfig, file: string): void {
  const { hiddenSize, numAttentionHeads, padTokenId, vocabSize } = config;
  if (hiddenSize % numAttentionHeads !== 0) {
    throw badConfig(file, `"hidden_size" ${hiddenSize} is no multiple of "num_attention_heads" ${numAttentionHeads}.`);
  }
  if (padTokenId !== undefined && padTokenId >= vocabSize) {
    throw badConfig(file, `"pad_token_id" ${padTokenId} is outside the vocabulary of ${vocabSize} tokens.`);
  }
}
