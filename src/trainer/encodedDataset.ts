/** A data set as token ids and labels: what the loop works on. */
import type { Labels } from "../config/config.ts";
import { cellsOf, type TextDataset } from "../data/textDataset.ts";
import { ThawError } from "../errors.ts";
import { checkBatch } from "../models/inputs.ts";
import { type EncodedText, PackedBatch } from "../models/packedBatch.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";

export interface EncodedDataset {
  readonly texts: readonly EncodedText[];
  readonly labels: Labels;
}

/** The labels of these rows. */
export function labelsOf({ texts, labels }: EncodedDataset, rows: ArrayLike<number>): Labels {
  return cellsOf(labels, rows, labels.length / texts.length);
}

/**
 * Token ids, cut to `maxLength` (default: what the model can read, at most 512). Throws `BAD_TEXT`, and `BAD_BATCH`
 * where the tokenizer is not the model's.
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
  const limit = Math.min(maxLength ?? 512, family.maxTokens(config) ?? Number.POSITIVE_INFINITY);
  const encoded = tokenizer.encodeBatch(texts, {
    truncation: true,
    maxLength: limit,
    ...(textPair === undefined ? {} : { textPair }),
  });
  for (const text of encoded) checkBatch(PackedBatch.fromTexts([text]), family, config);
  return encoded;
}

export function encodeDataset(
  dataset: TextDataset,
  tokenizer: Tokenizer,
  model: SequenceClassifier,
  maxLength: number | undefined,
): EncodedDataset {
  const { texts, textPairs } = dataset;
  return { texts: encodeTexts(texts, tokenizer, model, maxLength, textPairs), labels: dataset.batchLabels() };
}
