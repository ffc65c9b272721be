/**
 * Suspects labels that are probably wrong: those that a classifier over frozen hidden states, fitted without the example, confidently
 * contradicts.
 */
import { currentHost } from "../shared/host.ts";
import { stratified } from "./data/split.ts";
import { TextDataset } from "./data/textDataset.ts";
import { formatCount, formatPercent } from "./display/numbers.ts";
import { cutCell, ShownAsTable, Table } from "./display/table.ts";
import { ThawError } from "./errors.ts";
import { encodeTexts } from "./evaluate/encodedDataset.ts";
import { hiddenStates } from "./evaluate/hiddenStates.ts";
import { fitLogisticRegression } from "./evaluate/logisticRegression.ts";
import { SequenceClassifier } from "./models/sequenceClassifier.ts";
import { type OptionNames, refuseUnknown } from "./options.ts";
import { breathe } from "./platform/threads.ts";
import { confidentContradictions } from "./task/confidentLearning.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";

/** Options of `suspectedLabels`. */
export interface SuspectedLabelsOptions {
  /** The model whose hidden states are used. Give it as it was before it was trained on these labels. */
  readonly model: SequenceClassifier;
  /** The tokenizer of the model. */
  readonly tokenizer: Tokenizer;
  /** Parts that are left out in turn, from 2 on. Default: 5. */
  readonly folds?: number;
  /** Number of encoder layers below the hidden states, as in `embeddingMap`. Default: all but the last. */
  readonly layer?: number;
  /** Seed of the division into parts. Default: 0. */
  readonly seed?: number;
  /**
   * Longest example in tokens, special tokens included; longer ones are truncated. Default: the longest input of the
   * model, at most 512.
   */
  readonly maxLength?: number | undefined;
  /** Aborting it ends the computation between two batches. Default: the Stop button's. */
  readonly signal?: AbortSignal | undefined;
}

/** An example whose label is suspected. */
export interface SuspectedLabel {
  /** The row of the file or list that the example comes from. */
  readonly row: number;
  /** The text, or the first one of a pair. */
  readonly text: string;
  /** The label that it has. */
  readonly label: string;
  /** The label that the classifier suggests instead. */
  readonly suggested: string;
  /** Probability of the label that it has, by a classifier that has not seen the example. */
  readonly labelProbability: number;
  /** Probability of the suggested label. */
  readonly probability: number;
}

const optionNames: OptionNames<SuspectedLabelsOptions> = {
  ...{ model: true, tokenizer: true, folds: true, layer: true, seed: true, maxLength: true, signal: true },
};

/** Labels that are suspected, the most doubtful first. It shows itself as a table of the first 20. */
export class SuspectedLabels extends ShownAsTable {
  /** The examples whose labels are suspected, by the probability of their own label, the lowest first. */
  readonly suspects: readonly SuspectedLabel[];
  /** Number of examples that were looked at. */
  readonly examples: number;
  /** Share of the examples whose label the classifiers predicted, in [0, 1]: they are no better judges than that. */
  readonly accuracy: number;

  /** Keeps the suspects. */
  constructor(suspects: readonly SuspectedLabel[], examples: number, accuracy: number) {
    super();
    this.suspects = suspects;
    this.examples = examples;
    this.accuracy = accuracy;
  }

  /** Makes the table of the first 20 suspects. */
  override toTable(): Table {
    const right = (title: string) => ({ title, align: "right" as const });
    const shown = this.suspects.slice(0, 20);
    return new Table({
      caption: `${formatCount(this.suspects.length)} of ${formatCount(this.examples)} labels are suspected${shown.length < this.suspects.length ? "; the first 20" : ""}.`,
      columns: [right("Row"), "Text", "Label", right("Its probability"), "Suggested", right("Probability")],
      rows: shown.map(({ row, text, label, labelProbability, suggested, probability }) => [
        ...[row, cutCell(text), label, formatPercent(labelProbability), suggested, formatPercent(probability)],
      ]),
      notes: [
        `Suspected by classifiers over frozen hidden states that had not seen the example; they agree with ${formatPercent(this.accuracy)} of the labels. Read the texts before you change a label.`,
      ],
    });
  }
}

/**
 * Suspects labels by confident learning (Northcutt, Jiang and Chuang 2021, arXiv:1911.00068): the examples are divided into `folds`
 * parts; for each part a logistic regression is fitted to the standardised hidden states of the others, and gives the
 * probabilities of its labels. An example is suspected if another label is at least as probable as it is on average for the
 * examples that have that label. The model's weights stay as they are:
 * `await suspectedLabels(train, { model, tokenizer })`.
 *
 * Errors: `BAD_ARGUMENT`, `BAD_DATA` without one label per example or with a label of fewer examples than folds, `BAD_TEXT`,
 * `NON_FINITE`.
 */
export async function suspectedLabels(dataset: TextDataset, options: SuspectedLabelsOptions): Promise<SuspectedLabels> {
  refuseUnknown(options, optionNames, {
    kind: "option of suspectedLabels",
    elsewhere: { cvNFolds: "folds", cv: "folds" },
  });
  const { model, tokenizer, folds = 5, seed = 0, maxLength, signal = currentHost()?.signal } = options;
  checkSubject(dataset, options);
  const { layer = Math.max(0, model.depth - 1) } = options;
  checkNumber("layer", layer, 0, model.depth);
  checkNumber("folds", folds, 2, 100);
  const labels = dataset.batchLabels();
  const numLabels = dataset.labelNames.length;
  checkCounts(dataset, folds);
  const encoded = encodeTexts(dataset.texts, tokenizer, model, maxLength, dataset.textPairs);
  const states = await hiddenStates(model, encoded, layer, signal);
  const sizes = Array.from({ length: folds }, (_, fold) => partSize(dataset.length, folds, fold));
  const probabilities = new Array<readonly number[]>(dataset.length);
  const { labelNames, length, problemType } = dataset;
  for (const part of stratified({ labels, labelNames, length, problemType }, sizes, seed, "folds")) {
    signal?.throwIfAborted();
    const isOut = new Set(part);
    const others = [...states.keys()].filter((i) => !isOut.has(i));
    const standardise = standardiser(others.map((i) => states[i] as Float32Array));
    const fitted = fitLogisticRegression(
      others.map((i) => standardise(states[i] as Float32Array)),
      others.map((i) => labels[i] as number),
      numLabels,
      0.01, // few examples for many directions: what is certain by chance would be suspected
    );
    for (const i of part) probabilities[i] = fitted.probabilities(standardise(states[i] as Float32Array));
    await breathe();
  }
  const right = probabilities.filter((shares, i) => shares.indexOf(Math.max(...shares)) === labels[i]).length;
  const suspects = confidentContradictions(probabilities, labels).map(({ index, suggested }) => {
    const example = dataset.at(index);
    const shares = probabilities[index] as readonly number[];
    return {
      row: example?.row ?? index + 1,
      text: dataset.texts[index] as string,
      label: labelNames[labels[index] as number] as string,
      suggested: labelNames[suggested] as string,
      labelProbability: shares[labels[index] as number] as number,
      probability: shares[suggested] as number,
    };
  });
  return new SuspectedLabels(suspects, length, right / length);
}

/** Returns the size of a part: the examples are divided as evenly as possible. */
const partSize = (examples: number, parts: number, part: number): number =>
  Math.floor(((part + 1) * examples) / parts) - Math.floor((part * examples) / parts);

/** Returns a function that subtracts the means of these vectors and divides by their standard deviations. */
function standardiser(rows: readonly Float32Array[]): (row: Float32Array) => Float64Array {
  const width = rows[0]?.length ?? 0;
  const means = new Float64Array(width);
  const squares = new Float64Array(width);
  for (const row of rows)
    for (let j = 0; j < width; j++) means[j] = (means[j] as number) + (row[j] as number) / rows.length;
  for (const row of rows) {
    for (let j = 0; j < width; j++) {
      squares[j] = (squares[j] as number) + ((row[j] as number) - (means[j] as number)) ** 2 / rows.length;
    }
  }
  return (row) =>
    Float64Array.from(row, (each, j) => (each - (means[j] as number)) / Math.sqrt((squares[j] as number) + 1e-12));
}

function checkSubject(dataset: unknown, { model, tokenizer }: SuspectedLabelsOptions): void {
  if (!(model instanceof SequenceClassifier) || typeof tokenizer !== "function") {
    throw new ThawError(
      "BAD_ARGUMENT",
      "suspectedLabels needs a loaded model and its tokenizer: suspectedLabels(dataset, { model, tokenizer }).",
    );
  }
  if (!(dataset instanceof TextDataset)) {
    throw new ThawError("BAD_ARGUMENT", "suspectedLabels takes a data set, as TextDataset.fromCsv and split give it.");
  }
  if (dataset.isLabelled && dataset.problemType === "single_label_classification") return;
  throw new ThawError(
    "BAD_DATA",
    `suspectedLabels needs one label for each example; ${dataset.name} has ${dataset.isLabelled ? "other labels" : "none"}.`,
  );
}

function checkCounts(dataset: TextDataset, folds: number): void {
  const few = Object.entries(dataset.labelCounts()).find(([, count]) => count < folds);
  if (few === undefined) return;
  throw new ThawError(
    "BAD_DATA",
    `The label "${few[0]}" has ${few[1]} examples for ${folds} folds: each fold needs one. Give fewer folds, or leave the label out.`,
  );
}

function checkNumber(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new ThawError("BAD_ARGUMENT", `${name} is ${value}; it is a whole number from ${least} to ${most}.`);
}
