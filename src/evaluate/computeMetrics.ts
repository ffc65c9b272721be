/** Metrics of a user's own: the function that computes them, the names under which they are kept, and the check before training. */
import type { TextDataset } from "../data/textDataset.ts";
import { listed } from "../display/listed.ts";
import { ThawError } from "../errors.ts";
import { inspect } from "../platform/inspect.ts";
import { customMetricKey, isBuiltIn, type MetricKey, type Metrics, type ModelMetric } from "../task/metrics.ts";
import type { Labels } from "../task/task.ts";
import { randomNormal } from "../tensor/random.ts";

/** The logits of a data set and its labels, from which `computeMetrics` computes. They are copies. */
export interface EvalPrediction {
  /** The logits `[labels]` of each example, in the order of the data set. */
  readonly predictions: readonly Float32Array[];
  /**
   * The labels in the same order. One label per example: its index, `[examples]`. Several: 0 or 1 for each label,
   * `[examples, labels]`, row by row. Regression: the targets, `[examples, outputs]`.
   */
  readonly labelIds: Labels;
  /** The data set itself, with its texts and label names. */
  readonly dataset: TextDataset;
}

/**
 * Computes further metrics of a data set: `({ predictions, labelIds }) => ({ mcc: ... })`. Each name becomes a key of the log, `mcc`
 * that of `evalMcc`. A metric that is not defined is NaN or undefined.
 */
export type ComputeMetrics = (
  prediction: EvalPrediction,
) => Readonly<Record<string, number | undefined>> | Promise<Readonly<Record<string, number | undefined>>>;

/** A user's own metrics, if there are any. */
export class OwnMetrics {
  readonly #compute: ComputeMetrics | undefined;

  constructor(compute: ComputeMetrics | undefined) {
    this.#compute = compute;
  }

  get areThere(): boolean {
    return this.#compute !== undefined;
  }

  /**
   * Computes the metrics of a data set from its logits, under their keys in the log; those that are not defined are left out. Throws
   * `BAD_METRICS` where the function fails, or returns anything but numbers by names that are free.
   */
  async of(dataset: TextDataset, logits: readonly Float32Array[]): Promise<Metrics> {
    const named = this.#compute === undefined ? [] : await this.#named(this.#compute, dataset, logits);
    return Object.fromEntries([...named].filter(([, value]) => value !== undefined));
  }

  /**
   * Calls the function once before training, with the labels of the validation data and random logits `[labels]`, so that what is
   * wrong with it is known before any work is done. Throws `BAD_METRICS`, and `BAD_ARGUMENT` if the metric that is to choose
   * the best epoch is not among its names.
   */
  async tryOn(dataset: TextDataset, labels: number, { key }: ModelMetric): Promise<void> {
    if (this.#compute === undefined) return;
    const values = randomNormal(0, "computeMetrics", dataset.length * labels);
    const logits = Array.from({ length: dataset.length }, (_, i) => values.slice(i * labels, (i + 1) * labels));
    const named = await this.#named(this.#compute, dataset, logits);
    if (isBuiltIn(key) || named.has(key)) return;
    throw new ThawError(
      "BAD_ARGUMENT",
      `metricForBestModel is "${key}", which is not among the metrics of computeMetrics: it returned ` +
        `${named.size === 0 ? "none" : listed([...named.keys()])}.`,
    );
  }

  /** Calls the function; returns what it names by the keys of the log, with undefined for a metric that is not defined. */
  async #named(
    compute: ComputeMetrics,
    dataset: TextDataset,
    logits: readonly Float32Array[],
  ): Promise<ReadonlyMap<MetricKey, number | undefined>> {
    const result = await this.#result(compute, dataset, logits);
    if (typeof result !== "object" || result === null || Array.isArray(result)) {
      const found = result === undefined ? "nothing" : inspect(result, { depth: 0 });
      throw new ThawError(
        "BAD_METRICS",
        `computeMetrics returned ${found}; it must return numbers by their names: { mcc: 0.5 }.`,
      );
    }
    const metrics = new Map<MetricKey, number | undefined>();
    const names = new Map<MetricKey, string>();
    for (const [name, value] of Object.entries(result)) {
      const key = keyOf(name);
      if (names.has(key)) {
        throw new ThawError(
          "BAD_METRICS",
          `computeMetrics returned "${names.get(key)}" and "${name}", which are both ${key} in the log: rename one.`,
        );
      }
      const isUndefined = value === undefined || Number.isNaN(value);
      if (!isUndefined && (typeof value !== "number" || !Number.isFinite(value))) {
        throw new ThawError(
          "BAD_METRICS",
          `computeMetrics returned ${inspect(value, { depth: 0 })} as "${name}"; it must be a finite number, or NaN where it is ` +
            "not defined.",
        );
      }
      names.set(key, name);
      metrics.set(key, isUndefined ? undefined : value);
    }
    return metrics;
  }

  /** Gives the function copies, so that nothing else changes where it writes into them. */
  async #result(compute: ComputeMetrics, dataset: TextDataset, logits: readonly Float32Array[]): Promise<unknown> {
    const [predictions, labelIds] = [logits.map((row) => row.slice()), dataset.batchLabels().slice()];
    try {
      return await compute({ predictions, labelIds, dataset });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new ThawError("BAD_METRICS", `computeMetrics failed with the data set "${dataset.name}": ${message}`, {
        cause: error,
      });
    }
  }
}

function keyOf(name: string): MetricKey {
  const key = customMetricKey(name);
  if (key === undefined) {
    throw new ThawError(
      "BAD_METRICS",
      `computeMetrics returned a metric of the name "${name}"; names begin with a letter and have letters, digits and _, as in "mcc" ` +
        'or "recall_of_spam"; "seconds" is the time of the evaluation.',
    );
  }
  if (isBuiltIn(key)) {
    throw new ThawError(
      "BAD_METRICS",
      `computeMetrics returned "${name}", but ${key} is in the log anyway: leave it out, or give it another name.`,
    );
  }
  return key;
}
