/** The problem type of a config, its task, and the metric of a task for choosing the best epoch. */
import { ThawError } from "../errors.ts";
import { customMetricKey, type ModelMetric, metricOf } from "./metrics.ts";
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

/** The settings of a config that decide its problem type. */
interface TypeSettings {
  readonly problemType?: ProblemType | undefined;
  readonly numLabels: number;
}

/**
 * Returns the problem type that a config decides: the one it names, or regression with a single output, as in
 * transformers. Undefined if only the labels can decide it.
 */
export const decidedType = ({ problemType, numLabels }: TypeSettings): ProblemType | undefined =>
  problemType ?? (numLabels === 1 ? "regression" : undefined);

/** The user's choice of how the best epoch is found. */
interface MetricChoice {
  /** A metric of the task: "macroF1", "evalMacroF1" or "eval_macro_f1". Undefined: the task's own. */
  readonly metricForBestModel: string | undefined;
  /** Whether a higher value is better; undefined: the natural direction of the metric. */
  readonly greaterIsBetter: boolean | undefined;
  /** Whether the user's own metrics are computed, so that other names are possible. */
  readonly hasCustom?: boolean;
}

/**
 * Returns the metric by which the best epoch is chosen. Throws `BAD_ARGUMENT` if the problem type has no metric of that name and
 * the user computes none, and for one of the user's whose direction is not given: it could only be guessed.
 */
export function modelMetric(
  { metricForBestModel, greaterIsBetter, hasCustom = false }: MetricChoice,
  problemType: ProblemType,
): ModelMetric {
  const { metrics: known } = taskOf(problemType);
  const plain = (name: string) => name.replaceAll("_", "").toLowerCase().replace(/^eval/, "");
  const key =
    metricForBestModel === undefined ? known[1] : known.find((each) => plain(each) === plain(metricForBestModel));
  const custom = key === undefined && hasCustom ? customMetricKey(metricForBestModel ?? "") : undefined;
  if (custom !== undefined) {
    if (greaterIsBetter !== undefined) return { key: custom, greaterIsBetter };
    throw new ThawError(
      "BAD_ARGUMENT",
      `metricForBestModel is "${metricForBestModel}", a metric of computeMetrics: say with greaterIsBetter: true or false whether ` +
        "a higher value is better.",
    );
  }
  if (key === undefined) {
    throw new ThawError(
      "BAD_ARGUMENT",
      `metricForBestModel is "${metricForBestModel}"; of problem type "${problemType}" there are ${known.join(", ")}.`,
    );
  }
  const metric = metricOf(key);
  return { key, greaterIsBetter: greaterIsBetter ?? metric.greaterIsBetter };
}
