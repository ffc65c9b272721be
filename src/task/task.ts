/**
 * The problem type of a classifier, as one object: its loss, its metrics, its predictions, its labels, and what they are
 * called. There are three of them: `singleLabel.ts`, `multiLabel.ts` and `regression.ts`; `taskOf` gives the one of a config.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { MetricKey } from "./metrics.ts";
import type { LabelNames, LabelScore, ScoreFunction } from "./scores.ts";

/** Hugging Face's names of what a classifier can be trained to give. */
export const problemTypes = ["single_label_classification", "multi_label_classification", "regression"] as const;
/** What a classifier is trained to give, by Hugging Face's name. */
export type ProblemType = (typeof problemTypes)[number];

/**
 * The labels of examples, row after row. One label per example: its index, `[examples]`. Several: 0 or 1 for each label,
 * `[examples, labels]`. Regression: the targets, `[examples, outputs]`.
 */
export type Labels = Int32Array | Float32Array;

/** The answer of a model for one example; `Prediction` adds the logits to it. */
export interface Answer extends LabelScore {
  /** The labels above the threshold, the most probable first; there may be none. Only where an example has several. */
  readonly labels?: readonly LabelScore[];
  /** The numbers, one for each output. Only of a regression. */
  readonly values?: readonly number[];
}

/** In how many examples each label was predicted, and in how many it is present: `[labels]` each. */
interface LabelCounts {
  readonly predicted: readonly number[];
  readonly present: readonly number[];
}

/** Everything that depends on the problem type. */
export interface Task {
  readonly problemType: ProblemType;

  /** Says how one example is labelled: `"one label a text"`. */
  readonly labelling: string;
  /** Says what the training data has when it decides this problem type; undefined where that is the usual one. */
  readonly decidedBecause: string | undefined;

  /**
   * The mean loss of a batch, a differentiable scalar: `logits [examples, labels]` with the labels of the same examples. Where
   * the batch is a part of a larger one, `examples` is the size of that: the losses of its parts add up to its mean.
   */
  loss(logits: Tensor, labels: Labels, examples?: number): Tensor;

  /**
   * The metrics that `evaluate` gives, the loss first. The best epoch is chosen by the second unless the user says
   * otherwise.
   */
  readonly metrics: readonly [loss: MetricKey, byDefault: MetricKey, ...MetricKey[]];
  /** The metrics of a whole data set, in float64: the logits `[labels]` of each example, and all labels. */
  evaluate(logits: readonly Float32Array[], labels: Labels): Readonly<Partial<Record<MetricKey, number | undefined>>>;

  /** The function that makes scores of logits. */
  readonly scoreFunction: ScoreFunction;
  /**
   * Reads the answer from the logits `[labels]` of one example. `threshold`: the probability above which one of several labels is
   * given.
   */
  answer(logits: Float32Array, names: LabelNames, threshold: number): Answer;
  /** Counts the labels that the logits of a data set give and that its examples have; undefined for a regression. */
  labelCounts(logits: readonly Float32Array[], labels: Labels, numLabels: number): LabelCounts | undefined;

  /** How many numbers label one example. */
  labelsPerExample(numLabels: number): number;
  /** Index of the first example whose label is not one of the model's; -1 where there is none. */
  firstUnknown(labels: readonly number[], numLabels: number): number;
  /** Whether a data set must have as many labels as the model; otherwise it may have fewer. */
  readonly needsEveryLabel: boolean;
  /**
   * The names of a data set's labels as they are compared with the model's, where one that no example has is as good as
   * nameless (`LABEL_3`); undefined where names mean nothing.
   */
  namesToMatch(names: readonly string[], labels: readonly number[]): readonly string[] | undefined;
  /** The option of a data set that gives its labels, or outputs, in order. */
  readonly namesOption: "label" | "labels";
}
