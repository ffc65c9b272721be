/** One label per example: softmax cross-entropy, accuracy and macro F1. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../tensor/differentiable.ts";
import { multiply, sparseSoftmaxCrossEntropy } from "../tensor/ops.ts";
import { tf } from "../tensor/tensorflow.ts";
import { argmax, logSoftmax } from "./scores.ts";
import type { Task } from "./task.ts";

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
  return {
    accuracy: right / references.length,
    macroF1: scores.reduce((sum, score) => sum + score, 0) / scores.length,
  };
}

export const singleLabel: Task = {
  problemType: "single_label_classification",
  labelling: "one label a text",
  decidedBecause: undefined,

  loss: (logits, labels, examples = logits.shape[0] as number) =>
    crossEntropy(logits, Int32Array.from(labels), examples),

  metrics: ["evalLoss", "evalAccuracy", "evalMacroF1"],
  evaluate: (logits, labels) => {
    const { accuracy, macroF1 } = classificationMetrics(logits.map(argmax), labels);
    const losses = logits.map((row, i) => -(logSoftmax(row)[labels[i] as number] as number));
    const loss = losses.reduce((sum, value) => sum + value, 0) / losses.length;
    return { evalLoss: loss, evalAccuracy: accuracy, evalMacroF1: macroF1 };
  },

  scoreFunction: "softmax",
  answer: (logits, { id2label }) => {
    const best = argmax(logits);
    return { label: id2label[best] as string, score: Math.exp(logSoftmax(logits)[best] as number) };
  },
  labelCounts: (logits, labels, numLabels) => {
    const [predicted, present] = [new Array<number>(numLabels).fill(0), new Array<number>(numLabels).fill(0)];
    const count = (counts: number[], label: number) => {
      counts[label] = (counts[label] ?? 0) + 1;
    };
    logits.forEach((row, i) => {
      count(predicted, argmax(row));
      count(present, labels[i] as number);
    });
    return { predicted, present };
  },

  labelsPerExample: () => 1,
  firstUnknown: (labels, numLabels) => labels.findIndex((label) => label < 0 || label >= numLabels),
  needsEveryLabel: false,
  namesToMatch: (names, labels) => {
    const used = new Set<number>(labels);
    return names.map((name, label) => (used.has(label) ? name : `LABEL_${label}`));
  },
  namesOption: "labels",
};
