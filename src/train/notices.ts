/** Notices: sentences about a run that a reader of its numbers should know. */
import { formatCount, formatEpoch, formatNumber, formatPercent } from "../display/numbers.ts";
import type { ResolvedArguments } from "../plan/arguments.ts";
import { describeMetric, indexOfBestEpoch, isBuiltIn, kindOf, type ModelMetric } from "../task/metrics.ts";
import type { ProblemType } from "../task/task.ts";
import { taskOf } from "../task/taskOf.ts";
import { isMostlyCut } from "./alarms.ts";
import type { DataRecord, HistoryRow } from "./runRecord.ts";

/** Returns the notice about the problem type that the training data decided; undefined for the usual one. */
export function problemTypeNotice(problemType: ProblemType): string | undefined {
  const { decidedBecause } = taskOf(problemType);
  if (decidedBecause === undefined) return undefined;
  return `Problem type "${problemType}", decided by the training data and stored with the model: ${decidedBecause}`;
}

/** Returns notices about arguments that make a run differ from usual ones. */
export function argumentNotices({ trainSamplingStrategy, precision }: ResolvedArguments): string[] {
  return [
    ...samplingNotices(trainSamplingStrategy),
    ...(precision === "float32" ? [] : [`The products of the layers were computed in ${precision}.`]),
  ];
}

function samplingNotices(strategy: ResolvedArguments["trainSamplingStrategy"]): string[] {
  switch (strategy) {
    case "random":
      return [];
    case "sequential":
      return ['Every epoch saw the texts in the order of the data (trainSamplingStrategy "sequential").'];
    case "group_by_length":
      return ['Batches were made of texts of like length (trainSamplingStrategy "group_by_length").'];
  }
}

/**
 * Returns notices about the number of examples truncated to `maxLength` tokens. Of training data that is mostly cut an alarm
 * tells.
 */
export function cutNotices(train: DataRecord, evaluation: DataRecord | undefined, maxLength: number): string[] {
  const parts = [
    { part: "training", data: isMostlyCut(train) ? undefined : train },
    { part: "validation", data: evaluation },
  ].flatMap(({ part, data }) =>
    data === undefined || data.cut === 0
      ? []
      : [
          `${formatCount(data.cut)} of ${formatCount(data.rows)} ${part} examples (${formatPercent(data.cut / data.rows)})`,
        ],
  );
  if (parts.length === 0) return [];
  return [`Longer than ${formatCount(maxLength)} tokens (maxLength), and cut there: ${parts.join(", ")}.`];
}

/**
 * Returns notices about a metric that is undefined or that has the same value for all epochs, such as micro F1 while no
 * label has reached a probability of 0.5. `endedByPatience`: whether a stage ended early, so that more epochs would
 * change nothing.
 */
export function bestEpochNotices(
  history: readonly HistoryRow[],
  metric: ModelMetric,
  endedByPatience: boolean,
): string[] {
  const { key } = metric;
  const evaluated = history.filter((row) => row.evalLoss !== undefined || row[key] !== undefined);
  if (evaluated.length === 0 || key === "evalLoss") return [];
  const values = evaluated.flatMap((row) => row[key] ?? []);
  const undefinedIn = evaluated.length - values.length;
  if (undefinedIn > 0) {
    const all = values.length === 0;
    return [
      `Validation ${kindOf(key).name} is not defined in ${undefinedIn} of ${evaluated.length} epochs, where ` +
        `${isBuiltIn(key) ? "the targets or the predictions do not vary" : "computeMetrics gave no number"}: ${all ? "the epochs" : "such epochs"} were compared by their validation loss.`,
    ];
  }
  const [first] = values as [number];
  if (values.length < 2 || values.some((value) => value !== first)) return [];
  const best = evaluated[indexOfBestEpoch(evaluated, metric) as number] as HistoryRow;
  const loss = best.evalLoss === undefined ? "" : `, ${formatNumber(best.evalLoss)}`;
  return [
    `Validation ${describeMetric(key, first)} after every epoch: epoch ${formatEpoch(best.epoch)}, with the lowest validation loss${loss}, ` +
      "counts as the best. " +
      (endedByPatience ? "" : "Train longer or at a higher learning rate, or choose ") +
      (endedByPatience
        ? 'metricForBestModel: "loss" chooses by that loss alone.'
        : 'the epoch by metricForBestModel: "loss".'),
  ];
}
