/**
 * The interface of a problem type: its loss, metrics, predictions and labels. There are three of them:
 * `singleLabel.ts`, `multiLabel.ts` and `regression.ts`; `taskOf` gives the one of a config.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { MetricKey } from "./metrics.ts";
import type { LabelNames, LabelScore, ScoreFunction } from "./scores.ts";

/** Hugging Face's names of the problem types of a classifier. */
export const problemTypes = ["single_label_classification", "multi_label_classification", "regression"] as const;
/** The problem type of a classifier, by Hugging Face's name. */
export type ProblemType = (typeof problemTypes)[number];

/**
 * The labels of examples, row-major. One label per example: its index, `[examples]`. Several: 0 or 1 for each label,
 * `[examples, labels]`. Regression: the targets, `[examples, outputs]`.
 */
export type Labels = Int32Array | Float32Array;

/** The model's output for one example in labels and scores; `Prediction` adds the logits. */
export interface Answer extends LabelScore {
  /** The labels above the threshold, the most probable first; may be empty. Only in multi-label classification. */
  readonly labels?: readonly LabelScore[];
  /** The numbers, one for each output. Only of a regression. */
  readonly values?: readonly number[];
}

/** Number of examples for which each label was predicted, and in which it is present: `[labels]` each. */
interface LabelCounts {
  readonly predicted: readonly number[];
  readonly present: readonly number[];
}

/** Everything that depends on the problem type. */
export interface Task {
  readonly problemType: ProblemType;

  /** Description of the labels of one example: `"one label a text"`. */
  readonly labelling: string;
  /** Description of training data that decides this problem type; undefined for the usual one. */
  readonly decidedBecause: string | undefined;

  /**
   * Computes the mean loss of a batch, a differentiable scalar, from `logits [examples, labels]` and the labels of the
   * same examples. For a part of a larger batch, `examples` is the size of that batch, so that the losses of its parts
   * add up to its mean.
   */
  loss(logits: Tensor, labels: Labels, examples?: number): Tensor;

  /**
   * The metrics that `evaluate` returns, the loss first. The second is the default metric for choosing the best epoch.
   */
  readonly metrics: readonly [loss: MetricKey, byDefault: MetricKey, ...MetricKey[]];
  /**
   * Computes the metrics of a whole data set, in float64, from the logits `[labels]` of each example and all labels.
   */
  evaluate(logits: readonly Float32Array[], labels: Labels): Readonly<Partial<Record<MetricKey, number | undefined>>>;

  /** The function that turns logits into scores. */
  readonly scoreFunction: ScoreFunction;
  /**
   * Computes labels and scores from the logits `[labels]` of one example. `threshold` is the probability above which a
   * label is assigned in multi-label classification.
   */
  answer(logits: Float32Array, names: LabelNames, threshold: number): Answer;
  /** Counts the predicted and the present labels of a data set; undefined for a regression. */
  labelCounts(logits: readonly Float32Array[], labels: Labels, numLabels: number): LabelCounts | undefined;

  /** Returns the number of label values per example. */
  labelsPerExample(numLabels: number): number;
  /** Returns the index of the first label value that is not one of the model's; -1 if there is none. */
  firstUnknown(labels: readonly number[], numLabels: number): number;
  /** Whether a data set must have as many labels as the model; otherwise it may have fewer. */
  readonly needsEveryLabel: boolean;
  /**
   * Returns the label names of a data set for comparison with the model's; a label without examples counts as nameless
   * (`LABEL_3`). Undefined if names have no meaning.
   */
  namesToMatch(names: readonly string[], labels: readonly number[]): readonly string[] | undefined;
  /** The option of a data set that gives its labels, or outputs, in order. */
  readonly namesOption: "label" | "labels";
}
