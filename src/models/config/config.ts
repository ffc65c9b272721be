/**
 * The parsed `config.json` of a model, with Hugging Face's keys in camelCase, and functions that read single keys with
 * type checks.
 */
import { ThawError } from "../../errors.ts";
import type { ProblemType } from "../../task/task.ts";

/** The inputs that a classifier can be trained on: texts, or pairs of a first and a second text. */
export const trainingInputs = ["texts", "text_pairs"] as const;
/** Whether a classifier was trained on single texts or on pairs. */
export type TrainingInput = (typeof trainingInputs)[number];

/** A plain JSON object, as `JSON.parse` gives it. */
export type JsonObject = { readonly [key: string]: unknown };

/** Dropout rates, each in [0, 1); where one is left out, the config decides. */
export interface DropoutRates {
  /** Rate of embeddings and layer outputs, and of what a family drops between them. */
  readonly hidden?: number;
  /** Rate of the attention probabilities. */
  readonly attention?: number;
  /**
   * Rate in the head. Default: the config's rate there, which in most families is `hidden` unless the config has one of
   * its own.
   */
  readonly classifier?: number;
}

/** The settings in a model's config.json. In every family the fields have BERT's key names in camelCase. */
export interface HuggingFaceConfig {
  /** The name of the family, such as `"bert"`. */
  readonly modelType: string;
  /** Vocabulary size: number of rows of the word embedding table. */
  readonly vocabSize: number;
  /** Width of the hidden states. */
  readonly hiddenSize: number;
  /** Width of the embedding tables; `hiddenSize` in most families. */
  readonly embeddingSize: number;
  /** Number of encoder layers. */
  readonly numHiddenLayers: number;
  /** Number of heads of each attention; it divides `hiddenSize`. */
  readonly numAttentionHeads: number;
  /** Width of the hidden layer of the feed-forward block. */
  readonly intermediateSize: number;
  /** Name of the activation in the feed-forward block, such as `"gelu"` (the erf form). */
  readonly hiddenAct: string;
  /** Dropout probability of embeddings and layer outputs, at least 0 and below 1. */
  readonly hiddenDropoutProb: number;
  /** Dropout probability of the attention weights, at least 0 and below 1. */
  readonly attentionProbsDropoutProb: number;
  /** Dropout probability in the head; undefined means `hiddenDropoutProb`. */
  readonly classifierDropout: number | undefined;
  /**
   * The rates of one pass that replace the config's; the three above have them already. Absent in a config that was loaded.
   *
   * @internal
   */
  readonly dropoutRates?: DropoutRates;
  /**
   * Number of rows of the position table. `maxTokens` gives the longest input, since some families reserve rows for
   * padding.
   */
  readonly maxPositionEmbeddings: number;
  /** Number of rows of the token type table; 0 if there is none. */
  readonly typeVocabSize: number;
  /** Epsilon that layer norms add to the variance. */
  readonly layerNormEps: number;
  /** Token id of the padding, whose row of the word table gets no gradient; undefined if there is none. */
  readonly padTokenId: number | undefined;
  /** Standard deviation of newly initialised weights. */
  readonly initializerRange: number;
  /** Number of labels, or of regression outputs. */
  readonly numLabels: number;
  /** Label names by index: `numLabels` of them. */
  readonly id2label: readonly string[];
  /** Indices of the labels by their names. */
  readonly label2id: Readonly<Record<string, number>>;
  /** The problem type. Undefined until the first training labels decide it, as in `transformers`. */
  readonly problemType: ProblemType | undefined;
  /**
   * Whether the model was trained on texts or text pairs: the key `trained_on`, which only Thaw writes. Undefined for a
   * model not trained by Thaw.
   */
  readonly trainedOn: TrainingInput | undefined;
  /**
   * The whole JSON object as read. It is saved again with only labels and dtype changed, and family-specific keys are
   * read from it.
   */
  readonly raw: JsonObject;
  /** The source text of `raw`; undefined if the object was made by a program. */
  readonly text?: string;
}

/**
 * A parsed config.json, its file name for messages, and the key names that its family uses. Each function below reads
 * one key: it returns the value, or the default if the key is absent, or throws `BAD_CONFIG`.
 */
export interface ConfigSource {
  readonly json: JsonObject;
  readonly file: string;
  /** The family's own key names, by BERT's name for the same key. */
  readonly names?: Readonly<Record<string, string>> | undefined;
  /** The family's defaults for absent keys, by BERT's key names; they take precedence over the `fallback` of a read. */
  readonly defaults?: Readonly<Record<string, unknown>> | undefined;
  /** Constant values that this family's config has no key for, by BERT's key names. */
  readonly fixed?: Readonly<Record<string, unknown>> | undefined;
}

/** Looks up a key by BERT's name; returns its name in the file and its value or default. */
export function lookUp({ json, names, defaults, fixed }: ConfigSource, key: string, fallback: unknown) {
  const name = names?.[key] ?? key;
  return { name, value: fixed?.[key] ?? json[name] ?? defaults?.[key] ?? fallback };
}

export function badConfig(file: string, what: string): ThawError {
  return new ThawError("BAD_CONFIG", `${file}: ${what}`);
}

/** Reads an integer of at least `from`. Errors: `BAD_CONFIG`. */
export function integerField(source: ConfigSource, key: string, fallback: number, from = 1): number {
  const { name, value } = lookUp(source, key, fallback);
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= from) return value;
  throw badConfig(source.file, `"${name}" must be an integer from ${from} on, found ${JSON.stringify(value)}.`);
}

/** Reads a number above 0. Errors: `BAD_CONFIG`. */
export function positiveField(source: ConfigSource, key: string, fallback: number): number {
  const { name, value } = lookUp(source, key, fallback);
  if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
  throw badConfig(source.file, `"${name}" must be a number above 0, found ${JSON.stringify(value)}.`);
}

/** Reads a dropout probability of at least 0 and below 1. Errors: `BAD_CONFIG`. */
export function probabilityField(source: ConfigSource, key: string, fallback: number): number {
  const { name, value } = lookUp(source, key, fallback);
  if (typeof value === "number" && value >= 0 && value < 1) return value;
  throw badConfig(source.file, `"${name}" must be a probability from 0 to below 1, found ${JSON.stringify(value)}.`);
}

export function textField(source: ConfigSource, key: string, fallback: string): string {
  const { name, value } = lookUp(source, key, fallback);
  if (typeof value === "string") return value;
  throw badConfig(source.file, `"${name}" must be text, found ${JSON.stringify(value)}.`);
}

export function flagField(source: ConfigSource, key: string, fallback: boolean): boolean {
  const { name, value } = lookUp(source, key, fallback);
  if (typeof value === "boolean") return value;
  throw badConfig(source.file, `"${name}" must be true or false, found ${JSON.stringify(value)}.`);
}
