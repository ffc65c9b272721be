/** Makes predictions from texts or a data set: labels with their scores, and the table that shows them. */
import { currentHost } from "../../shared/host.ts";
import { displaySymbol } from "../../shared/mimeBundle.ts";
import { TextDataset } from "../data/textDataset.ts";
import { listed } from "../display/listed.ts";
import { formatNumber, formatPercent } from "../display/numbers.ts";
import { type Column, Table } from "../display/table.ts";
import { ThawError } from "../errors.ts";
import type { HuggingFaceConfig, TrainingInput } from "../models/config/config.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { topScores } from "../task/scores.ts";
import type { Prediction, ProblemType } from "../task/task.ts";
import { taskOf } from "../task/taskOf.ts";
import type { Precision } from "../tensor/precision.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { computeLogits } from "./computeLogits.ts";
import { encodeTexts } from "./encodedDataset.ts";

/** Examples to be predicted, as lists: single texts, or first and second texts of pairs. */
export interface Inputs {
  readonly texts: readonly string[];
  readonly textPairs?: readonly string[] | undefined;
}

/**
 * Reads the inputs: texts, with second texts for pairs, or a data set, labelled or not. Errors: `BAD_TEXT`,
 * `BAD_ARGUMENT`.
 */
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

/** Options of `logitsOf`. */
interface LogitsOptions {
  /** Longest example in tokens, special tokens included. Default: the longest input of the model, at most 512. */
  readonly maxLength?: number | undefined;
  /** Largest number of examples in a batch; it changes the speed only. Default: 64. */
  readonly batchSize?: number | undefined;
  /** Precision of the layers. Default: "float32". */
  readonly precision?: Precision | undefined;
}

/** Computes the logits `[labels]` of every example, in their order. In a notebook the Stop button ends it. */
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

/** Says whether inputs are single texts or pairs, in the words of the config. */
export const inputKind = ({ textPairs }: Pick<Inputs, "textPairs">): TrainingInput =>
  textPairs === undefined ? "texts" : "text_pairs";

/**
 * Throws `BAD_TEXT` if a model trained on pairs is given single texts, or vice versa; its predictions would be
 * meaningless. A model not trained by Thaw accepts both.
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

/** Throws `BAD_ARGUMENT` where `topK` is no number of labels. */
export function checkTopK(topK: number | null | undefined): void {
  if (topK === undefined || topK === null || (Number.isInteger(topK) && topK >= 1)) return;
  throw new ThawError("BAD_ARGUMENT", `topK is ${topK}; it is a whole number from 1 on, or null for all labels.`);
}

/** Options of `predictionOf`. */
interface PredictionOptions {
  /** Probability above which a label is assigned in multi-label classification. */
  readonly threshold: number;
  /** Number of labels in `scores`; null: all; undefined: no `scores`. */
  readonly topK?: number | null | undefined;
}

/** Makes the prediction of one example from its logits `[labels]`. */
export function predictionOf(
  row: Float32Array,
  config: Pick<HuggingFaceConfig, "id2label">,
  problemType: ProblemType | undefined,
  { threshold, topK }: PredictionOptions,
): Prediction {
  const task = taskOf(problemType);
  const { label, score, ...more } = task.answer(row, config, threshold);
  const scores = topK === undefined ? {} : { scores: topScores(row, config, task.scoreFunction, topK) };
  return { label, score, ...scores, ...more, logits: Array.from(row) };
}

/** Largest number of rows of the table; the list itself has all. */
const maxRows = 100;
const maxCharacters = 80;

/** The parts of a prediction that are shown; a pipeline gives only a label with its score, or only `scores`. */
type ShownPrediction = Partial<Omit<Prediction, "logits">>;

/**
 * Returns the same list, which a notebook shows as a table. `names`: those of the labels, or of the outputs of a regression;
 * `format`: how scores are written, by default as percentages.
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
 * Makes the table: a row for each example, counted from 1, with its text, shortened, and the label with its probability. Of
 * several labels it has all above the threshold, of a regression the numbers, under their names.
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

/** Returns a text on one line, and shortened. */
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
