/** Computes metrics and losses of a data set from its logits, and the labels that a model never predicts. */
import type { BuiltInMetric, Metrics } from "../task/metrics.ts";
import type { Labels, LossOptions, ProblemType } from "../task/task.ts";
import { taskOf } from "../task/taskOf.ts";

/**
 * The mean loss and the metrics of the problem type: accuracy and macro F1; for several labels per example micro F1,
 * macro F1 and subset accuracy at a probability of 0.5; for regression MSE, MAE, R2, Pearson and Spearman, the last
 * three only if defined. Other keys are absent. The metrics of the trainer's `computeMetrics` come after them.
 */
export type EvaluateResult = Readonly<Record<BuiltInMetric, number>> & Metrics;

/**
 * Computes the metrics of logits `[labels]` of each example, in float64. Defaults: one label per example, and the plain loss.
 */
export function evaluateLogits(
  logits: readonly Float32Array[],
  labels: Labels,
  problemType?: ProblemType,
  loss: LossOptions = {},
): EvaluateResult {
  const metrics = Object.entries(taskOf(problemType).evaluate(logits, labels, loss));
  return Object.fromEntries(metrics.filter(([, value]) => value !== undefined)) as EvaluateResult;
}

/** Computes the loss of each example from the logits `[labels]` of each and all labels. */
export function exampleLosses(logits: readonly Float32Array[], labels: Labels, problemType?: ProblemType): number[] {
  const task = taskOf(problemType);
  const width = labels.length / logits.length;
  return logits.map((row, i) => task.evaluate([row], labels.slice(i * width, (i + 1) * width)).evalLoss as number);
}

/** Labels that occur in a data set and that the model predicted for no example. */
export interface NeverPredicted {
  /** Names of the labels, each with the number of examples that have it. */
  readonly labels: readonly { readonly name: string; readonly examples: number }[];
  /** Number of all examples. */
  readonly rows: number;
}

/**
 * Finds labels that occur in the data set and that the logits predict for no example; undefined if there are none, and
 * for a regression.
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
