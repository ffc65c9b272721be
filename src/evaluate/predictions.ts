/** What a model says of examples: from texts or a data set to labels with their scores, and the table that shows them. */

import { currentHost } from "../../shared/host.ts";
import { displaySymbol } from "../../shared/mimeBundle.ts";
import { TextDataset } from "../data/textDataset.ts";
import { listed } from "../display/listed.ts";
import { formatNumber, formatPercent } from "../display/numbers.ts";
import { type Column, Table } from "../display/table.ts";
import { ThawError } from "../errors.ts";
import type { HuggingFaceConfig, ProblemType, TrainingInput } from "../models/config/config.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import type { Precision } from "../tensor/precision.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { encodeTexts } from "../train/encodedDataset.ts";
import { computeLogits } from "./computeLogits.ts";
import { argmax, logSoftmax, sigmoid } from "./evaluateLogits.ts";

/** A label's name and its score: a probability, or the number itself where the model gives numbers. */
export interface LabelScore {
  readonly label: string;
  readonly score: number;
}

/** What the model says of one example. */
export interface Prediction extends LabelScore {
  /** The most probable label's name; of regression the first output's. */
  readonly label: string;
  /** Its probability; of regression the number itself. */
  readonly score: number;
  /** With `topK` only: so many labels with their scores, the highest first. */
  readonly scores?: readonly LabelScore[];
  /** Only of several labels an example: those above the threshold, the most probable first; there may be none. */
  readonly labels?: readonly LabelScore[];
  /** Only of regression: the numbers, one for each output. */
  readonly values?: readonly number[];
  /** `[labels]` */
  readonly logits: readonly number[];
}

/** What logits become on the way to scores, as `function_to_apply` of Python's pipeline names it. */
export type ScoreFunction = "softmax" | "sigmoid" | "none";

/** Examples to be predicted, as lists: single texts, or first and second texts of pairs. */
export interface Inputs {
  readonly texts: readonly string[];
  readonly textPairs?: readonly string[] | undefined;
}

/** Texts, with the second ones if there are any, or a data set, labelled or not. Errors: `BAD_TEXT`, `BAD_ARGUMENT`. */
export function inputsOf(given: readonly string[] | TextDataset, textPair?: readonly string[] | undefined): Inputs {
  for (const list of [given, textPair]) {
    if (typeof list !== "string") continue;
    throw new ThawError("BAD_TEXT", "A list of texts is needed here, got a single one: put it in brackets, [text].");
  }
  if (!(given instanceof TextDataset)) return { texts: given, textPairs: textPair };
  if (textPair === undefined) return { texts: given.texts, textPairs: given.textPairs };
  throw new ThawError(
    "BAD_ARGUMENT",
    "A data set has its own second texts: read it with textPair, and leave it out here.",
  );
}

export interface LogitsOptions {
  /** Longest example in tokens. Default: what the model can read, at most 512. */
  readonly maxLength?: number | undefined;
  /** Examples at most in a batch; changes the speed only. Default: 64. */
  readonly batchSize?: number | undefined;
  /** Default: "float32". */
  readonly precision?: Precision | undefined;
}

/** Logits `[labels]` of every example, in their order. In a notebook the Stop button ends it. */
export async function logitsOf(
  model: SequenceClassifier,
  tokenizer: Tokenizer,
  { texts, textPairs }: Inputs,
  { maxLength, batchSize = 64, precision = "float32" }: LogitsOptions = {},
): Promise<readonly Float32Array[]> {
  const encoded = encodeTexts(texts, tokenizer, model, maxLength, textPairs);
  const computation = computeLogits({ model, texts: encoded, batchSize, precision, signal: currentHost()?.signal });
  let next = await computation.next();
  while (!next.done) next = await computation.next();
  return next.value;
}

export const inputKind = ({ textPairs }: Pick<Inputs, "textPairs">): TrainingInput =>
  textPairs === undefined ? "texts" : "text_pairs";

/**
 * Throws `BAD_TEXT` where a model that was trained on pairs is given single texts, or the other way round: it would answer
 * all the same. Of a model that was not trained here nothing is known, and it takes both.
 */
export function checkTrainedOn(trainedOn: TrainingInput | undefined, inputs: Inputs): void {
  const given = inputKind(inputs);
  if (trainedOn === undefined || given === trainedOn || inputs.texts.length === 0) return;
  throw new ThawError(
    "BAD_TEXT",
    given === "texts"
      ? "This model was trained on pairs of texts, and is given single ones: give the second texts as textPair."
      : "This model was trained on single texts, and is given pairs: leave textPair out.",
  );
}

/** Label names with scores, the highest first; `topK` of them, null: all. */
export function topScores(
  logits: Float32Array,
  { id2label }: Pick<HuggingFaceConfig, "id2label">,
  apply: ScoreFunction,
  topK: number | null,
): LabelScore[] {
  const scores = apply === "softmax" ? logSoftmax(logits).map(Math.exp) : Array.from(logits);
  const all = scores.map((x, i) => ({ label: id2label[i] as string, score: apply === "sigmoid" ? sigmoid(x) : x }));
  return all.sort((a, b) => b.score - a.score).slice(0, topK ?? all.length);
}

/** Throws `BAD_ARGUMENT` for what is no number of labels. */
export function checkTopK(topK: number | null | undefined): void {
  if (topK === undefined || topK === null || (Number.isInteger(topK) && topK >= 1)) return;
  throw new ThawError("BAD_ARGUMENT", `topK is ${topK}; it is a whole number from 1 on, or null for all labels.`);
}

const functions: Readonly<Record<ProblemType, ScoreFunction>> = {
  single_label_classification: "softmax",
  multi_label_classification: "sigmoid",
  regression: "none",
};

export interface PredictionOptions {
  /** Of several labels an example: the probability above which a label belongs to it. */
  readonly threshold: number;
  /** How many labels' scores are given as `scores`; null: all; undefined: none. */
  readonly topK?: number | null | undefined;
}

export function predictionOf(
  row: Float32Array,
  config: Pick<HuggingFaceConfig, "id2label">,
  problemType: ProblemType,
  { threshold, topK }: PredictionOptions,
): Prediction {
  const logits = Array.from(row);
  const nameOf = (index: number) => config.id2label[index] as string;
  const best = argmax(row);
  const scores = topK === undefined ? {} : { scores: topScores(row, config, functions[problemType], topK) };
  switch (problemType) {
    case "single_label_classification":
      return { label: nameOf(best), score: Math.exp(logSoftmax(row)[best] as number), ...scores, logits };
    case "multi_label_classification": {
      const labels = topScores(row, config, "sigmoid", null).filter(({ score }) => score > threshold);
      return { label: nameOf(best), score: sigmoid(row[best] as number), ...scores, labels, logits };
    }
    case "regression":
      return { label: nameOf(0), score: logits[0] as number, ...scores, values: logits, logits };
  }
}

/** Rows of a table at most; the list itself has all. */
const maxRows = 100;
const maxCharacters = 80;

/** What is shown of one example. */
interface ShownPrediction {
  readonly label?: string;
  readonly score?: number;
  readonly scores?: readonly LabelScore[];
  readonly labels?: readonly LabelScore[];
  readonly values?: readonly number[];
}

/**
 * The same list, which a notebook shows as a table. `names`: of the labels, or of the outputs of a regression; `format`: how
 * scores are written, by default as percentages.
 */
export function shownAsTable<T extends object>(
  list: T,
  predictions: readonly ShownPrediction[],
  inputs: Inputs,
  names: readonly string[],
  format: ScoreFormat = formatPercent,
): T {
  const show = () => predictionTable(predictions, inputs, names, format)[displaySymbol]();
  return Object.defineProperty(list, displaySymbol, { value: show });
}

/**
 * A row for each example, counted from 1: its text, shortened, and the label with its probability; of several labels all
 * above the threshold; of regression the numbers, under their names.
 */
export function predictionTable(
  predictions: readonly ShownPrediction[],
  { texts, textPairs }: Inputs,
  names: readonly string[],
  format: ScoreFormat = formatPercent,
): Table {
  const columns = columnsOf(predictions[0], names, format);
  const left = predictions.length - maxRows;
  return new Table({
    ...(left > 0 ? { caption: `the first ${maxRows} of ${predictions.length}` } : {}),
    columns: [
      { title: "row", align: "right" },
      ...(textPairs === undefined ? ["text"] : ["text", "second text"]),
      ...columns,
    ],
    rows: predictions
      .slice(0, maxRows)
      .map((prediction, i) => [
        i + 1,
        excerptOf(texts[i]),
        ...(textPairs === undefined ? [] : [excerptOf(textPairs[i])]),
        ...columns.map(({ cell }) => cell(prediction)),
      ]),
  });
}

/** On one line, and short. */
function excerptOf(text = ""): string {
  const characters = [
    ...text
      .slice(0, 4 * maxCharacters)
      .replace(/\s+/g, " ")
      .trim(),
  ];
  return characters.length <= maxCharacters
    ? characters.join("")
    : `${characters.slice(0, maxCharacters - 3).join("")}...`;
}

interface PredictionColumn extends Column {
  readonly cell: (prediction: ShownPrediction) => string;
}

type ScoreFormat = (score: number) => string;

function columnsOf(
  first: ShownPrediction | undefined,
  names: readonly string[],
  format: ScoreFormat,
): readonly PredictionColumn[] {
  const scored = ({ label = "", score = 0 }: ShownPrediction): string => `${label} ${format(score)}`;
  if (first?.values !== undefined) {
    return names.map((title, i) => ({
      title,
      align: "right",
      cell: ({ values = [] }) => formatNumber(values[i] as number),
    }));
  }
  if (first?.scores !== undefined) {
    return [{ title: "labels", cell: ({ scores = [] }) => listed(scores.map(scored)) }];
  }
  if (first?.labels !== undefined) {
    return [
      { title: "labels", cell: ({ labels = [] }) => (labels.length === 0 ? "none" : listed(labels.map(scored))) },
      { title: "most probable", cell: scored },
    ];
  }
  return [
    { title: "label", cell: ({ label = "" }) => label },
    {
      title: format === formatPercent ? "probability" : "score",
      align: "right",
      cell: ({ score = 0 }) => format(score),
    },
  ];
}
