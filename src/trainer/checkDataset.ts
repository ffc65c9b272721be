/** What is refused of a data set before anything of it is encoded. */
import type { ProblemType } from "../config/config.ts";
import type { TextDataset } from "../data/textDataset.ts";
import { listed } from "../display/listed.ts";
import { ThawError } from "../errors.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";

/**
 * Throws `BAD_DATA` where a label of `dataset` stands for another one in `training`: files read one by one number their
 * labels by themselves, and a missing label moves the others. A name that is its own index fits every name but
 * another number.
 */
export function checkSameLabels(dataset: TextDataset, role: string, training: TextDataset): void {
  if ((dataset.textPairs === undefined) !== (training.textPairs === undefined)) {
    const [one, other] = dataset.textPairs === undefined ? ["single texts", "pairs"] : ["pairs", "single texts"];
    throw new ThawError(
      "BAD_DATA",
      `The ${role} is ${one}, but the training data is ${other}. Read both with textPair.`,
    );
  }
  if (dataset.problemType === "regression") return; // numbers, whatever their columns are called
  const isSingle = dataset.problemType === "single_label_classification";
  const isNumber = (name: string | undefined) => name !== undefined && /^\d+$/.test(name);
  for (const label of isSingle ? new Set(dataset.labels) : dataset.labelNames.keys()) {
    const [name, other] = [dataset.labelNames[label], training.labelNames[label]];
    const differ = isNumber(name) && isNumber(other); // "1" and "2" beside "0" and "1": one of them would be another label
    if (name === other || (!differ && (name === String(label) || other === String(label)))) continue;
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
    throw new ThawError("BAD_DATA", `The ${role} is empty: give it at least one example for each label.`);
  }
  if (!dataset.isLabelled) {
    throw new ThawError(
      "BAD_DATA",
      `The ${role} has no labels: it was read with label: false, for predict. Read it with the column of its labels, such as ` +
        'label: "label".',
    );
  }
  checkKind(dataset, role, model);
  if (dataset.problemType === "regression") return;
  const { numLabels, id2label } = model.config;
  const row =
    dataset.problemType === "multi_label_classification"
      ? -1
      : dataset.labels.findIndex((label) => label < 0 || label >= numLabels);
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
    `Row ${row + 1} of the ${role} has label ${dataset.labels[row]} ("${dataset.labelNames[dataset.labels[row] as number]}"), ` +
      `but the model has labels 0 to ${numLabels - 1}. ${loadWith(dataset)}`,
  );
}

const kinds: Readonly<Record<ProblemType, string>> = {
  single_label_classification: "one label a text",
  multi_label_classification: "any number of labels a text",
  regression: "numbers",
};

/** Throws `BAD_DATA` where the data set is for another problem type than the model, or has other labels or outputs. */
function checkKind({ problemType, labelNames }: TextDataset, role: string, model: SequenceClassifier): void {
  const expected = model.problemType ?? problemType;
  if (expected !== problemType) {
    throw new ThawError(
      "BAD_DATA",
      `The ${role} has ${kinds[problemType]}, but the model is for ${kinds[expected]}: load it with ` +
        `numLabels: ${labelNames.length}, problemType: "${problemType}", or read the data with problemType: "${expected}".`,
    );
  }
  const { numLabels } = model.config;
  if (problemType === "single_label_classification" || labelNames.length === numLabels) return;
  throw new ThawError(
    "BAD_DATA",
    `The ${role} has ${labelNames.length} labels a row (${listed(labelNames)}), but the model has ${numLabels}. ` +
      loadWith({ labelNames }),
  );
}

/** The names come along, where they are few: predictions of LABEL_0 tell nobody anything. */
function loadWith({ labelNames }: Pick<TextDataset, "labelNames">): string {
  const names = labelNames.length <= 8 ? `id2label: ${JSON.stringify(labelNames)}, or ` : "";
  return `Load it with ${names}numLabels: ${labelNames.length}.`;
}
