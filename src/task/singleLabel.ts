/** One label per example: softmax cross-entropy, accuracy and macro F1. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../tensor/differentiable.ts";
import { multiply, sparseSoftmaxCrossEntropy, subtract } from "../tensor/ops.ts";
import { tf } from "../tensor/tensorflow.ts";
import { argmax, countLabels, logSoftmax, mean } from "./scores.ts";
import type { LossOptions, Task } from "./task.ts";

/**
 * Mean over the batch of `-log softmax(logits)[label]`, a scalar: `logits [examples, labels]`, one label index per example.
 * `examples`: the size of the larger batch that this one is a part of. Default: its own.
 */
export function crossEntropy(logits: Tensor, labels: Int32Array, examples: number = labels.length): Tensor {
  return differentiable({ logits }, () => {
    const { losses, gradients } = sparseSoftmaxCrossEntropy(logits, tf.tensor1d(labels, "int32"));
    return {
      value: losses.sum().div(examples),
      saved: { gradients },
      gradient: (dy, { gradients }) => ({ logits: () => multiply(gradients, dy.div(examples)) }),
    };
  });
}

/**
 * Cross-entropy with weights `w` of the labels and label smoothing `e`, the sum over the batch divided by `total`: of an
 * example with the label y, `-sum_c w_c ((1 - e) [c = y] + e / labels) log softmax(logits)_c`. It is PyTorch's
 * `CrossEntropyLoss(weight=w, label_smoothing=e)` with the sum of the examples' `w_y` for `total`, and without weights the
 * `LabelSmoother` of transformers. Its gradient is `p sum_c q_c - q`, q the factors of the logarithms.
 */
export function weightedCrossEntropy(
  logits: Tensor,
  labels: ArrayLike<number>,
  total: number,
  options: LossOptions,
): Tensor {
  const targets = targetsOf(labels, logits.shape[1] as number, options);
  return differentiable({ logits }, () => {
    const target = tf.tensor(targets, logits.shape, "float32");
    const shifted = logits.sub(logits.max(1, true));
    const logProbabilities = shifted.sub(shifted.exp().sum(1, true).log());
    return {
      value: multiply(target, logProbabilities).sum().div(-total),
      saved: { slopes: () => subtract(multiply(tf.exp(logProbabilities), target.sum(1, true)), target) },
      gradient: (dy, { slopes }) => ({ logits: () => multiply(slopes, dy.div(total)) }),
    };
  });
}

/** The factors `w_c ((1 - e) [c = y] + e / labels)` of the logarithms, `[examples, labels]`, row after row. */
function targetsOf(labels: ArrayLike<number>, numLabels: number, options: LossOptions): Float32Array {
  const { labelSmoothing = 0, classWeights } = options;
  return Float32Array.from({ length: labels.length * numLabels }, (_, cell) => {
    const label = cell % numLabels;
    const isRight = labels[(cell - label) / numLabels] === label;
    return (classWeights?.[label] ?? 1) * ((isRight ? 1 - labelSmoothing : 0) + labelSmoothing / numLabels);
  });
}

/** Metrics of a classification, as scikit-learn computes them with `zero_division=0`. */
interface ClassificationMetrics {
  /** Share of the predictions that are right, in [0, 1]. */
  readonly accuracy: number;
  /** Unweighted mean of the F1 scores of all labels that occur among the references or the predictions. */
  readonly macroF1: number;
}

/** Compares label indices `[examples]` that were predicted with those that are right. */
export function classificationMetrics(
  predictions: ArrayLike<number>,
  references: ArrayLike<number>,
): ClassificationMetrics {
  const counts = new Map<number, { both: number; predicted: number; actual: number }>();
  const countOf = (label: number) => {
    const count = counts.get(label) ?? { both: 0, predicted: 0, actual: 0 };
    counts.set(label, count);
    return count;
  };
  let right = 0;
  for (let i = 0; i < references.length; i++) {
    const predicted = predictions[i] as number;
    const actual = references[i] as number;
    countOf(predicted).predicted += 1;
    countOf(actual).actual += 1;
    if (predicted === actual) {
      countOf(actual).both += 1;
      right += 1;
    }
  }
  const scores = [...counts.values()].map(({ both, predicted, actual }) => (2 * both) / (predicted + actual));
  return { accuracy: right / references.length, macroF1: mean(scores) };
}

export const singleLabel: Task = {
  problemType: "single_label_classification",
  labelling: "one label a text",
  decidedBecause: undefined,

  loss: (logits, labels, total, options = {}) =>
    (options.labelSmoothing ?? 0) > 0 || options.classWeights !== undefined
      ? weightedCrossEntropy(logits, labels, total ?? singleLabel.lossTotal(labels, labels.length, options), options)
      : crossEntropy(logits, Int32Array.from(labels), total),
  lossTotal: (labels, examples, { classWeights }) =>
    classWeights === undefined
      ? examples
      : Array.from(labels, (label) => classWeights[label] as number).reduce((sum, weight) => sum + weight, 0),

  metrics: ["evalLoss", "evalAccuracy", "evalMacroF1"],
  evaluate: (logits, labels, options = {}) => {
    const { accuracy, macroF1 } = classificationMetrics(logits.map(argmax), labels);
    const { labelSmoothing = 0, classWeights } = options;
    const losses = logits.map((row, i) => {
      const logProbabilities = logSoftmax(row);
      const weighed = (label: number) => -(logProbabilities[label] as number) * (classWeights?.[label] ?? 1);
      const right = weighed(labels[i] as number);
      return labelSmoothing === 0
        ? right
        : (1 - labelSmoothing) * right + labelSmoothing * mean(logProbabilities.map((_, label) => weighed(label)));
    });
    const total = singleLabel.lossTotal(labels, labels.length, options);
    const evalLoss = losses.reduce((sum, loss) => sum + loss, 0) / total;
    return { evalLoss, evalAccuracy: accuracy, evalMacroF1: macroF1 };
  },

  scoreFunction: "softmax",
  answer: (logits, { id2label }) => {
    const best = argmax(logits);
    return { label: id2label[best] as string, score: Math.exp(logSoftmax(logits)[best] as number) };
  },
  labelCounts: (logits, labels, numLabels) => ({
    predicted: countLabels(logits.map(argmax), numLabels),
    present: countLabels(labels, numLabels),
  }),

  labelsPerExample: () => 1,
  firstUnknown: (labels, numLabels) => labels.findIndex((label) => label < 0 || label >= numLabels),
  needsEveryLabel: false,
  namesToMatch: (names, labels) => {
    const used = new Set<number>(labels);
    return names.map((name, label) => (used.has(label) ? name : `LABEL_${label}`));
  },
  namesOption: "labels",
};
