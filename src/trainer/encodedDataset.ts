/** A data set as token ids and label indices: what the loop works on. */
import type { TextDataset } from "../data/textDataset.ts";
import { ThawError } from "../errors.ts";
import type { EncodedText } from "../models/packedBatch.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";

export interface EncodedDataset {
  readonly texts: readonly EncodedText[];
  readonly labels: Int32Array;
}

/** Token ids, cut to `maxLength` (default: what the model can read, at most 512). */
export function encodeTexts(
  texts: readonly string[],
  tokenizer: Tokenizer,
  model: SequenceClassifier,
  maxLength: number | undefined,
): readonly EncodedText[] {
  const limit = Math.min(maxLength ?? 512, model.config.maxPositionEmbeddings);
  return tokenizer.encodeBatch(texts, { truncation: true, maxLength: limit });
}

export function encodeDataset(
  dataset: TextDataset,
  tokenizer: Tokenizer,
  model: SequenceClassifier,
  maxLength: number | undefined,
): EncodedDataset {
  return { texts: encodeTexts(dataset.texts, tokenizer, model, maxLength), labels: dataset.labels };
}

/** Throws `BAD_DATA` where a data set cannot be learnt by this model, before anything is encoded. */
export function checkDataset(dataset: TextDataset, role: string, model: SequenceClassifier): void {
  if (dataset.length === 0) {
    throw new ThawError("BAD_DATA", `The ${role} is empty: give it at least one text for each label.`);
  }
  const { numLabels } = model.config;
  const row = dataset.labels.findIndex((label) => label < 0 || label >= numLabels);
  if (row < 0) return;
  throw new ThawError(
    "BAD_DATA",
    `Row ${row} of the ${role} has label ${dataset.labels[row]} ("${dataset.labelNames[dataset.labels[row] as number]}"), ` +
      `but the model has labels 0 to ${numLabels - 1}. Load it with numLabels: ${dataset.labelNames.length}.`,
  );
}
