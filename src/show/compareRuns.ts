/** Compares strategies by the metrics and costs of their runs, as one figure that includes its table. */
import { type DisplayBundle, displaySymbol, type MimeBundle } from "../../shared/mimeBundle.ts";
import { formatCount, formatPercent, formatSeconds } from "../display/numbers.ts";
import { type Cell, type Column, Table } from "../display/table.ts";
import { indexOfBest, kindOf, metricKeysOf } from "../task/metrics.ts";
import type { Alarm } from "../train/alarms.ts";
import { alarmLine } from "./alarmLines.ts";
import { drawComparison } from "./comparisonFigure.ts";
import type { Figure } from "./figure/figure.ts";
import {
  type CompareOptions,
  costSpread,
  metricSpread,
  type RunLike,
  type RunSummary,
  type Spread,
  summarize,
} from "./runSummary.ts";

/** A comparison of strategies. It shows itself as a figure that holds the table too; `table` alone is HTML. */
export interface Comparison {
  /** One summary per strategy, in the order in which the runs were passed. */
  readonly summaries: readonly RunSummary[];
  /** One row per strategy; the best one is marked. */
  readonly table: Table;
  /** Metric, time, trained share and cost of each strategy, over the table. */
  readonly figure: Figure;
  /**
   * Sentences about what makes the runs hard to compare: other plans under one name, other data, runs that did not
   * finish.
   */
  readonly notices: readonly string[];
  /** The alarm that chance explains the differences, `SEED_NOISE`; empty if it does not, or if no strategy has two seeds. */
  readonly alarms: readonly Alarm[];
  /** Writes the table, the alarms and the notices as plain text. */
  toString(): string;
  /** Draws the figure as live plotly, PNG and text. */
  toBundle(): Promise<DisplayBundle>;
  /** Shows the figure where a cell ends with the comparison. */
  [displaySymbol](): Promise<MimeBundle>;
}

/**
 * Compares strategies by the runs that were made with them:
 * `compareRuns({ "classifier only": a, progressive: [seed0, seed1, seed2] })`. A list is one strategy with several seeds.
 * Errors: `NO_RUNS`, `DIFFERENT_METRICS`, `BAD_ARGUMENT`.
 */
export function compareRuns(
  runs: Readonly<Record<string, RunLike | readonly RunLike[]>>,
  options: CompareOptions = {},
): Comparison {
  const { summaries, notices, alarms } = summarize(runs, options);
  const sentences = [...alarms.map(alarmLine), ...notices];
  const table = comparisonTable(summaries);
  const figure = drawComparison(summaries, table, sentences);
  const text = [table.toString(), ...sentences].join("\n");
  return {
    summaries,
    table,
    figure,
    notices,
    alarms,
    toString: () => text,
    toBundle: () => figure.toBundle(),
    [displaySymbol]: () => figure[displaySymbol](),
    [Symbol.for("nodejs.util.inspect.custom")]: () => text,
  };
}

/**
 * Makes a table of one row per strategy. The best one is marked: on the test examples where every strategy has them, else on
 * the validation examples.
 */
export function comparisonTable(summaries: readonly RunSummary[]): Table {
  const columns = [...firstColumns, ...metricColumns(summaries), ...lastColumns];
  const seeds = Math.max(...summaries.map(({ runs }) => runs));
  return new Table({
    columns,
    rows: summaries.map((summary) => columns.map(({ cell }) => cell(summary))),
    marked: bestOf(summaries),
    caption:
      (seeds > 1 ? `Mean ± standard deviation over up to ${seeds} seeds. ` : "") +
      "Cost: predicted work, in epochs of training everything.",
  });
}

interface SummaryColumn extends Column {
  readonly cell: (summary: RunSummary) => Cell;
}

const right = "right" as const;

const firstColumns: readonly SummaryColumn[] = [
  { title: "Strategy", cell: ({ name }) => name },
  { title: "Epochs", align: right, cell: ({ epochs }) => range(epochs, formatCount) },
  {
    title: "Trainable parameters",
    align: right,
    cell: ({ trainableParameters, totalParameters }) =>
      `${range(trainableParameters, formatCount)} (${formatPercent(trainableParameters.highest / totalParameters)})`,
  },
];

/** Writes "3", or "2-5" where the runs differ. */
const range = ({ lowest, highest }: Spread, format: (value: number) => string): string =>
  lowest === highest ? format(lowest) : `${format(lowest)}-${format(highest)}`;

/** Makes a column of the validation metric, and one for each metric that any strategy has on the test examples. */
function metricColumns(summaries: readonly RunSummary[]): SummaryColumn[] {
  const key = (summaries[0] as RunSummary).metric.key;
  const present = metricKeysOf(summaries.map(({ test }) => Object.fromEntries(test)));
  const tested = [key, ...present.filter((other) => other !== key)].filter((other) => present.includes(other));
  return [
    ...(summaries.some(({ validation }) => validation !== undefined)
      ? [
          {
            title: `Validation ${kindOf(key).name}`,
            align: right,
            cell: ({ validation }: RunSummary) => metricSpread(key, validation),
          },
        ]
      : []),
    ...tested.map((other) => ({
      title: `Test ${kindOf(other).name}`,
      align: right,
      cell: ({ test }: RunSummary) => metricSpread(other, test.get(other)),
    })),
  ];
}

const lastColumns: readonly SummaryColumn[] = [
  { title: "Time", align: right, cell: ({ seconds }) => formatSeconds(seconds.mean) },
  { title: "Cost (full epochs)", align: right, cell: ({ fullEpochs }) => costSpread(fullEpochs) },
  { title: "Frozen bytes changed", align: right, cell: frozenBytesChanged },
];

function frozenBytesChanged({ frozenTensors, changedTensors }: RunSummary): string {
  if (frozenTensors === 0) return "nothing frozen";
  return changedTensors === 0 ? "0" : `in ${changedTensors} tensors`;
}

function bestOf(summaries: readonly RunSummary[]): number[] {
  const { metric } = summaries[0] as RunSummary;
  const tested = summaries.every(({ test }) => test.has(metric.key));
  const scores = summaries.map(({ test, validation }) => (tested ? test.get(metric.key) : validation)?.mean);
  const best = indexOfBest(scores, metric);
  return summaries.length < 2 || best === undefined ? [] : [best];
}
