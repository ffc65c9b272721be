/** The metrics of an evaluation: their names, which of two values is better, and how they are written. */
import { formatNumber, formatPercent } from "../display/numbers.ts";

/** The name and scale of a metric. */
interface MetricKind {
  /** Name of the metric within a sentence: "validation accuracy". */
  readonly name: string;
  /** "share": a fraction, read in percent. "correlation": at most 1. "error": in the unit of the loss or the targets. */
  readonly scale: "share" | "correlation" | "error";
}

/** All metrics by their names in the log, in the order of tables. Higher is better, except for errors. */
export const metricKinds = {
  evalLoss: { name: "loss", scale: "error" },
  evalAccuracy: { name: "accuracy", scale: "share" },
  evalMicroF1: { name: "micro F1", scale: "share" },
  evalMacroF1: { name: "macro F1", scale: "share" },
  evalSubsetAccuracy: { name: "subset accuracy", scale: "share" },
  evalMse: { name: "MSE", scale: "error" },
  evalMae: { name: "MAE", scale: "error" },
  evalR2: { name: "R2", scale: "correlation" },
  evalPearson: { name: "Pearson", scale: "correlation" },
  evalSpearman: { name: "Spearman", scale: "correlation" },
} as const satisfies Record<string, MetricKind>;

/** The name of a metric, as in `evalAccuracy`. */
export type MetricKey = keyof typeof metricKinds;
export const metricKeys = Object.keys(metricKinds) as readonly MetricKey[];

/** The metrics of one evaluation; the problem type decides which of them are present. */
export type Metrics = Readonly<Partial<Record<MetricKey, number>>>;

/** The metric that the best epoch is chosen by. */
export interface ModelMetric {
  /** The name of the metric. */
  readonly key: MetricKey;
  /** Whether a greater value is better. */
  readonly greaterIsBetter: boolean;
}

export const accuracyMetric: ModelMetric = { key: "evalAccuracy", greaterIsBetter: true };
const lossMetric: ModelMetric = { key: "evalLoss", greaterIsBetter: false };

/** Returns the metric with this name and its natural direction. */
export const metricOf = (key: MetricKey): ModelMetric => ({ key, greaterIsBetter: metricKinds[key].scale !== "error" });

/** Tells whether `value` is better than `other`; any value is better than undefined, and undefined is never better. */
export function isBetter(
  value: number | undefined,
  other: number | undefined,
  { greaterIsBetter }: ModelMetric,
): boolean {
  if (value === undefined || other === undefined) return value !== undefined;
  return greaterIsBetter ? value > other : value < other;
}

/**
 * Whether an epoch is better than another one: by the metric, and where that is the same or defined in neither, by a lower
 * validation loss. An epoch that was not evaluated is not better than any; any other is better than none.
 */
export function isBetterEpoch(epoch: Metrics, other: Metrics | undefined, metric: ModelMetric): boolean {
  const [value, loss] = [epoch[metric.key], epoch.evalLoss];
  if (value === undefined && loss === undefined) return false;
  if (other === undefined) return true;
  const best = other[metric.key];
  if (isBetter(value, best, metric)) return true;
  if (isBetter(best, value, metric)) return false;
  return isBetter(loss, other.evalLoss, lossMetric);
}

/** Returns the index of the best epoch, the first of equals; undefined where none was evaluated. */
export function indexOfBestEpoch(epochs: readonly Metrics[], metric: ModelMetric): number | undefined {
  let best: number | undefined;
  epochs.forEach((epoch, i) => {
    if (isBetterEpoch(epoch, best === undefined ? undefined : epochs[best], metric)) best = i;
  });
  return best;
}

/** Returns the index of the best value, the first of equals; undefined where there is none. */
export function indexOfBest(values: readonly (number | undefined)[], metric: ModelMetric): number | undefined {
  let best: number | undefined;
  values.forEach((value, i) => {
    if (isBetter(value, best === undefined ? undefined : values[best], metric)) best = i;
  });
  return best;
}

/** Writes 0.8123 as "81.2%" where it is a share, as "0.812" where it is a correlation; an error with four digits. */
export function formatMetric(key: MetricKey, value: number): string {
  switch (metricKinds[key].scale) {
    case "share":
      return formatPercent(value);
    case "correlation":
      return value.toFixed(3).replace(/^-(0\.0+)$/, "$1");
    case "error":
      return formatNumber(value);
  }
}

/** Writes a metric with its name: "accuracy 81.2%". */
export const describeMetric = (key: MetricKey, value: number): string =>
  `${metricKinds[key].name} ${formatMetric(key, value)}`;

/** Writes the name of a metric as the title of a column: "Macro F1". */
export function metricTitle(key: MetricKey): string {
  const { name } = metricKinds[key];
  return name.charAt(0).toUpperCase() + name.slice(1);
}
