/**
 * Checks batches and labels before TensorFlow gets them: TensorFlow would read beyond a table or fail with a message
 * about its kernels.
 */
import { ThawError } from "../errors.ts";
import type { Labels, ProblemType } from "../task/task.ts";
import { decidedType } from "../task/taskOf.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import { maxTokens } from "./families.ts";
import type { Family } from "./family.ts";
import type { PackedBatch } from "./packedBatch.ts";

/**
 * Throws `BAD_BATCH` where a token, its type or its position is out of the model's range, or the family refuses the
 * batch. With a token type table of one row types are not checked: all tokens have type 0, as in Python, whose
 * tokenizers give such models no types.
 */
export function checkBatch(batch: PackedBatch, family: Family, config: HuggingFaceConfig): void {
  const check = (values: Int32Array, limit: number, what: string, advice: string) => {
    const bad = values.find((value) => value < 0 || value >= limit);
    if (bad === undefined) return;
    throw new ThawError("BAD_BATCH", `${what} ${bad} is out of range: this model has 0 to ${limit - 1}. ${advice}`);
  };
  check(batch.inputIds, config.vocabSize, "Token id", "Use the tokenizer that belongs to the model.");
  if (family.usesTokenTypes(config) && config.typeVocabSize !== 1) {
    check(
      batch.tokenTypeIds,
      config.typeVocabSize,
      "Token type",
      "Leave tokenTypeIds out, or use the model's own tokenizer.",
    );
  }
  const longest = maxTokens(config);
  if (longest !== undefined) {
    check(batch.positions, longest, "Position", `Encode with { truncation: true, maxLength: ${longest} }.`);
  }
  family.checkBatch?.(batch, config);
}

/**
 * Labels as callers pass them: one number per example, or one row per example with a number for each label or output.
 */
export type GivenLabels = ArrayLike<number> | readonly ArrayLike<number>[];

/** Returns the config's problem type, or infers it from the labels if the config has none, as transformers does. */
export function problemTypeOf(labels: GivenLabels, config: HuggingFaceConfig): ProblemType {
  const decided = decidedType(config);
  if (decided !== undefined) return decided;
  return typeof labels[0] === "object" ? "multi_label_classification" : "single_label_classification";
}

/**
 * Converts the labels of `batch` examples to the form of this problem type. Throws `BAD_LABEL` if one is missing or of
 * another kind.
 */
export function checkLabels(
  labels: GivenLabels,
  batch: number,
  config: HuggingFaceConfig,
  problemType: ProblemType = problemTypeOf(labels, config),
): Labels {
  const { numLabels } = config;
  if (labels.length !== batch) {
    throw new ThawError("BAD_LABEL", `There are ${labels.length} labels for ${batch} texts: give one label a text.`);
  }
  if (problemType === "single_label_classification") {
    return Int32Array.from(labels as ArrayLike<number>, (label, row) => {
      if (Number.isInteger(label) && label >= 0 && label < numLabels) return label;
      throw new ThawError(
        "BAD_LABEL",
        `The label of text ${row} is ${label}, but the model has labels 0 to ${numLabels - 1}. ` +
          "Load the model with the right numLabels, or correct the data.",
      );
    });
  }
  const isBinary = problemType === "multi_label_classification";
  const good = (value: number) => (isBinary ? value === 0 || value === 1 : Number.isFinite(value));
  const cells = Array.from(labels as ArrayLike<number | ArrayLike<number>>, (given, row) => {
    const values = typeof given === "number" ? [given] : Array.from(given ?? []);
    if (values.length === numLabels && values.every(good)) return values;
    throw new ThawError(
      "BAD_LABEL",
      `The labels of text ${row} are ${JSON.stringify(values)}, but a model with ${numLabels} labels and problem type ` +
        `"${problemType}" takes ${numLabels} ${isBinary ? "times 0 or 1" : "numbers"} a text. Correct the labels.`,
    );
  });
  return Float32Array.from(cells.flat());
}
