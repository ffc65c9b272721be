/** Metrics of a whole data set from its logits, and the labels that a model never gives. */
import type { MetricKey } from "../task/metrics.ts";
import type { Labels, ProblemType } from "../task/task.ts";
import { taskOf } from "../task/taskOf.ts";

/**
 * The mean loss, and the metrics of the problem type: accuracy and macro F1; of several labels micro F1, macro F1 and subset
 * accuracy at a probability of 0.5; of regression MSE, MAE, R2, Pearson and Spearman, the last three where they are
 * defined. Others are not there.
 */
export type EvaluateResult = Readonly<Record<MetricKey, number>>;

/** Computes the metrics of logits `[labels]` of each example, in float64. Default: one label per example. */
export function evaluateLogits(
  logits: readonly Float32Array[],
  labels: Labels,
  problemType?: ProblemType,
): EvaluateResult {
  const metrics = Object.entries(taskOf(problemType).evaluate(logits, labels));
  return Object.fromEntries(metrics.filter(([, value]) => value !== undefined)) as EvaluateResult;
}

/** Labels that examples have, and that the model gave to none of them. */
export interface NeverPredicted {
  /** Each with the number of examples that have it. */
  readonly labels: readonly { readonly name: string; readonly examples: number }[];
  /** Number of all examples. */
  readonly rows: number;
}

/**
 * Finds labels that examples have and that the logits give to none; undefined where there is none, and for a regression.
 */
export function neverPredicted(
  logits: readonly Float32Array[],
  labels: Labels,
  names: readonly string[],
  problemType?: ProblemType,
): NeverPredicted | undefined {
  const counts = taskOf(problemType).labelCounts(logits, labels, names.length);
  if (counts === undefined) return undefined;
  const missed = names.flatMap((name, label) => {
    const examples = counts.present[label] ?? 0;
    return examples > 0 && counts.predicted[label] === 0 ? [{ name, examples }] : [];
  });
  return missed.length === 0 ? undefined : { labels: missed, rows: logits.length };
}
