/** Numbers as targets: mean squared error, R2 and correlations. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../tensor/differentiable.ts";
import { multiply, square, subtract } from "../tensor/ops.ts";
import { tf } from "../tensor/tensorflow.ts";
import { mean } from "./scores.ts";
import type { Task } from "./task.ts";

/**
 * Mean over all cells of `(x - y)^2`, a scalar: `logits [examples, outputs]`, one target for each cell, row after row. It is
 * PyTorch's `MSELoss`; its gradient is `2 (x - y)` over the number of cells. `examples`: the size of the larger batch that
 * this one is a part of. Default: its own.
 */
export function meanSquaredError(
  logits: Tensor,
  targets: Float32Array,
  examples: number = logits.shape[0] as number,
): Tensor {
  const cells = examples * (logits.shape[1] as number);
  return differentiable({ logits }, () => {
    const difference = subtract(logits, tf.tensor(targets, logits.shape, "float32"));
    return {
      value: square(difference).sum().div(cells),
      saved: { difference },
      gradient: (dy, { difference }) => ({ logits: () => multiply(difference, dy.mul(2 / cells)) }),
    };
  });
}

/** Metrics of predicted numbers, as scikit-learn and SciPy compute them; of several outputs the mean over them. */
interface RegressionMetrics {
  /** Mean squared error. */
  readonly mse: number;
  /** Mean absolute error. */
  readonly mae: number;
  /** Share of the targets' variance that is explained, at most 1; undefined where targets do not vary. */
  readonly r2: number | undefined;
  /** Correlation, from -1 to 1; undefined where the targets or the predictions of an output do not vary. */
  readonly pearson: number | undefined;
  /** Correlation of the ranks, where equal numbers have the mean of their ranks; undefined as `pearson` is. */
  readonly spearman: number | undefined;
}

/** Compares predictions with targets, both `[examples, outputs]`, row after row. */
export function regressionMetrics(
  predictions: ArrayLike<number>,
  targets: ArrayLike<number>,
  outputs: number,
): RegressionMetrics {
  const byOutput = Array.from({ length: outputs }, (_, output) => {
    const [p, t] = [column(predictions, output, outputs), column(targets, output, outputs)];
    const differences = p.map((value, i) => value - (t[i] as number));
    const squares = mean(differences.map((difference) => difference ** 2));
    const variance = covariance(t, t);
    return {
      mse: squares,
      mae: mean(differences.map(Math.abs)),
      r2: variance === 0 ? undefined : 1 - squares / variance,
      pearson: correlation(p, t),
      spearman: correlation(ranks(p), ranks(t)),
    };
  });
  const whole = (key: "mse" | "mae") => mean(byOutput.map((each) => each[key]));
  const defined = (key: "r2" | "pearson" | "spearman") => {
    const values = byOutput.flatMap((each) => each[key] ?? []);
    return values.length < outputs ? undefined : mean(values);
  };
  return {
    mse: whole("mse"),
    mae: whole("mae"),
    r2: defined("r2"),
    pearson: defined("pearson"),
    spearman: defined("spearman"),
  };
}

function column(cells: ArrayLike<number>, output: number, outputs: number): number[] {
  return Array.from({ length: cells.length / outputs }, (_, example) => cells[example * outputs + output] as number);
}

function covariance(a: readonly number[], b: readonly number[]): number {
  // the covariance with equal numbers is exactly 0, even if their mean is rounded
  if ([a, b].some((values) => values.every((value) => value === values[0]))) return 0;
  const [meanA, meanB] = [mean(a), mean(b)];
  return mean(a.map((value, i) => (value - meanA) * ((b[i] as number) - meanB)));
}

function correlation(a: readonly number[], b: readonly number[]): number | undefined {
  const spread = Math.sqrt(covariance(a, a) * covariance(b, b));
  return spread === 0 ? undefined : Math.max(-1, Math.min(1, covariance(a, b) / spread));
}

/** Returns the rank of each value, from 1 on. */
function ranks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((i, j) => (values[i] as number) - (values[j] as number));
  const result = new Array<number>(values.length);
  for (let first = 0; first < order.length; ) {
    let end = first + 1;
    while (end < order.length && values[order[end] as number] === values[order[first] as number]) end += 1;
    for (const i of order.slice(first, end)) result[i] = (first + 1 + end) / 2;
    first = end;
  }
  return result;
}

export const regression: Task = {
  problemType: "regression",
  labelling: "numbers",
  decidedBecause: "its targets are numbers.",

  loss: (logits, labels, examples) => meanSquaredError(logits, Float32Array.from(labels), examples),
  lossTotal: (_, examples) => examples,

  metrics: ["evalLoss", "evalMse", "evalMae", "evalR2", "evalPearson", "evalSpearman"],
  evaluate: (logits, targets) => {
    const predictions = logits.flatMap((row) => [...row]);
    const { mse, mae, r2, pearson, spearman } = regressionMetrics(predictions, targets, logits[0]?.length ?? 1);
    return { evalLoss: mse, evalMse: mse, evalMae: mae, evalR2: r2, evalPearson: pearson, evalSpearman: spearman };
  },

  scoreFunction: "none",
  answer: (logits, { id2label }) => {
    const values = Array.from(logits);
    return { label: id2label[0] as string, score: values[0] as number, values };
  },
  labelCounts: () => undefined,

  labelsPerExample: (numLabels) => numLabels,
  firstUnknown: () => -1,
  needsEveryLabel: true,
  namesToMatch: (names) => (names.length === 1 ? undefined : names), // one column means the same whatever it is called
  namesOption: "label",
};
