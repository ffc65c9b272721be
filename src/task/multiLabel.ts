/** Any number of labels per example: sigmoid cross-entropy, F1 and subset accuracy at a probability of 0.5. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../tensor/differentiable.ts";
import { multiply, subtract } from "../tensor/ops.ts";
import { tf } from "../tensor/tensorflow.ts";
import { argmax, countLabels, mean, sigmoid, topScores } from "./scores.ts";
import type { Task } from "./task.ts";

/**
 * Mean over all cells of `max(x, 0) - x y + log(1 + exp(-|x|))`, a scalar: `logits [examples, labels]`, 0 or 1 for each cell,
 * row after row. It is PyTorch's `BCEWithLogitsLoss`, in the form that does not overflow; its gradient is `sigmoid(x) - y`
 * over the number of cells. `examples`: the size of the larger batch that this one is a part of. Default: its own.
 */
export function binaryCrossEntropy(
  logits: Tensor,
  labels: Float32Array,
  examples: number = logits.shape[0] as number,
): Tensor {
  const cells = examples * (logits.shape[1] as number);
  return differentiable({ logits }, () => {
    const targets = tf.tensor(labels, logits.shape, "float32");
    const losses = tf
      .relu(logits)
      .sub(multiply(logits, targets))
      .add(tf.log1p(tf.exp(tf.neg(tf.abs(logits)))));
    return {
      value: losses.sum().div(cells),
      saved: { difference: subtract(tf.sigmoid(logits), targets) },
      gradient: (dy, { difference }) => ({ logits: () => multiply(difference, dy.div(cells)) }),
    };
  });
}

/**
 * Mean over all cells of `(1 - y) x + (1 + (w - 1) y) log(1 + exp(-x))`, w the weight of the cell's label where it is present:
 * PyTorch's `BCEWithLogitsLoss(pos_weight=w)`, in the form that does not overflow; its gradient is
 * `(1 - y) - (1 + (w - 1) y) sigmoid(-x)` over the number of cells. Arguments: as `binaryCrossEntropy`.
 */
export function weightedBinaryCrossEntropy(
  logits: Tensor,
  labels: Float32Array,
  examples: number,
  classWeights: readonly number[],
): Tensor {
  const cells = examples * (logits.shape[1] as number);
  const weights = labels.map((label, cell) => 1 + ((classWeights[cell % classWeights.length] as number) - 1) * label);
  return differentiable({ logits }, () => {
    const negatives = tf.tensor(labels, logits.shape, "float32").neg().add(1);
    const weight = tf.tensor(weights, logits.shape, "float32");
    const softplus = tf.log1p(tf.exp(tf.neg(tf.abs(logits)))).add(tf.relu(tf.neg(logits)));
    return {
      value: multiply(negatives, logits).add(multiply(weight, softplus)).sum().div(cells),
      saved: { slopes: () => subtract(negatives, multiply(weight, tf.sigmoid(tf.neg(logits)))) },
      gradient: (dy, { slopes }) => ({ logits: () => multiply(slopes, dy.div(cells)) }),
    };
  });
}

/** Metrics of predictions of several labels per example, as scikit-learn computes them with `zero_division=0`. */
interface MultiLabelMetrics {
  /** F1 of all cells together. */
  readonly microF1: number;
  /** Unweighted mean of the F1 scores of all labels; that of a label neither present nor predicted is 0. */
  readonly macroF1: number;
  /** Share of the examples whose labels are all right, in [0, 1]. */
  readonly subsetAccuracy: number;
}

/** Compares predictions with references, both `[examples, labels]`, row after row, 0 or 1. */
export function multiLabelMetrics(
  predictions: ArrayLike<number>,
  references: ArrayLike<number>,
  labels: number,
): MultiLabelMetrics {
  const [both, either] = [new Float64Array(labels), new Float64Array(labels)];
  const examples = references.length / labels;
  let wholeExamples = 0;
  for (let example = 0; example < examples; example++) {
    let isRight = true;
    for (let label = 0; label < labels; label++) {
      const [predicted, actual] = [predictions, references].map((cells) => cells[example * labels + label] as number);
      both[label] = (both[label] as number) + (predicted as number) * (actual as number);
      either[label] = (either[label] as number) + (predicted as number) + (actual as number);
      isRight &&= predicted === actual;
    }
    if (isRight) wholeExamples += 1;
  }
  return {
    microF1: f1(sumOf(both), sumOf(either)),
    macroF1: mean(Array.from(both, (right, label) => f1(right, either[label] as number))),
    subsetAccuracy: wholeExamples / examples,
  };
}

/**
 * F1 from the number of cells that are 1 in both, and that of the ones in the predictions and in the references together.
 */
const f1 = (both: number, either: number): number => (either === 0 ? 0 : (2 * both) / either);
const sumOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

export const multiLabel: Task = {
  problemType: "multi_label_classification",
  labelling: "any number of labels a text",
  decidedBecause: "its texts have any number of labels.",

  loss: (logits, labels, examples = logits.shape[0] as number, { classWeights } = {}) =>
    classWeights === undefined
      ? binaryCrossEntropy(logits, Float32Array.from(labels), examples)
      : weightedBinaryCrossEntropy(logits, Float32Array.from(labels), examples, classWeights),
  lossTotal: (_, examples) => examples,

  metrics: ["evalLoss", "evalMicroF1", "evalMacroF1", "evalSubsetAccuracy"],
  evaluate: (logits, labels, { classWeights } = {}) => {
    const cells = logits.flatMap((row) => [...row]);
    const predictions = cells.map((x) => Number(sigmoid(x) > 0.5));
    const losses = cells.map((x, i) => {
      const label = labels[i] as number;
      const weight = classWeights?.[i % classWeights.length] ?? 1;
      const softplus = Math.log1p(Math.exp(-Math.abs(x))) + Math.max(-x, 0);
      return (1 - label) * x + (1 + (weight - 1) * label) * softplus;
    });
    const { microF1, macroF1, subsetAccuracy } = multiLabelMetrics(predictions, labels, logits[0]?.length ?? 1);
    return { evalLoss: mean(losses), evalMicroF1: microF1, evalMacroF1: macroF1, evalSubsetAccuracy: subsetAccuracy };
  },

  scoreFunction: "sigmoid",
  answer: (logits, names, threshold) => {
    const best = argmax(logits);
    const labels = topScores(logits, names, "sigmoid", null).filter(({ score }) => score > threshold);
    return { label: names.id2label[best] as string, score: sigmoid(logits[best] as number), labels };
  },
  labelCounts: (logits, labels, numLabels) => {
    const assigned = logits.flatMap((row) => [...row.keys()].filter((label) => sigmoid(row[label] as number) > 0.5));
    const given = [...labels.keys()].filter((cell) => labels[cell] === 1).map((cell) => cell % numLabels);
    return { predicted: countLabels(assigned, numLabels), present: countLabels(given, numLabels) };
  },

  labelsPerExample: (numLabels) => numLabels,
  firstUnknown: () => -1,
  needsEveryLabel: true,
  namesToMatch: (names) => names,
  namesOption: "labels",
};
