/** How well a model knows each label: precision, recall, F1, areas under ROC curves, confusions and calibration, in float64. */
import { mean } from "./scores.ts";

/** The counts and scores of one label, as scikit-learn computes them with `zero_division=0`. */
export interface LabelScores {
  /** Number of examples that have the label. */
  readonly support: number;
  /** Number of examples for which it was predicted. */
  readonly predicted: number;
  /** Share of the predictions of the label that are right, in [0, 1]; 0 if it was never predicted. */
  readonly precision: number;
  /** Share of the examples with the label for which it was predicted, in [0, 1]; 0 if no example has it. */
  readonly recall: number;
  /** Harmonic mean of precision and recall, in [0, 1]; 0 if both are. */
  readonly f1: number;
  /**
   * Area under the ROC curve of the label's probability, in [0, 1]: how often an example with the label gets a higher one
   * than an example without. Undefined if all examples have the label, or none.
   */
  readonly rocAuc: number | undefined;
}

/** The cells of a data set, `[examples, labels]`, row after row. */
export interface LabelCells {
  /** 1 where the label is present, else 0. */
  readonly present: ArrayLike<number>;
  /** 1 where the label was predicted, else 0. */
  readonly predicted: ArrayLike<number>;
  /** Probability of the label. */
  readonly probabilities: ArrayLike<number>;
  readonly numLabels: number;
}

/** Computes the scores of each label. */
export function labelScores({ present, predicted, probabilities, numLabels }: LabelCells): LabelScores[] {
  const examples = present.length / numLabels;
  return Array.from({ length: numLabels }, (_, label) => {
    const column = (cells: ArrayLike<number>) =>
      Array.from({ length: examples }, (_, example) => cells[example * numLabels + label] as number);
    const [actual, said] = [column(present), column(predicted)];
    const support = actual.reduce((sum, cell) => sum + cell, 0);
    const count = said.reduce((sum, cell) => sum + cell, 0);
    const both = actual.reduce((sum, cell, i) => sum + cell * (said[i] as number), 0);
    const share = (of: number) => (of === 0 ? 0 : both / of);
    return {
      ...{ support, predicted: count, precision: share(count), recall: share(support) },
      f1: support + count === 0 ? 0 : (2 * both) / (support + count),
      rocAuc: rocAuc(actual, column(probabilities)),
    };
  });
}

/**
 * Computes the area under the ROC curve by the ranks of the scores (Mann and Whitney's U over the number of pairs); equal
 * scores share their mean rank. Undefined unless there are ones and zeros among the labels.
 */
export function rocAuc(labels: readonly number[], scores: readonly number[]): number | undefined {
  const ones = labels.reduce((sum, label) => sum + label, 0);
  const zeros = labels.length - ones;
  if (ones === 0 || zeros === 0) return undefined;
  const order = [...scores.keys()].sort((a, b) => (scores[a] as number) - (scores[b] as number));
  let ranksOfOnes = 0;
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && scores[order[end] as number] === scores[order[start] as number]) end += 1;
    const rank = (start + 1 + end) / 2;
    for (let i = start; i < end; i++) ranksOfOnes += rank * (labels[order[i] as number] as number);
    start = end;
  }
  return (ranksOfOnes - (ones * (ones + 1)) / 2) / (ones * zeros);
}

/**
 * Returns the area of a whole classifier, as scikit-learn's `roc_auc_score`: with two labels of which each example has one, that of
 * the second; otherwise the mean over the labels, each against the rest. Undefined unless each label has one.
 */
export function overallRocAuc(scores: readonly LabelScores[], isOneLabel: boolean): number | undefined {
  const areas = scores.flatMap(({ rocAuc }) => rocAuc ?? []);
  if (areas.length < scores.length || areas.length === 0) return undefined;
  return isOneLabel && areas.length === 2 ? areas[1] : mean(areas);
}

/** Counts the examples of each label (rows) for which each label was predicted (columns): `[labels][labels]`. */
export function confusionMatrix(
  labels: ArrayLike<number>,
  predictions: ArrayLike<number>,
  numLabels: number,
): number[][] {
  const matrix = Array.from({ length: numLabels }, () => new Array<number>(numLabels).fill(0));
  for (let i = 0; i < labels.length; i++) {
    const row = matrix[labels[i] as number] as number[];
    row[predictions[i] as number] = (row[predictions[i] as number] as number) + 1;
  }
  return matrix;
}

/**
 * Computes Matthews' correlation coefficient of a confusion matrix, in [-1, 1], in the form for any number of labels (Gorodkin
 * 2004); 0 if only one label is present, or predicted.
 */
export function matthewsCorrelation(matrix: readonly (readonly number[])[]): number {
  const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  const present = matrix.map(sumOf);
  const predicted = matrix.map((_, label) => sumOf(matrix.map((row) => row[label] as number)));
  const right = sumOf(matrix.map((row, label) => row[label] as number));
  const all = sumOf(present);
  const products = (a: readonly number[], b: readonly number[]) => sumOf(a.map((value, i) => value * (b[i] as number)));
  const spread = (all ** 2 - products(predicted, predicted)) * (all ** 2 - products(present, present));
  return spread === 0 ? 0 : (right * all - products(present, predicted)) / Math.sqrt(spread);
}

/** A share with the ends of its interval, all in [0, 1]. */
export interface ShareInterval {
  /** The share itself. */
  readonly share: number;
  /** Lower end of the interval. */
  readonly low: number;
  /** Upper end of the interval. */
  readonly high: number;
}

/**
 * Computes the share of `hits` in `trials` with Wilson's 95% interval (Wilson 1927), which holds for small numbers too. Without
 * trials nothing is known: the share is NaN, between 0 and 1.
 */
export function shareInterval(hits: number, trials: number): ShareInterval {
  if (trials === 0) return { share: Number.NaN, low: 0, high: 1 };
  const z = 1.959963984540054;
  const share = hits / trials;
  const middle = (share + z ** 2 / (2 * trials)) / (1 + z ** 2 / trials);
  const half = (z / (1 + z ** 2 / trials)) * Math.sqrt((share * (1 - share)) / trials + (z / (2 * trials)) ** 2);
  return { share, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/** The examples whose confidence is in (low, high]. */
export interface CalibrationBin {
  /** Confidence above which the bin begins. */
  readonly low: number;
  /** Highest confidence of the bin. */
  readonly high: number;
  /** Number of examples. */
  readonly count: number;
  /** Mean probability of the predicted labels; 0 without examples. */
  readonly confidence: number;
  /** Share of right predictions; 0 without examples. */
  readonly accuracy: number;
}

/** How far the confidence of predictions is from their accuracy. */
export interface Calibration {
  /** The bins from low to high confidence, of equal width. */
  readonly bins: readonly CalibrationBin[];
  /** Expected calibration error: the mean of `|accuracy - confidence|` of the bins, weighted by their examples. */
  readonly error: number;
}

/** Computes the calibration of predictions in bins of equal width (Guo et al. 2017, arXiv:1706.04599). Default: 15 bins. */
export function calibrationOf(confidences: readonly number[], isRight: readonly boolean[], count = 15): Calibration {
  const members = Array.from({ length: count }, () => [] as number[]);
  confidences.forEach((confidence, i) => {
    const bin = Math.min(count - 1, Math.max(0, Math.ceil(confidence * count) - 1));
    members[bin]?.push(i);
  });
  const bins = members.map((own, i) => ({
    ...{ low: i / count, high: (i + 1) / count, count: own.length },
    confidence: own.length === 0 ? 0 : mean(own.map((each) => confidences[each] as number)),
    accuracy: own.length === 0 ? 0 : mean(own.map((each) => Number(isRight[each]))),
  }));
  const gaps = bins.map(({ count: own, accuracy, confidence }) => own * Math.abs(accuracy - confidence));
  return { bins, error: gaps.reduce((sum, gap) => sum + gap, 0) / confidences.length };
}
