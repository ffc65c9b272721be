/**
 * Summarises the runs of each strategy over their seeds, and describes differences that make strategies hard to
 * compare.
 */
import { listed } from "../display/listed.ts";
import { ThawError } from "../errors.ts";
import { type OptionNames, refuseUnknown } from "../options.ts";
import { inspect, isDeepStrictEqual } from "../platform/inspect.ts";
import { formatMetric, kindOf, type MetricKey, type Metrics, type ModelMetric, metricKeysOf } from "../task/metrics.ts";
import type { Alarm } from "../train/alarms.ts";
import type { RunRecord } from "../train/runRecord.ts";
import { stopInWords } from "./report.ts";
import { seedNoise } from "./seedNoise.ts";

/** The metrics that `trainer.evaluate(test)` returns. */
export type TestResult = Metrics;

/**
 * A run, or its record. Its `test` holds the metrics on test examples, which neither training nor the choice of the best
 * epoch has seen.
 */
export type RunLike = Omit<RunRecord, "version"> | { readonly record: RunRecord };

/** Options of `compareRuns`. */
export interface CompareOptions {
  /** Metrics on test examples by name, in the order of the runs of that name. A run's own `test` takes precedence. */
  readonly test?: Readonly<Record<string, TestResult | readonly TestResult[]>>;
}

const optionNames: OptionNames<CompareOptions> = { test: true };

/** The distribution of one value over several runs. */
export interface Spread {
  /** The mean over the runs. */
  readonly mean: number;
  /** The sample standard deviation; 0 for a single value. */
  readonly deviation: number;
  /** The number of runs that have the value. */
  readonly count: number;
  /** The smallest value. */
  readonly lowest: number;
  /** The largest value. */
  readonly highest: number;
}

/** The runs of one strategy with different seeds, as one row of numbers. */
export interface RunSummary {
  /** The name of the strategy. */
  readonly name: string;
  /** The number of runs. */
  readonly runs: number;
  /** The metric by which the best epochs were chosen. */
  readonly metric: ModelMetric;
  /**
   * The metric on the validation examples, for the weights that the runs ended with, or for the best epochs of runs that did
   * not finish; undefined without evaluation.
   */
  readonly validation: Spread | undefined;
  /** The metrics on the test examples: the one of the best epochs first; the loss is left out. */
  readonly test: ReadonlyMap<MetricKey, Spread>;
  /** The time of training in seconds. */
  readonly seconds: Spread;
  /** The number of parameters that trained in any stage. */
  readonly trainableParameters: Spread;
  /** The number of parameters of the model. */
  readonly totalParameters: number;
  /** The number of epochs that were done. */
  readonly epochs: Spread;
  /** The predicted cost of the epochs that were done, in units of one epoch of full fine-tuning. */
  readonly fullEpochs: Spread;
  /** The number of tensors that were frozen during the whole of the first run. */
  readonly frozenTensors: number;
  /** The number of frozen tensors whose bytes changed, summed over the runs. */
  readonly changedTensors: number;
}

interface Summed {
  readonly summaries: readonly RunSummary[];
  readonly notices: readonly string[];
  readonly alarms: readonly Alarm[];
}

/** Sums up the runs of each name, in the order of `runs`. Errors: `NO_RUNS`, `DIFFERENT_METRICS`, `BAD_ARGUMENT`. */
export function summarize(
  runs: Readonly<Record<string, RunLike | readonly RunLike[]>>,
  options: CompareOptions = {},
): Summed {
  refuseUnknown(options, optionNames, {
    kind: "option of compareRuns",
    elsewhere: { tests: "test", testResults: "test" },
  });
  if (typeof runs !== "object" || runs === null || Array.isArray(runs) || "record" in runs || "history" in runs) {
    throw new ThawError("NO_RUNS", 'compareRuns takes runs by their names: { "a name": run, another: [run, run] }.');
  }
  const names = Object.keys(runs);
  if (names.length === 0) throw new ThawError("NO_RUNS", 'There is no run to compare: pass { "a name": run, ... }.');
  const stray = Object.keys(options.test ?? {}).find((name) => !names.includes(name));
  if (stray !== undefined) {
    throw new ThawError(
      "BAD_ARGUMENT",
      `test has results of "${stray}", but there are only runs of ${listed(names)}. Use these names.`,
    );
  }
  const groups = names.map((name) => ({ name, records: recordsOf(name, runs[name], options.test?.[name]) }));
  const summaries = groups.map(({ name, records }) => summarizeGroup(name, records));
  const [first] = summaries as [RunSummary];
  const other = summaries.find(({ metric }) => metric.key !== first.metric.key);
  if (other !== undefined) throw differentMetrics(first, other);
  const notices = [
    ...groups.flatMap(({ name, records }) => differences(name, records)),
    ...groups.flatMap(({ name, records }) =>
      records.flatMap((record, i) => unfinished(name, record, i, records.length)),
    ),
    ...dataNotices(groups),
  ];
  return { summaries, notices, alarms: noiseOf(groups, first.metric) };
}

interface Group {
  readonly name: string;
  readonly records: readonly RunRecord[];
}

function recordsOf(
  name: string,
  group: RunLike | readonly RunLike[] | undefined,
  test: TestResult | readonly TestResult[] | undefined,
): readonly RunRecord[] {
  const list = asList(group);
  if (list.length === 0) {
    throw new ThawError("NO_RUNS", `"${name}" is an empty list of runs: pass at least one, or leave the name out.`);
  }
  const results = asList(test);
  return list.map((run, i) => {
    const record = run !== null && typeof run === "object" && "record" in run ? run.record : (run as RunRecord);
    if (typeof record !== "object" || record === null || !("history" in record) || !("stages" in record)) {
      throw new ThawError(
        "NO_RUNS",
        `"${name}" is no run: pass what trainer.train() gives (with await before it), or trainer.run after a Stop.`,
      );
    }
    const result = record.test ?? results[i];
    return result === undefined ? record : { ...record, test: result };
  });
}

function differentMetrics(first: RunSummary, other: RunSummary): ThawError {
  return new ThawError(
    "DIFFERENT_METRICS",
    `"${first.name}" was judged by ${first.metric.key}, "${other.name}" by ${other.metric.key}: runs are compared by one ` +
      "metric. Train both for the same task, with the same metricForBestModel.",
  );
}

function summarizeGroup(name: string, records: readonly RunRecord[]): RunSummary {
  const { metric, totalParameters, evidence } = records[0] as RunRecord;
  const tested = metricKeysOf(records.flatMap(({ test }) => test ?? []));
  const keys = [metric.key, ...tested.filter((key) => key !== metric.key && key !== "evalLoss")];
  const over = (value: (record: RunRecord) => number) => spread(records.map(value)) as Spread;
  return {
    name,
    runs: records.length,
    metric,
    validation: spread(records.flatMap((record) => validationOf(record) ?? [])),
    test: new Map(
      keys.flatMap((key) => {
        const values = spread(records.flatMap((record) => record.test?.[key] ?? []));
        return values === undefined ? [] : [[key, values] as const];
      }),
    ),
    seconds: over(({ seconds }) => seconds),
    trainableParameters: over(({ trainableParameters }) => trainableParameters),
    totalParameters,
    epochs: over(({ stages }) => stages.reduce((sum, { outcome }) => sum + (outcome?.epochs ?? 0), 0)),
    fullEpochs: over(({ stages }) => stages.reduce((sum, { outcome }) => sum + (outcome?.fullEpochs ?? 0), 0)),
    frozenTensors: evidence.frozenTensors,
    changedTensors: records.reduce((sum, { evidence: { changed } }) => sum + changed.length, 0),
  };
}

/** Reads the metric of the weights that the run ended with; that of its best epoch where it ended within one. */
function validationOf({ history, weights, best, metric: { key } }: RunRecord): number | undefined {
  const row = history.find(({ epoch }) => epoch === weights.epoch);
  return (row ?? best)?.[key];
}

/** Computes mean, deviation and range; undefined for no values. */
export function spread(values: readonly number[]): Spread | undefined {
  const count = values.length;
  if (count === 0) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = count === 1 ? 0 : Math.sqrt(squares / (count - 1));
  return { mean, deviation, count, lowest: Math.min(...values), highest: Math.max(...values) };
}

/** Writes a cost as "1.26", or as "1.26 ± 0.10" where the runs differ. */
export function costSpread({ mean, deviation }: Spread): string {
  return mean.toFixed(2) + (deviation >= 0.005 ? ` ± ${deviation.toFixed(2)}` : "");
}

/** Writes a share of 0.812 ± 0.004 as "81.2% ± 0.4"; a single run has no deviation. Undefined for no values. */
export function metricSpread(key: MetricKey, value: Spread | undefined): string | undefined {
  if (value === undefined) return undefined;
  const deviation = formatMetric(key, value.deviation).replace("%", "");
  return formatMetric(key, value.mean) + (value.count > 1 ? ` ± ${deviation}` : "");
}

/**
 * Runs under one name should differ in their seeds alone, and in the split that a seed makes; other differences are
 * told.
 */
function differences(name: string, records: readonly RunRecord[]): string[] {
  const [first, ...others] = records as [RunRecord, ...RunRecord[]];
  return others.flatMap((record, i) => {
    const what = [...planDifferences(first, record), ...argumentDifferences(first, record)];
    if (first.model.baseSha256 !== record.model.baseSha256) what.push("the model that was loaded");
    if (first.model.start !== record.model.start)
      what.push(`what it began from (${first.model.start}, ${record.model.start} weights)`);
    if (what.length === 0) return [];
    return [`Runs 1 and ${i + 2} of "${name}" differ in more than their seeds: ${listed(what)}.`];
  });
}

function planDifferences(first: RunRecord, other: RunRecord): string[] {
  if (first.stages.length !== other.stages.length) {
    return [`the number of stages (${first.stages.length}, ${other.stages.length})`];
  }
  return first.stages.flatMap(({ plan }, i) => {
    const otherPlan = other.stages[i]?.plan as typeof plan;
    const [one, two] = [plan.resolved, otherPlan.resolved] as unknown as Record<string, unknown>[];
    const keys = [...new Set([...Object.keys(one ?? {}), ...Object.keys(two ?? {})])];
    return keys
      .filter((key) => !isDeepStrictEqual(one?.[key], two?.[key]))
      .map((key) => `${key} of stage "${plan.name}" (${shown(one?.[key])}, ${shown(two?.[key])})`);
  });
}

/** These arguments do not change what is learnt, or are compared with the stages. */
const ofNoConcern = new Set([
  ...["seed", "cacheMemory", "cacheDisk", "maxMemory", "perDeviceEvalBatchSize", "gradientCheckpointing"],
  "lrSchedulerKwargs",
  ...["numTrainEpochs", "learningRate", "headLearningRate", "lrSchedulerType", "warmupSteps", "allowFrozenRandomHead"],
]);

function argumentDifferences({ args: one }: RunRecord, { args: two }: RunRecord): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(two)])]
    .filter((key) => !ofNoConcern.has(key) && !isDeepStrictEqual(one[key], two[key]))
    .map((key) => `${key} (${shown(one[key])}, ${shown(two[key])})`);
}

const shown = (value: unknown): string => inspect(value, { breakLength: Number.POSITIVE_INFINITY, depth: 4 });

function unfinished(name: string, record: RunRecord, index: number, count: number): string[] {
  const words = stopInWords(record);
  return words === undefined
    ? []
    : [`${count > 1 ? `Run ${index + 1} of ` : ""}"${name}" was ${words.replace(/^failed/, "ended by an error")}.`];
}

/** Compares the spread over seeds with that over strategies: on the test examples where every run has them. */
function noiseOf(groups: readonly Group[], { key }: ModelMetric): Alarm[] {
  const isTested = groups.every(({ records }) => records.every(({ test }) => test?.[key] !== undefined));
  const of = (record: RunRecord) => (isTested ? record.test?.[key] : validationOf(record)) ?? [];
  const strategies = groups.map(({ name, records }) => ({ name, values: records.flatMap(of) }));
  return seedNoise(strategies, key, `${isTested ? "test" : "validation"} ${kindOf(key).name}`);
}

/** Strategies should be compared on the same examples: with a split per seed, on those of all the splits. */
function dataNotices(groups: readonly Group[]): string[] {
  const evaluated = groups.flatMap(({ name, records }) => {
    const hashes = [...new Set(records.flatMap(({ data }) => data.evaluation?.sha256 ?? []))].sort().join();
    return hashes === "" ? [] : [{ name, hashes }];
  });
  const other = evaluated.find(({ hashes }) => hashes !== evaluated[0]?.hashes);
  if (other === undefined) return [];
  return [
    `"${evaluated[0]?.name}" and "${other.name}" were evaluated on different validation data: their values are not of the ` +
      "same examples.",
  ];
}

function asList<T extends object>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
