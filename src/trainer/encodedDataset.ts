/** A data set as token ids and labels: what the loop works on. */
import type { Labels } from "../config/config.ts";
import { maxTokens } from "../config/maxTokens.ts";
import { cellsOf, type TextDataset } from "../data/textDataset.ts";
import { ThawError } from "../errors.ts";
import { checkBatch } from "../models/inputs.ts";
import { type EncodedText, PackedBatch } from "../models/packedBatch.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { tokenLimit } from "../tokenizer/tokenLimit.ts";

export interface EncodedDataset {
  readonly texts: readonly EncodedText[];
  readonly labels: Labels;
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

export function encodeDataset(
  dataset: TextDataset,
  tokenizer: Tokenizer,
  model: SequenceClassifier,
  maxLength: number | undefined,
): EncodedDataset {
  const { texts, textPairs } = dataset;
  return { texts: encodeTexts(texts, tokenizer, model, maxLength, textPairs), labels: dataset.batchLabels() };
}
