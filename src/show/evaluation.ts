/** An evaluation that shows where a model is wrong: by label, by slice of the data, by confidence, example by example. */
import { displaySymbol, inspectSymbol, type MimeBundle } from "../../shared/mimeBundle.ts";
import { escapeHtml } from "../../shared/text.ts";
import type { Example } from "../data/examples.ts";
import type { TextDataset } from "../data/textDataset.ts";
import { listed } from "../display/listed.ts";
import { formatCount, formatNumber, formatPercent } from "../display/numbers.ts";
import { type Cell, cutCell, Table } from "../display/table.ts";
import { ThawError } from "../errors.ts";
import type { EvaluateResult } from "../evaluate/evaluateLogits.ts";
import {
  type Calibration,
  calibrationOf,
  confusionMatrix,
  type LabelScores,
  labelScores,
  matthewsCorrelation,
  overallRocAuc,
  type ShareInterval,
  shareInterval,
} from "../task/labelScores.ts";
import { formatMetric, kindOf, type MetricKey, metricKeysOf } from "../task/metrics.ts";
import { argmax, logSoftmax, sigmoid } from "../task/scores.ts";
import type { Figure } from "./figure/figure.ts";
import { reliabilityFigure } from "./reliabilityFigure.ts";

/** The result of `trainer.evaluate`: the metrics by name, as `result.evalAccuracy`, and where the model is wrong. */
export type Evaluation = EvaluateResult & EvaluationDetails;

/** One example as the model answered it. */
interface Answer {
  readonly example: Example;
  /** The label of the example, and the prediction, in words. */
  readonly expected: string;
  readonly predicted: string;
  readonly isRight: boolean;
  /** The probability of the prediction, or of the label that is most wrong, or a distance: the surest errors come first by it. */
  readonly confidence: number;
}

/** The inputs of an evaluation. */
export interface EvaluationInput {
  /** The metrics by name. */
  readonly metrics: EvaluateResult;
  /** The examples, with their labels. */
  readonly dataset: TextDataset;
  /** The logits of each example, `[labels]` each. */
  readonly logits: readonly Float32Array[];
  /** The names of the model's labels. */
  readonly id2label: readonly string[];
}

/** The parts of an evaluation that say where the model is wrong. They are computed when they are asked for. */
export class EvaluationDetails {
  readonly #metrics: EvaluateResult;
  readonly #dataset: TextDataset;
  readonly #logits: readonly Float32Array[];
  /** The names of all labels of the model: a data set may have fewer. */
  readonly #names: readonly string[];
  #answers: readonly Answer[] | undefined;
  #scores: readonly LabelScores[] | undefined;

  /** Keeps what the parts are computed from. */
  constructor({ metrics, dataset, logits, id2label }: EvaluationInput) {
    this.#metrics = metrics;
    this.#dataset = dataset;
    this.#logits = logits;
    this.#names = id2label.map((name, i) => dataset.labelNames[i] ?? name);
  }

  /** The scores of each label, in the order of the labels. Undefined for a regression. */
  get labelScores(): readonly (LabelScores & { readonly label: string })[] | undefined {
    if (this.#isRegression) return undefined;
    this.#scores ??= labelScores(this.#cells());
    return this.#scores.map((scores, i) => ({ label: this.#names[i] as string, ...scores }));
  }

  /** One row per label: precision, recall, F1, area under the ROC curve, support. Undefined for a regression. */
  get perLabel(): Table | undefined {
    const scores = this.labelScores;
    if (scores === undefined) return undefined;
    const areas = scores.some(({ rocAuc }) => rocAuc !== undefined);
    const share = (value: number | undefined): Cell => (value === undefined ? "not defined" : formatPercent(value));
    return new Table({
      columns: [
        "Label",
        ...["Precision", "Recall", "F1", ...(areas ? ["ROC AUC"] : []), "Support", "Predicted"].map(right),
      ],
      rows: scores.map(({ label, precision, recall, f1, rocAuc, support, predicted }) => [
        ...[label, share(precision), share(recall), share(f1), ...(areas ? [share(rocAuc)] : [])],
        ...[formatCount(support), formatCount(predicted)],
      ]),
      notes: scores
        .filter(({ support, predicted }) => support > 0 && predicted === 0)
        .map(({ label, support }) => `"${label}" is never predicted, though ${formatCount(support)} examples have it.`),
    });
  }

  /**
   * The examples of each label (rows) for which each label was predicted (columns), `[labels][labels]`. Undefined unless there
   * is one label per example.
   */
  get confusionMatrix(): readonly (readonly number[])[] | undefined {
    if (this.#dataset.problemType !== "single_label_classification") return undefined;
    return confusionMatrix(this.#dataset.batchLabels(), this.#logits.map(argmax), this.#names.length);
  }

  /** The confusion matrix as a table: a row per label, a column per prediction, the share of right ones last. */
  get confusion(): Table | undefined {
    const matrix = this.confusionMatrix;
    if (matrix === undefined) return undefined;
    const names = this.#names;
    return new Table({
      caption: "Confusion: rows are the labels, columns the predictions.",
      columns: ["Label", ...names.map(right), right("Right")],
      rows: matrix.map((row, label) => {
        const all = row.reduce((sum, count) => sum + count, 0);
        const share = all === 0 ? "no examples" : formatPercent((row[label] as number) / all);
        return [names[label] as string, ...row.map(formatCount), share];
      }),
    });
  }

  /** Matthews' correlation coefficient, in [-1, 1]. Undefined unless there is one label per example. */
  get matthewsCorrelation(): number | undefined {
    const matrix = this.confusionMatrix;
    return matrix && matthewsCorrelation(matrix);
  }

  /**
   * Area under the ROC curve: of the second of two labels; otherwise the mean over the labels, each against the rest. Undefined
   * for a regression, and where a label has no examples or all of them.
   */
  get rocAuc(): number | undefined {
    const scores = this.labelScores;
    return scores && overallRocAuc(scores, this.#dataset.problemType === "single_label_classification");
  }

  /** The accuracy with Wilson's 95% interval. Undefined unless there is one label per example. */
  get accuracyInterval(): ShareInterval | undefined {
    if (this.#dataset.problemType !== "single_label_classification") return undefined;
    return shareInterval(this.#all().filter(({ isRight }) => isRight).length, this.#logits.length);
  }

  /** The calibration in 15 bins of confidence. Undefined unless there is one label per example. */
  get calibration(): Calibration | undefined {
    if (this.#dataset.problemType !== "single_label_classification") return undefined;
    const answers = this.#all();
    return calibrationOf(
      answers.map(({ confidence }) => confidence),
      answers.map(({ isRight }) => isRight),
    );
  }

  /** The reliability diagram: accuracy by confidence. Undefined unless there is one label per example. */
  get reliability(): Figure | undefined {
    const { calibration } = this;
    return calibration && reliabilityFigure(calibration, this.#dataset.name);
  }

  /**
   * Lists the wrong predictions of which the model is surest, `count` of them, the surest first. With several labels per example
   * the order is that of the most wrong label, for a regression that of the largest distance. Default: 20. Errors:
   * `BAD_ARGUMENT`.
   */
  mostConfidentErrors(count = 20): Table {
    if (!Number.isInteger(count) || count < 1) {
      throw new ThawError(
        "BAD_ARGUMENT",
        `mostConfidentErrors takes a whole number from 1 on; found ${String(count)}.`,
      );
    }
    const wrong = this.#all().filter(({ isRight }) => !isRight);
    const shown = wrong.sort((a, b) => b.confidence - a.confidence).slice(0, count);
    const isPair = this.#dataset.textPairs !== undefined;
    const [all, many] = [formatCount(this.#logits.length), formatCount(shown.length)];
    const surest = shown.length < wrong.length ? `; these are the ${many} surest` : "";
    return new Table({
      caption: this.#isRegression
        ? `The ${many} largest distances of ${all} examples.`
        : `${formatCount(wrong.length)} of ${all} examples are predicted wrongly${surest}.`,
      columns: [
        ...[right("Row"), "Text", ...(isPair ? ["Second text"] : []), "Label", "Predicted"],
        right(this.#isRegression ? "Distance" : "Confidence"),
      ],
      rows: shown.map(({ example, expected, predicted, confidence }) => [
        example.row,
        cutCell(example.text),
        ...(isPair ? [cutCell(example.textPair ?? "")] : []),
        ...[expected, predicted, this.#isRegression ? formatNumber(confidence) : formatPercent(confidence)],
      ]),
    });
  }

  /**
   * Divides the examples into slices and lists the share of right predictions of each with Wilson's 95% interval, the worst
   * first; for a regression the mean distance. `slice` names the slice of an example, such as
   * `({ text }) => (text.length > 200 ? "long" : "short")`. Errors: `BAD_ARGUMENT` if it returns no text, number or boolean.
   */
  by(slice: (example: Example) => string | number | boolean): Table {
    const slices = new Map<string, Answer[]>();
    for (const answer of this.#all()) {
      const name = sliceOf(slice, answer.example);
      const own = slices.get(name) ?? [];
      own.push(answer);
      slices.set(name, own);
    }
    const rows = [...slices].map(([name, own]) => {
      const hits = own.filter(({ isRight }) => isRight).length;
      const distance = own.reduce((sum, { confidence }) => sum + confidence, 0) / own.length;
      return { name, count: own.length, ...shareInterval(hits, own.length), distance };
    });
    if (this.#isRegression) {
      return new Table({
        columns: ["Slice", right("Examples"), right("Mean distance")],
        rows: rows
          .sort((a, b) => b.distance - a.distance)
          .map(({ name, count, distance }) => [name, formatCount(count), formatNumber(distance)]),
      });
    }
    return new Table({
      columns: ["Slice", right("Examples"), right("Right"), right("95% interval")],
      rows: rows
        .sort((a, b) => a.share - b.share)
        .map(({ name, count, share, low, high }) => [
          ...[name, formatCount(count), formatPercent(share), `${formatPercent(low)} to ${formatPercent(high)}`],
        ]),
      notes: ["The intervals are Wilson's; slices whose intervals overlap may not differ."],
    });
  }

  /** Writes the headline and the tables as text. */
  toString(): string {
    return [this.#headline(), ...this.#tables().map(String)].join("\n\n");
  }

  /** Shows the headline and the tables where a cell ends with the evaluation. */
  [displaySymbol](): MimeBundle {
    const tables = this.#tables().map(
      (table) => `<div style="margin: 0.5em 0; overflow-x: auto">${table.toHtml()}</div>`,
    );
    return {
      "text/html": `<div><div>${escapeHtml(this.#headline())}</div>${tables.join("")}</div>`,
      "text/plain": this.toString(),
    };
  }

  /** Writes the headline and the tables for `console.log`. */
  [inspectSymbol](): string {
    return this.toString();
  }

  get #isRegression(): boolean {
    return this.#dataset.problemType === "regression";
  }

  #tables(): Table[] {
    return [this.perLabel ?? [], this.confusion ?? []].flat();
  }

  /** Says the metrics in a sentence, with what else there is for the problem type. */
  #headline(): string {
    const { accuracyInterval: interval, calibration, matthewsCorrelation: matthews, rocAuc } = this;
    const values = metricKeysOf([this.#metrics]).map((key: MetricKey) => {
      const between =
        key === "evalAccuracy" && interval !== undefined
          ? ` (95% interval ${formatPercent(interval.low)} to ${formatPercent(interval.high)})`
          : "";
      return `${kindOf(key).name} ${formatMetric(key, this.#metrics[key] as number)}${between}`;
    });
    const scores = this.labelScores;
    return [
      `${this.#dataset.name}, ${formatCount(this.#logits.length)} examples: ${values.join(", ")}`,
      ...(matthews === undefined ? [] : [`Matthews correlation ${matthews.toFixed(3)}`]),
      ...(rocAuc === undefined ? [] : [`ROC AUC ${formatPercent(rocAuc)}`]),
      ...(rocAuc === undefined && scores !== undefined
        ? [`ROC AUC not defined for ${listed(withoutArea(scores))}`]
        : []),
      ...(calibration === undefined ? [] : [`expected calibration error ${formatPercent(calibration.error)}`]),
    ].join(", ");
  }

  /** The cells of the labels, the predictions and their probabilities. */
  #cells() {
    const numLabels = this.#names.length;
    const labels = this.#dataset.batchLabels();
    if (this.#dataset.problemType === "multi_label_classification") {
      const probabilities = this.#logits.flatMap((row) => Array.from(row, sigmoid));
      return {
        present: labels,
        predicted: probabilities.map((share) => Number(share > 0.5)),
        probabilities,
        numLabels,
      };
    }
    const oneOf = (label: number) => Array.from({ length: numLabels }, (_, i) => Number(i === label));
    return {
      present: Array.from(labels).flatMap(oneOf),
      predicted: this.#logits.flatMap((row) => oneOf(argmax(row))),
      probabilities: this.#logits.flatMap((row) => logSoftmax(row).map(Math.exp)),
      numLabels,
    };
  }

  #all(): Answer[] {
    this.#answers ??= this.#logits.map((row, i) => answerOf(this.#dataset, this.#names, row, i));
    return [...this.#answers];
  }
}

/** Joins the metrics of an evaluation with the parts that say where the model is wrong. */
export const evaluationOf = (input: EvaluationInput): Evaluation =>
  Object.assign(new EvaluationDetails(input), input.metrics);

function answerOf(dataset: TextDataset, labelNames: readonly string[], logits: Float32Array, place: number): Answer {
  const example = dataset.at(place) as Example;
  const { problemType } = dataset;
  const labels = dataset.batchLabels([place]);
  if (problemType === "regression") {
    const distance = Math.max(...Array.from(labels, (target, i) => Math.abs(target - (logits[i] as number))));
    const expected = Array.from(labels, formatNumber).join(", ");
    const predicted = Array.from(logits, formatNumber).join(", ");
    return { example, expected, predicted, isRight: distance === 0, confidence: distance };
  }
  if (problemType === "single_label_classification") {
    const [best, label] = [argmax(logits), labels[0] as number];
    const confidence = Math.exp(logSoftmax(logits)[best] as number);
    const nameOf = (index: number) => labelNames[index] ?? String(index);
    return { example, expected: nameOf(label), predicted: nameOf(best), isRight: best === label, confidence };
  }
  const shares = Array.from(logits, sigmoid);
  const wrong = shares.flatMap((share, i) => (share > 0.5 === (labels[i] === 1) ? [] : [Math.max(share, 1 - share)]));
  const names = (isIn: (label: number) => boolean) => labelNames.filter((_, i) => isIn(i)).join(", ") || "none";
  return {
    example,
    expected: names((i) => labels[i] === 1),
    predicted: names((i) => (shares[i] as number) > 0.5),
    isRight: wrong.length === 0,
    confidence: Math.max(...wrong, 0),
  };
}

function sliceOf(slice: (example: Example) => string | number | boolean, example: Example): string {
  const name: unknown = slice(example);
  if (["string", "number", "boolean"].includes(typeof name)) return String(name);
  throw new ThawError(
    "BAD_ARGUMENT",
    `The function that names slices returned ${name === null ? "null" : typeof name} for row ${example.row}: return a text, a ` +
      "number or a boolean for every example.",
  );
}

const withoutArea = (scores: readonly (LabelScores & { readonly label: string })[]): string[] =>
  scores.filter(({ rocAuc }) => rocAuc === undefined).map(({ label }) => label);

const right = (title: string) => ({ title, align: "right" as const });
