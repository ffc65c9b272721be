/** Data sets as token ids and labels: training and evaluation compute on these. */
import { cellsOf, type TextDataset } from "../data/textDataset.ts";
import { ThawError } from "../errors.ts";
import { maxTokens } from "../models/families.ts";
import { checkBatch } from "../models/inputs.ts";
import { type EncodedText, PackedBatch } from "../models/packedBatch.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import type { Labels } from "../task/task.ts";
import { tokenLimit } from "../tokenizer/rows.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";

/** A data set as token ids and labels. */
export interface EncodedDataset {
  readonly texts: readonly EncodedText[];
  readonly labels: Labels;
  /** Names of the labels, or of the outputs of a regression, in order. */
  readonly labelNames: readonly string[];
  /** The row of the file or list that each example comes from, counted from 1. */
  readonly rows: readonly number[];
  /** Number of tokens to which examples are truncated, special tokens included. */
  readonly limit: number;
  /** Number of examples that were truncated. */
  readonly cut: number;
}

/** Returns the labels of the examples at these indices. */
export function labelsOf({ texts, labels }: EncodedDataset, rows: ArrayLike<number>): Labels {
  return cellsOf(labels, rows, labels.length / texts.length);
}

/**
 * Returns the number of tokens to which examples are truncated, special tokens included. `maxLength` is the user's
 * setting.
 */
export function textLimit(tokenizer: Tokenizer, model: SequenceClassifier, maxLength: number | undefined): number {
  return tokenLimit({ modelMaxLength: tokenizer.modelMaxLength, positions: maxTokens(model.config), maxLength });
}

/**
 * Encodes texts or pairs of texts as token ids, truncated as `textLimit` says. Throws `BAD_TEXT`, or `BAD_BATCH` if the
 * tokenizer does not belong to the model.
 */
export function encodeTexts(
  texts: readonly string[],
  tokenizer: Tokenizer,
  model: SequenceClassifier,
  maxLength: number | undefined,
  textPair?: readonly string[] | undefined,
): readonly EncodedText[] {
  for (const given of [texts, textPair]) {
    if (typeof given !== "string") continue;
    throw new ThawError("BAD_TEXT", "A list of texts is needed here, got a single one: put it in brackets, [text].");
  }
  const { family, config } = model;
  const encoded = tokenizer.encodeBatch(texts, {
    truncation: true,
    maxLength: textLimit(tokenizer, model, maxLength),
    ...(textPair === undefined ? {} : { textPair }),
  });
  const empty = encoded.findIndex(({ inputIds }) => inputIds.length === 0);
  if (empty >= 0) {
    throw new ThawError(
      "BAD_BATCH",
      `Text ${empty}, ${JSON.stringify(texts[empty]?.slice(0, 40))}, has no tokens: this tokenizer adds no special ones. Leave the row out.`,
    );
  }
  for (const text of encoded) checkBatch(PackedBatch.fromTexts([text]), family, config);
  return encoded;
}

/** Encodes a data set, and counts the examples that were cut. Errors: as `encodeTexts`. */
export function encodeDataset(
  dataset: TextDataset,
  tokenizer: Tokenizer,
  model: SequenceClassifier,
  maxLength: number | undefined,
): EncodedDataset {
  const { texts, textPairs } = dataset;
  const limit = textLimit(tokenizer, model, maxLength);
  const encoded = encodeTexts(texts, tokenizer, model, maxLength, textPairs);
  return {
    texts: encoded,
    labels: dataset.batchLabels(),
    labelNames: dataset.labelNames,
    rows: dataset.rows,
    limit,
    cut: countCut(dataset, encoded, tokenizer, limit),
  };
}

/** Counts the examples that are longer than `limit`; only those that are as long as it are encoded once more, whole. */
function countCut(
  { texts, textPairs }: TextDataset,
  encoded: readonly EncodedText[],
  tokenizer: Tokenizer,
  limit: number,
): number {
  const rows = encoded.flatMap(({ inputIds }, row) => (inputIds.length >= limit ? [row] : []));
  if (rows.length === 0) return 0;
  const of = (list: readonly string[]) => rows.map((row) => list[row] as string);
  const whole = tokenizer.encodeBatch(of(texts), {
    truncation: false,
    ...(textPairs === undefined ? {} : { textPair: of(textPairs) }),
  });
  return whole.filter(({ inputIds }) => inputIds.length > limit).length;
}
