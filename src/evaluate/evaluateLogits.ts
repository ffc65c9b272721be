/** What the logits of a whole data set are worth, in float64. */
import type { Labels, ProblemType } from "../models/config/config.ts";
import type { MetricKey } from "../task/metricNames.ts";
import { classificationMetrics } from "../task/metrics.ts";
import { multiLabelMetrics } from "../task/multiLabel.ts";
import { regressionMetrics } from "../task/regression.ts";
import type { NeverPredicted } from "../train/notices.ts";

/**
 * The mean loss, and the metrics of the problem type: accuracy and macro F1; of several labels micro F1, macro F1 and subset
 * accuracy at a probability of 0.5; of regression MSE, MAE, R2, Pearson and Spearman, the last three where they are
 * defined. Others are not there.
 */
export type EvaluateResult = Readonly<Record<MetricKey, number>>;

export function evaluateLogits(
  logits: readonly Float32Array[],
  labels: Labels,
  problemType: ProblemType = "single_label_classification",
): EvaluateResult {
  const present = Object.entries(metricsBy[problemType](logits, labels)).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as EvaluateResult;
}

type Evaluate = (
  logits: readonly Float32Array[],
  labels: Labels,
) => Partial<Record<MetricKey, number | undefined>> & { readonly evalLoss: number };

const metricsBy: Readonly<Record<ProblemType, Evaluate>> = {
  single_label_classification: (logits, labels) => {
    const { accuracy, macroF1 } = classificationMetrics(logits.map(argmax), labels);
    const losses = logits.map((row, i) => -(logSoftmax(row)[labels[i] as number] as number));
    return { evalLoss: mean(losses), evalAccuracy: accuracy, evalMacroF1: macroF1 };
  },
  multi_label_classification: (logits, labels) => {
    const cells = logits.flatMap((row) => [...row]);
    const predictions = cells.map((x) => Number(sigmoid(x) > 0.5));
    const losses = cells.map((x, i) => Math.max(x, 0) - x * (labels[i] as number) + Math.log1p(Math.exp(-Math.abs(x))));
    const { microF1, macroF1, subsetAccuracy } = multiLabelMetrics(predictions, labels, logits[0]?.length ?? 1);
    return { evalLoss: mean(losses), evalMicroF1: microF1, evalMacroF1: macroF1, evalSubsetAccuracy: subsetAccuracy };
  },
  regression: (logits, targets) => {
    const outputs = logits[0]?.length ?? 1;
    const { mse, mae, r2, pearson, spearman } = regressionMetrics(
      logits.flatMap((row) => [...row]),
      targets,
      outputs,
    );
    return { evalLoss: mse, evalMse: mse, evalMae: mae, evalR2: r2, evalPearson: pearson, evalSpearman: spearman };
  },
};

/** Labels that examples have and that the logits give to none of them; undefined where there is none, and of a regression. */
export function neverPredicted(
  logits: readonly Float32Array[],
  labels: Labels,
  names: readonly string[],
  problemType: ProblemType = "single_label_classification",
): NeverPredicted | undefined {
  if (problemType === "regression") return undefined;
  const [given, present] = [names.map(() => 0), names.map(() => 0)];
  const isSingle = problemType === "single_label_classification";
  const count = (counts: number[], label: number) => {
    counts[label] = (counts[label] ?? 0) + 1;
  };
  logits.forEach((row, i) => {
    if (isSingle) {
      count(given, argmax(row));
      count(present, labels[i] as number);
    } else {
      row.forEach((x, label) => {
        if (sigmoid(x) > 0.5) count(given, label);
        if (labels[i * row.length + label] === 1) count(present, label);
      });
    }
  });
  const missed = names.flatMap((name, label) => {
    const examples = present[label] ?? 0;
    return examples > 0 && given[label] === 0 ? [{ name, examples }] : [];
  });
  return missed.length === 0 ? undefined : { labels: missed, rows: logits.length };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

export function argmax(row: Float32Array): number {
  return row.indexOf(Math.max(...row));
}

/** In float64: `x - max - log(sum(exp(x - max)))`. */
export function logSoftmax(row: Float32Array): number[] {
  const max = Math.max(...row);
  const logSum = Math.log(row.reduce((sum, x) => sum + Math.exp(x - max), 0));
  return Array.from(row, (x) => x - max - logSum);
}

/** `1 / (1 + exp(-x))` */
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
