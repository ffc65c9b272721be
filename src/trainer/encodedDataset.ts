/** A data set as token ids and label indices: what the loop works on. */
import type { TextDataset } from "../data/textDataset.ts";
import { ThawError } from "../errors.ts";
import { checkBatch } from "../models/inputs.ts";
import { type EncodedText, PackedBatch } from "../models/packedBatch.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";

export interface EncodedDataset {
  readonly texts: readonly EncodedText[];
  readonly labels: Int32Array;
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
): readonly EncodedText[] {
  if (typeof texts === "string") {
    throw new ThawError("BAD_TEXT", "A list of texts is needed here, got a single one: put it in brackets, [text].");
  }
  const { family, config } = model;
  const limit = Math.min(maxLength ?? 512, family.maxTokens(config) ?? Number.POSITIVE_INFINITY);
  const encoded = tokenizer.encodeBatch(texts, { truncation: true, maxLength: limit });
  for (const text of encoded) checkBatch(PackedBatch.fromTexts([text]), family, config);
  return encoded;
}

export function encodeDataset(
  dataset: TextDataset,
  tokenizer: Tokenizer,
  model: SequenceClassifier,
  maxLength: number | undefined,
): EncodedDataset {
  return { texts: encodeTexts(dataset.texts, tokenizer, model, maxLength), labels: dataset.labels };
}

/**
 * Throws `BAD_DATA` where a label of `dataset` stands for another one in `training`: files read one by one number their
 * labels by themselves, and a missing label moves the others. Names that are numbers fit everything.
 */
export function checkSameLabels(dataset: TextDataset, role: string, training: TextDataset): void {
  for (const label of new Set(dataset.labels)) {
    const [name, other] = [dataset.labelNames[label], training.labelNames[label]];
    if (name === other || name === String(label) || other === String(label)) continue;
    throw new ThawError(
      "BAD_DATA",
      `Label ${label} is "${name}" in the ${role}, but ${other === undefined ? "unknown" : `"${other}"`} in the training ` +
        `data. Read both with the same names: labels: ${JSON.stringify(training.labelNames)}.`,
    );
  }
}

/** Throws `BAD_DATA` where a data set cannot be learnt by this model, before anything is encoded. */
export function checkDataset(dataset: TextDataset, role: string, model: SequenceClassifier): void {
  if (dataset.length === 0) {
    throw new ThawError("BAD_DATA", `The ${role} is empty: give it at least one text for each label.`);
  }
  const { numLabels, id2label } = model.config;
  const row = dataset.labels.findIndex((label) => label < 0 || label >= numLabels);
  if (row < 0) {
    // other names for the same labels are no concern, the same names in another order would turn every answer round
    const moved = dataset.labelNames.find((name, label) => id2label.includes(name) && id2label[label] !== name);
    if (moved === undefined) return;
    throw new ThawError(
      "BAD_DATA",
      `Label "${moved}" has index ${dataset.labelNames.indexOf(moved)} in the ${role}, but ${id2label.indexOf(moved)} in the ` +
        `model. Read the data with labels: ${JSON.stringify(id2label)}.`,
    );
  }
  throw new ThawError(
    "BAD_DATA",
    `Row ${row} of the ${role} has label ${dataset.labels[row]} ("${dataset.labelNames[dataset.labels[row] as number]}"), ` +
      `but the model has labels 0 to ${numLabels - 1}. Load it with numLabels: ${dataset.labelNames.length}.`,
  );
}
