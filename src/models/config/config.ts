/** A model's `config.json` as this library sees it: Hugging Face's keys in camelCase, defaults filled in. */

import type { ProblemType } from "../../task/task.ts";

export { type Labels, type ProblemType, problemTypes } from "../../task/task.ts";

/** What a classifier that was trained here has read: texts, or pairs of a first and a second text. */
export const trainingInputs = ["texts", "text_pairs"] as const;
export type TrainingInput = (typeof trainingInputs)[number];

/** Plain JSON, as `JSON.parse` gives it. */
export type JsonObject = { readonly [key: string]: unknown };

export interface HuggingFaceConfig {
  /** The family, such as `"bert"`. */
  readonly modelType: string;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  /** Width of the embedding tables; `hiddenSize` in most families. */
  readonly embeddingSize: number;
  readonly numHiddenLayers: number;
  readonly numAttentionHeads: number;
  readonly intermediateSize: number;
  /** Name of the activation in the feed-forward part, such as `"gelu"` (the erf form). */
  readonly hiddenAct: string;
  /** Probabilities from 0 up to, not including, 1. */
  readonly hiddenDropoutProb: number;
  readonly attentionProbsDropoutProb: number;
  /** Dropout in the head; undefined means `hiddenDropoutProb`. */
  readonly classifierDropout: number | undefined;
  /** Rows of the table of positions; for the longest text ask the family, some keep rows for padding. */
  readonly maxPositionEmbeddings: number;
  /** 0 where token types have no table. */
  readonly typeVocabSize: number;
  readonly layerNormEps: number;
  /** The row of the word table that gets no gradient; undefined: none. */
  readonly padTokenId: number | undefined;
  /** Standard deviation of newly initialised weights. */
  readonly initializerRange: number;
  readonly numLabels: number;
  /** Label names by index: `numLabels` of them. */
  readonly id2label: readonly string[];
  readonly label2id: Readonly<Record<string, number>>;
  /** Undefined: decided by the first labels it is trained on, as in `transformers`. */
  readonly problemType: ProblemType | undefined;
  /** The key `trained_on`, which Thaw alone writes; undefined for a model that was not trained here. */
  readonly trainedOn: TrainingInput | undefined;
  /** The file as it was read, and as it is saved again but for labels and types. Keys of one family only are read from it. */
  readonly raw: JsonObject;
  /** The text that `raw` was parsed from; undefined where it was made by a program. */
  readonly text?: string;
}
