/**
 * Checks a data set before it is encoded, and refuses labels that differ from the model's or from the training data's.
 */
import type { TextDataset } from "../data/textDataset.ts";
import { listed } from "../display/listed.ts";
import { ThawError } from "../errors.ts";
import { matchLabels } from "../models/config/labels.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { taskOf } from "../task/taskOf.ts";

/**
 * Throws `BAD_DATA` if a label index means different labels in `dataset` and `training`: each file numbers its own
 * labels, and a missing label shifts the others. A name that is only its own index matches every name except another
 * number.
 */
export function checkSameLabels(dataset: TextDataset, role: string, training: TextDataset): void {
  if ((dataset.textPairs === undefined) !== (training.textPairs === undefined)) {
    const [one, other] = dataset.textPairs === undefined ? ["single texts", "pairs"] : ["pairs", "single texts"];
    throw new ThawError(
      "BAD_DATA",
      `The ${role} is ${one}, but the training data is ${other}. Read both with textPair.`,
    );
  }
  const names = namesToMatch(dataset);
  if (names === undefined) return;
  const { unknown, moved, inOrder } = matchLabels(names, training.labelNames);
  if (unknown !== undefined) {
    throw new ThawError(
      "BAD_DATA",
      `Label "${dataset.labelNames[unknown]}" of the ${role} is none of the training data's (${listed(training.labelNames)}). ` +
        "Correct it, or leave its rows out by a label function that returns undefined.",
    );
  }
  if (moved === undefined) return;
  throw new ThawError(
    "BAD_DATA",
    `Label ${moved} is "${dataset.labelNames[moved]}" in the ${role}, but "${training.labelNames[moved]}" in the training ` +
      `data. Read both with the same names: ${lineFor(dataset, inOrder)}.`,
  );
}

/** Returns the label names for comparison; undefined if the names have no meaning. */
const namesToMatch = ({ problemType, labelNames, labels }: TextDataset): readonly string[] | undefined =>
  taskOf(problemType).namesToMatch(labelNames, labels);

/** Returns the option to write where the data is read, so that its labels are in this order. */
function lineFor({ problemType }: TextDataset, names: readonly string[]): string {
  return `${taskOf(problemType).namesOption}: ${JSON.stringify(names)}`;
}

/** Throws `BAD_DATA` if this model cannot be trained or evaluated on a data set, before it is encoded. */
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
  const { numLabels } = model.config;
  const row = taskOf(dataset.problemType).firstUnknown(dataset.labels, numLabels);
  if (row < 0) {
    checkNames(dataset, role, model);
    return;
  }
  throw new ThawError(
    "BAD_DATA",
    `Row ${dataset.at(row)?.row} of the ${role} has label ${dataset.labels[row]} ("${dataset.labelNames[dataset.labels[row] as number]}"), ` +
      `but the model has labels 0 to ${numLabels - 1}. ${loadWith(dataset)}`,
  );
}

/**
 * Throws `BAD_DATA` if the label names of the data differ from the model's at the same indices: in another order the
 * predictions would be swapped, and other names would be lost. Model names that are only their index match all names.
 */
function checkNames(dataset: TextDataset, role: string, { config }: SequenceClassifier): void {
  const { labelNames } = dataset;
  const known = namesToMatch(dataset);
  if (known === undefined) return;
  const { unknown, moved, inOrder } = matchLabels(known, config.id2label);
  if (unknown !== undefined) {
    const names = config.id2label.map((name, index) => labelNames[index] ?? name);
    throw new ThawError(
      "BAD_DATA",
      `Label ${unknown} is "${labelNames[unknown]}" in the ${role}, but "${config.id2label[unknown]}" in the model. If they mean ` +
        `the same in this order, load the model with id2label: ${JSON.stringify(names)}; for other labels than those that it ` +
        "was trained for, with newHead: true as well.",
    );
  }
  if (moved === undefined) return;
  throw new ThawError(
    "BAD_DATA",
    `Label "${labelNames[moved]}" has index ${moved} in the ${role}, but ${inOrder.indexOf(labelNames[moved] as string)} in the ` +
      `model (${listed(config.id2label)}). Read the data with ${lineFor(dataset, inOrder)}.`,
  );
}

/**
 * Throws `BAD_DATA` if the data set has another problem type than the model, or another number of labels or outputs.
 */
function checkKind({ problemType, labelNames }: TextDataset, role: string, model: SequenceClassifier): void {
  const expected = model.problemType ?? problemType;
  if (expected !== problemType) {
    throw new ThawError(
      "BAD_DATA",
      `The ${role} has ${taskOf(problemType).labelling}, but the model is for ${taskOf(expected).labelling}: load it with ` +
        `numLabels: ${labelNames.length}, problemType: "${problemType}", or read the data with problemType: "${expected}".`,
    );
  }
  const { numLabels } = model.config;
  if (!taskOf(problemType).needsEveryLabel || labelNames.length === numLabels) return;
  throw new ThawError(
    "BAD_DATA",
    `The ${role} has ${labelNames.length} labels a row (${listed(labelNames)}), but the model has ${numLabels}. ` +
      loadWith({ labelNames }),
  );
}

/**
 * Returns the call that loads the model for these labels, with their names if they are few, since LABEL_0 means nothing
 * to a reader.
 */
function loadWith({ labelNames }: Pick<TextDataset, "labelNames">): string {
  const names = labelNames.length <= 8 ? `id2label: ${JSON.stringify(labelNames)}, or ` : "";
  return `Load it with ${names}numLabels: ${labelNames.length}.`;
}
