/** Runs of one strategy with different seeds, as one row of numbers. */
import { ThawError } from "../errors.ts";
import type { RunRecord } from "../history/history.ts";
import { accuracyMetric, type MetricKey, type Metrics, type ModelMetric, metricKeys } from "../history/metrics.ts";

/** What `trainer.evaluate(test)` returns. */
export type TestResult = Metrics;

/** A run, with what it reached on texts that neither training nor the choice of the best epoch has seen. */
export type RunLike = RunRecord & { readonly test?: TestResult | undefined };

/** Sample standard deviation; 0 for a single value. */
export interface Spread {
  readonly mean: number;
  readonly deviation: number;
  readonly count: number;
}

export interface RunSummary {
  readonly name: string;
  readonly runs: number;
  /** What the best epochs were chosen by. */
  readonly metric: ModelMetric;
  /** Of the best epochs; absent where no run was evaluated. */
  readonly validation: Spread | undefined;
  /** On the test texts: that metric first; the loss is left out. */
  readonly test: ReadonlyMap<MetricKey, Spread>;
  readonly seconds: Spread;
  readonly trainableParameters: number;
  readonly totalParameters: number;
  readonly epochs: number;
  /** Predicted work in epochs of training everything: 3 epochs at 0.4 of the cost are 1.2. */
  readonly fullEpochs: number;
  readonly frozenTensors: number;
  readonly changedTensors: number;
}

/** One summary a name, in the order of `runs`. @throws ThawError `NO_RUNS` where there is nothing to compare. */
export function summarize(runs: Readonly<Record<string, RunLike | readonly RunLike[]>>): RunSummary[] {
  const named = Object.entries(runs).map(([name, group]) => [name, "history" in group ? [group] : group] as const);
  if (named.length === 0) throw new ThawError("NO_RUNS", 'There is no run to compare: pass { "a name": run, ... }.');
  const summaries = named.map(([name, group]) => summarizeGroup(name, group));
  const other = summaries.find(({ metric }) => metric.key !== summaries[0]?.metric.key);
  if (other === undefined) return summaries;
  throw new ThawError(
    "DIFFERENT_METRICS",
    `"${summaries[0]?.name}" was judged by ${summaries[0]?.metric.key}, "${other.name}" by ${other.metric.key}: runs are compared by one ` +
      "metric. Train both for the same task, with the same metricForBestModel.",
  );
}

function summarizeGroup(name: string, runs: readonly RunLike[]): RunSummary {
  const [first] = runs;
  if (first === undefined) {
    throw new ThawError("NO_RUNS", `"${name}" is an empty list of runs: pass at least one, or leave the name out.`);
  }
  const metric = first.metric ?? accuracyMetric;
  const keys = [metric.key, ...metricKeys.filter((key) => key !== metric.key && key !== "evalLoss")];
  return {
    name,
    runs: runs.length,
    metric,
    validation: spread(runs.flatMap((run) => run.best?.[metric.key] ?? [])),
    test: new Map(
      keys.flatMap((key) => {
        const values = spread(runs.flatMap((run) => run.test?.[key] ?? []));
        return values === undefined ? [] : [[key, values] as const];
      }),
    ),
    seconds: spread(runs.map((run) => run.seconds)) ?? { mean: 0, deviation: 0, count: 0 },
    trainableParameters: first.trainableParameters,
    totalParameters: first.totalParameters,
    epochs: first.stages.reduce((sum, stage) => sum + stage.epochs, 0),
    fullEpochs: first.stages.reduce((sum, stage) => sum + stage.epochs * stage.relativeCost, 0),
    frozenTensors: first.evidence.frozenTensors,
    changedTensors: runs.reduce((sum, run) => sum + run.evidence.changed.length, 0),
  };
}

/** Undefined for no values. */
export function spread(values: readonly number[]): Spread | undefined {
  const count = values.length;
  if (count === 0) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: count === 1 ? 0 : Math.sqrt(squares / (count - 1)), count };
}
