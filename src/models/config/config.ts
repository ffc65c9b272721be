/** A model's `config.json` as this library sees it, with Hugging Face's keys in camelCase, and typed reading of its keys. */
import { ThawError } from "../../errors.ts";
import type { ProblemType } from "../../task/task.ts";

export { type Labels, type ProblemType, problemTypes } from "../../task/task.ts";

/** The inputs that a classifier can be trained on: texts, or pairs of a first and a second text. */
export const trainingInputs = ["texts", "text_pairs"] as const;
/** Whether a classifier was trained on single texts or on pairs. */
export type TrainingInput = (typeof trainingInputs)[number];

/** A plain JSON object, as `JSON.parse` gives it. */
export type JsonObject = { readonly [key: string]: unknown };

/** The settings of a model, as its config.json has them, by camelCase names of BERT's keys in every family. */
export interface HuggingFaceConfig {
  /** The name of the family, such as `"bert"`. */
  readonly modelType: string;
  /** Number of tokens that the word table has rows for. */
  readonly vocabSize: number;
  /** Width of the hidden states. */
  readonly hiddenSize: number;
  /** Width of the embedding tables; `hiddenSize` in most families. */
  readonly embeddingSize: number;
  /** Number of encoder layers. */
  readonly numHiddenLayers: number;
  /** Number of heads of each attention; it divides `hiddenSize`. */
  readonly numAttentionHeads: number;
  /** Width between the two dense layers of the feed-forward part. */
  readonly intermediateSize: number;
  /** Name of the activation in the feed-forward part, such as `"gelu"` (the erf form). */
  readonly hiddenAct: string;
  /** Probabilities from 0 up to, not including, 1. */
  readonly hiddenDropoutProb: number;
  /** Dropout on the weights of the attention, from 0 up to, not including, 1. */
  readonly attentionProbsDropoutProb: number;
  /** Dropout in the head; undefined means `hiddenDropoutProb`. */
  readonly classifierDropout: number | undefined;
  /** Rows of the table of positions; `maxTokens` says how long a text may be, since some families keep rows for padding. */
  readonly maxPositionEmbeddings: number;
  /** Rows of the table of token types; 0 where there is none. */
  readonly typeVocabSize: number;
  /** The number that layer normalisations add to the variance. */
  readonly layerNormEps: number;
  /** The row of the word table that gets no gradient; undefined: none. */
  readonly padTokenId: number | undefined;
  /** Standard deviation of newly initialised weights. */
  readonly initializerRange: number;
  /** Number of labels, or of the outputs of a regression. */
  readonly numLabels: number;
  /** Label names by index: `numLabels` of them. */
  readonly id2label: readonly string[];
  /** Indices of the labels by their names. */
  readonly label2id: Readonly<Record<string, number>>;
  /** The problem type; undefined until the first labels that it is trained on decide it, as in `transformers`. */
  readonly problemType: ProblemType | undefined;
  /** The key `trained_on`, which Thaw alone writes; undefined for a model that was not trained here. */
  readonly trainedOn: TrainingInput | undefined;
  /** The file as it was read, and as it is saved again but for labels and types. Keys of one family only are read from it. */
  readonly raw: JsonObject;
  /** The text that `raw` was parsed from; undefined where it was made by a program. */
  readonly text?: string;
}

/**
 * A parsed config.json, the file it comes from, for the messages, and what the keys are called in it. The functions below read
 * one key each: they give its value, or the default where the key is absent, or throw `BAD_CONFIG`.
 */
export interface ConfigSource {
  readonly json: JsonObject;
  readonly file: string;
  /** The keys that are called otherwise than by BERT, by its names. */
  readonly names?: Readonly<Record<string, string>> | undefined;
  /** Values for absent keys, before the reader's own, by BERT's names. */
  readonly defaults?: Readonly<Record<string, unknown>> | undefined;
  /** Values that are no keys of this file and always the same, by BERT's names. */
  readonly fixed?: Readonly<Record<string, unknown>> | undefined;
}

/** Looks up what the file calls a key, and its value or default. */
export function lookUp({ json, names, defaults, fixed }: ConfigSource, key: string, fallback: unknown) {
  const name = names?.[key] ?? key;
  return { name, value: fixed?.[key] ?? json[name] ?? defaults?.[key] ?? fallback };
}

export function badConfig(file: string, what: string): ThawError {
  return new ThawError("BAD_CONFIG", `${file}: ${what}`);
}

/** Reads an integer from `from` on. */
export function integerField(source: ConfigSource, key: string, fallback: number, from = 1): number {
  const { name, value } = lookUp(source, key, fallback);
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= from) return value;
  throw badConfig(source.file, `"${name}" must be an integer from ${from} on, found ${JSON.stringify(value)}.`);
}

/** Reads a number above 0. */
export function positiveField(source: ConfigSource, key: string, fallback: number): number {
  const { name, value } = lookUp(source, key, fallback);
  if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
  throw badConfig(source.file, `"${name}" must be a number above 0, found ${JSON.stringify(value)}.`);
}

/** Reads a dropout probability, from 0 to below 1. */
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
