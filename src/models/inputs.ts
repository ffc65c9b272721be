/** Checks at the border: TensorFlow would read beyond a table, or answer with a message about kernels. */
import type { HuggingFaceConfig } from "../config/config.ts";
import { ThawError } from "../errors.ts";
import type { Family } from "./family.ts";
import type { PackedBatch } from "./packedBatch.ts";

/** Throws `BAD_BATCH` where a token, its type or its position is out of the model's range, or the family refuses the batch. */
export function checkBatch(batch: PackedBatch, family: Family, config: HuggingFaceConfig): void {
  const check = (values: Int32Array, limit: number, what: string, advice: string) => {
    const bad = values.find((value) => value < 0 || value >= limit);
    if (bad === undefined) return;
    throw new ThawError("BAD_BATCH", `${what} ${bad} is out of range: this model has 0 to ${limit - 1}. ${advice}`);
  };
  check(batch.inputIds, config.vocabSize, "Token id", "Use the tokenizer that belongs to the model.");
  if (family.usesTokenTypes(config))
    check(batch.tokenTypeIds, config.typeVocabSize, "Token type", "Leave tokenTypeIds out for single texts.");
  const longest = family.maxTokens(config);
  if (longest !== undefined) check(batch.positions, longest, "Position", "Encode with { truncation: true }.");
  family.checkBatch?.(batch, config);
}

/** The labels as int32. Throws `BAD_LABEL` where one is missing or not an index of a label. */
export function checkLabels(labels: ArrayLike<number>, batch: number, { numLabels }: HuggingFaceConfig): Int32Array {
  if (labels.length !== batch) {
    throw new ThawError("BAD_LABEL", `There are ${labels.length} labels for ${batch} texts: give one label a text.`);
  }
  return Int32Array.from(labels, (label, row) => {
    if (Number.isInteger(label) && label >= 0 && label < numLabels) return label;
    throw new ThawError(
      "BAD_LABEL",
      `The label of text ${row} is ${label}, but the model has labels 0 to ${numLabels - 1}. ` +
        "Load the model with the right numLabels, or correct the data.",
    );
  });
}
