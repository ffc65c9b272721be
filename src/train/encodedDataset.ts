/** A data set as token ids and labels: what the loop works on. */

import { cellsOf, type TextDataset } from "../data/textDataset.ts";
import { ThawError } from "../errors.ts";
import type { Labels } from "../models/config/config.ts";
import { maxTokens } from "../models/families.ts";
import { checkBatch } from "../models/inputs.ts";
import { type EncodedText, PackedBatch } from "../models/packedBatch.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { tokenLimit } from "../tokenizer/tokenLimit.ts";
import type { DataRecord } from "./runRecord.ts";

export interface EncodedDataset {
  readonly texts: readonly EncodedText[];
  readonly labels: Labels;
  /** The row of the file or list that each example comes from, counted from 1. */
  readonly rows: readonly number[];
  /** The tokens that texts are cut to, special ones included. */
  readonly limit: number;
  /** Examples that were longer than that, and were cut. */
  readonly cut: number;
}

/** The labels of these rows. */
export function labelsOf({ texts, labels }: EncodedDataset, rows: ArrayLike<number>): Labels {
  return cellsOf(labels, rows, labels.length / texts.length);
}

/** The tokens that texts are cut to, special ones included. `maxLength` is what the user asks for. */
export function textLimit(tokenizer: Tokenizer, model: SequenceClassifier, maxLength: number | undefined): number {
  return tokenLimit({ modelMaxLength: tokenizer.modelMaxLength, positions: maxTokens(model.config), maxLength });
}

/**
 * Token ids, cut to `maxLength` tokens at most, as `textLimit` says. Throws `BAD_TEXT`, and `BAD_BATCH` where the tokenizer
 * is not the model's.
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

/** A data set as the loop works on it: token ids, and how many examples were cut. */
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
    rows: Array.from(dataset, ({ row }) => row),
    limit,
    cut: countCut(dataset, encoded, tokenizer, limit),
  };
}

/** Examples that are longer than `limit`: of those that are as long as that, the whole is looked at. */
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

/** What the record of a run says of a data set. */
export function dataRecord(dataset: TextDataset, { texts, cut }: EncodedDataset): DataRecord {
  const { name, length, textPairs, problemType, labelNames, sha256 } = dataset;
  return {
    name,
    rows: length,
    isPairs: textPairs !== undefined,
    problemType,
    labels: labelNames,
    labelCounts: dataset.labelCounts(),
    tokens: texts.reduce((sum, { inputIds }) => sum + inputIds.length, 0),
    cut,
    sha256,
  };
}
