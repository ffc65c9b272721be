/**
 * The interface of a problem type: its loss, metrics, predictions and labels. There are three of them:
 * `singleLabel.ts`, `multiLabel.ts` and `regression.ts`; `taskOf` gives the one of a config.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { BuiltInMetric } from "./metrics.ts";
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

/** The prediction of a model for one example. */
export interface Prediction extends LabelScore {
  /** Name of the most probable label; for a regression that of the first output. */
  readonly label: string;
  /** Probability of this label, from 0 to 1; for a regression the number itself. */
  readonly score: number;
  /** The `topK` labels with their scores, the highest first; absent without `topK`. */
  readonly scores?: readonly LabelScore[];
  /** The labels above the threshold, the most probable first; there may be none. Only in multi-label classification. */
  readonly labels?: readonly LabelScore[];
  /** The numbers, one for each output. Only for a regression. */
  readonly values?: readonly number[];
  /** Logits `[labels]` of the example. */
  readonly logits: readonly number[];
}

/** The parts of a prediction that depend on the problem type. */
type Answer = Omit<Prediction, "scores" | "logits">;

/** Number of examples for which each label was predicted, and in which it is present: `[labels]` each. */
interface LabelCounts {
  readonly predicted: readonly number[];
  readonly present: readonly number[];
}

/** Options of a loss: smoothing and weights of the labels. Without either it is the plain mean. */
export interface LossOptions {
  /** Share of each target that is spread evenly over all labels, in [0, 1). Default: 0. */
  readonly labelSmoothing?: number;
  /**
   * Weight of each label, above 0, `[labels]`. With one label per example it is the weight of the examples that have the
   * label; with several it is that of the cells in which the label is present. Default: 1 each.
   */
  readonly classWeights?: readonly number[];
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
   * same examples. For a part of a larger batch, `total` is the `lossTotal` of that batch, so that the losses of its parts
   * add up to its mean. Default: that of this batch.
   */
  loss(logits: Tensor, labels: Labels, total?: number, options?: LossOptions): Tensor;
  /**
   * Returns the number that the sum of the losses of these `examples` examples is divided by: as many, or with weights of
   * single labels the sum of the examples' weights, as in PyTorch's `CrossEntropyLoss(weight=...)`.
   */
  lossTotal(labels: Labels, examples: number, options: LossOptions): number;

  /**
   * The metrics that `evaluate` returns, the loss first. The second is the default metric for choosing the best epoch.
   */
  readonly metrics: readonly [loss: BuiltInMetric, byDefault: BuiltInMetric, ...BuiltInMetric[]];
  /**
   * Computes the metrics of a whole data set, in float64, from the logits `[labels]` of each example and all labels. The
   * loss is smoothed and weighed as in training.
   */
  evaluate(
    logits: readonly Float32Array[],
    labels: Labels,
    options?: LossOptions,
  ): Readonly<Partial<Record<BuiltInMetric, number | undefined>>>;

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
