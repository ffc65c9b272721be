/** The metrics of an evaluation: their names, which of two values is better, and how they are written. */
import { formatNumber, formatPercent } from "../display/numbers.ts";

/** The name and scale of a metric. */
interface MetricKind {
  /** Name of the metric within a sentence: "validation accuracy". */
  readonly name: string;
  /**
   * "share": a fraction, read in percent. "correlation": at most 1. "error": in the unit of the loss or the targets. "number":
   * nothing is known about it.
   */
  readonly scale: "share" | "correlation" | "error" | "number";
}

/** The metrics of the problem types by their names in the log, in the order of tables. Higher is better, except for errors. */
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

/** The name of a metric of a problem type in the log, as in `evalAccuracy`. */
export type BuiltInMetric = keyof typeof metricKinds;
/** The name of a metric in the log: `evalAccuracy`, or `evalMcc` for the `mcc` of a trainer's `computeMetrics`. */
export type MetricKey = `eval${string}`;

/**
 * The metrics of one evaluation: those of the problem type, and those that the trainer's `computeMetrics` returned. A metric that
 * is not defined is absent.
 */
export type Metrics = Readonly<Partial<Record<BuiltInMetric, number>>> & {
  readonly [custom: MetricKey]: number | undefined;
};

/** Keys of the log that begin like those of metrics and are none: a time, for example. */
const notMetrics: ReadonlySet<string> = new Set(["evalSeconds"]);

const builtIn = Object.keys(metricKinds) as readonly BuiltInMetric[];
export const isBuiltIn = (key: string): key is BuiltInMetric => Object.hasOwn(metricKinds, key);

/** Returns the name and scale of a metric; a user's own is called by its words: "recall of spam" of `evalRecallOfSpam`. */
export function kindOf(key: MetricKey): MetricKind {
  if (isBuiltIn(key)) return metricKinds[key];
  const words = key.slice("eval".length).replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, " ");
  return { name: words.toLowerCase(), scale: "number" };
}

/**
 * Returns the name in the log of a metric that a user calls "recallOfSpam", "recall_of_spam" or "eval_recall_of_spam"; undefined if
 * that is no name, or one that the log has for something else.
 */
export function customMetricKey(name: string): MetricKey | undefined {
  const words = name.replace(/^eval(?=_|[A-Z])/, "").split("_");
  const key = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  return /^[A-Z][A-Za-z0-9]*$/.test(key) && !notMetrics.has(`eval${key}`) ? `eval${key}` : undefined;
}

/** Lists the metrics that any of these evaluations has: those of the problem types in the order of tables, then a user's own. */
export function metricKeysOf(evaluations: readonly object[]): readonly MetricKey[] {
  const keys = new Set<string>();
  // without a list for each row: a live table asks this of the whole log at every redraw
  for (const each of evaluations) {
    for (const key in each) if (each[key as keyof typeof each] !== undefined) keys.add(key);
  }
  const isOwn = (key: string): key is MetricKey => /^eval[A-Z]/.test(key) && !isBuiltIn(key) && !notMetrics.has(key);
  return [...builtIn.filter((key) => keys.has(key)), ...[...keys].filter(isOwn)];
}

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
export const metricOf = (key: BuiltInMetric): ModelMetric => ({ key, greaterIsBetter: kindOf(key).scale !== "error" });

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

/**
 * Whether an epoch is so much better than another one that patience begins anew: its metric by more than `minDelta`, as with
 * the threshold of transformers' `EarlyStoppingCallback`. With a `minDelta` of 0 it is `isBetterEpoch`.
 */
export function isImprovement(
  epoch: Metrics,
  other: Metrics | undefined,
  metric: ModelMetric,
  minDelta: number,
): boolean {
  const [value, best] = [epoch[metric.key], other?.[metric.key]];
  if (minDelta === 0 || value === undefined || best === undefined) return isBetterEpoch(epoch, other, metric);
  return isBetter(value, best, metric) && Math.abs(value - best) > minDelta;
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

/** Writes 0.8123 as "81.2%" where it is a share, as "0.812" where it is a correlation; others with four digits. */
export function formatMetric(key: MetricKey, value: number): string {
  switch (kindOf(key).scale) {
    case "share":
      return formatPercent(value);
    case "correlation":
      return value.toFixed(3).replace(/^-(0\.0+)$/, "$1");
    case "error":
    case "number":
      return formatNumber(value);
  }
}

/** Writes a metric with its name: "accuracy 81.2%". */
export const describeMetric = (key: MetricKey, value: number): string =>
  `${kindOf(key).name} ${formatMetric(key, value)}`;

/** Writes the name of a metric as the title of a column: "Macro F1". */
export function metricTitle(key: MetricKey): string {
  const { name } = kindOf(key);
  return name.charAt(0).toUpperCase() + name.slice(1);
}
