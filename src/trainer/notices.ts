/** Sentences about a run that whoever reads its numbers should know. */
import type { ProblemType } from "../config/config.ts";
import type { HistoryRow } from "../history/history.ts";
import { describeMetric, type ModelMetric } from "../history/metrics.ts";
import type { ResolvedArguments } from "./arguments.ts";

/** What the data has decided; one label a text is what everybody expects. */
export function problemTypeNotice(problemType: ProblemType): string | undefined {
  if (problemType === "single_label_classification") return undefined;
  return (
    `Problem type "${problemType}", decided by the training data and stored with the model: ` +
    (problemType === "regression" ? "its targets are numbers." : "its texts have any number of labels.")
  );
}

/** How the arguments make it differ from other runs. */
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

/** Where the metric cannot tell the epochs apart, as micro F1 while no label has reached a probability of 0.5. */
export function bestEpochNotices(history: readonly HistoryRow[], { key }: ModelMetric): string[] {
  const values = history.flatMap((row) => row[key] ?? []);
  const [first] = values;
  if (first === undefined || values.length < 2 || key === "evalLoss" || values.some((value) => value !== first))
    return [];
  return [
    `Validation ${describeMetric(key, first)} after every epoch: the first counts as the best. Train longer or at a higher ` +
      'learning rate, or choose the epoch by metricForBestModel: "loss".',
  ];
}
