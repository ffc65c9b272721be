/** The task of a problem type, and its metric for choosing the best epoch. */
import { ThawError } from "../errors.ts";
import { type ModelMetric, metricOf } from "./metrics.ts";
import { multiLabel } from "./multiLabel.ts";
import { regression } from "./regression.ts";
import { singleLabel } from "./singleLabel.ts";
import type { ProblemType, Task } from "./task.ts";

const tasks: Readonly<Record<ProblemType, Task>> = {
  single_label_classification: singleLabel,
  multi_label_classification: multiLabel,
  regression,
};

/**
 * Returns the task of a problem type, as `...ForSequenceClassification` of transformers 5.23 has it (loss/loss_utils.py).
 * Default: one label per example.
 */
export const taskOf = (problemType: ProblemType = "single_label_classification"): Task => tasks[problemType];

/** The user's choice of how the best epoch is found. */
interface MetricChoice {
  /** A metric of the task: "macroF1", "evalMacroF1" or "eval_macro_f1". Undefined: the task's own. */
  readonly metricForBestModel: string | undefined;
  /** Whether a higher value is better; undefined: the natural direction of the metric. */
  readonly greaterIsBetter: boolean | undefined;
}

/**
 * Returns the metric by which the best epoch is chosen. Throws `BAD_ARGUMENT` if the problem type has no metric of that
 * name.
 */
export function modelMetric(
  { metricForBestModel, greaterIsBetter }: MetricChoice,
  problemType: ProblemType,
): ModelMetric {
  const { metrics: known } = taskOf(problemType);
  const plain = (name: string) => name.replaceAll("_", "").toLowerCase().replace(/^eval/, "");
  const key =
    metricForBestModel === undefined ? known[1] : known.find((each) => plain(each) === plain(metricForBestModel));
  if (key === undefined) {
    throw new ThawError(
      "BAD_ARGUMENT",
      `metricForBestModel is "${metricForBestModel}"; of problem type "${problemType}" there are ${known.join(", ")}.`,
    );
  }
  const metric = metricOf(key);
  return { key, greaterIsBetter: greaterIsBetter ?? metric.greaterIsBetter };
}
