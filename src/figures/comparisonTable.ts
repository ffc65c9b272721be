/** Strategies side by side, in numbers. */
import { formatCount, formatPercent, formatSeconds } from "../display/numbers.ts";
import { type Cell, type Column, Table } from "../display/table.ts";
import { formatMetric, indexOfBest, type MetricKey, metricKeys, metricKinds } from "../history/metrics.ts";
import type { RunSummary, Spread } from "./runSummary.ts";

/** One row a strategy; the best one is marked: on the test texts where every strategy has them, else in the validation. */
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
  { title: "Epochs", align: right, cell: ({ epochs }) => epochs },
  {
    title: "Trainable parameters",
    align: right,
    cell: ({ trainableParameters, totalParameters }) =>
      `${formatCount(trainableParameters)} (${formatPercent(trainableParameters / totalParameters)})`,
  },
];

/** The metric of the validation, and all that any strategy has on the test texts. */
function metricColumns(summaries: readonly RunSummary[]): SummaryColumn[] {
  const key = (summaries[0] as RunSummary).metric.key;
  const tested = [key, ...metricKeys.filter((other) => other !== key)].filter((other) =>
    summaries.some(({ test }) => test.has(other)),
  );
  return [
    ...(summaries.some(({ validation }) => validation !== undefined)
      ? [
          {
            title: `Validation ${metricKinds[key].name}`,
            align: right,
            cell: ({ validation }: RunSummary) => metricSpread(key, validation),
          },
        ]
      : []),
    ...tested.map((other) => ({
      title: `Test ${metricKinds[other].name}`,
      align: right,
      cell: ({ test }: RunSummary) => metricSpread(other, test.get(other)),
    })),
  ];
}

const lastColumns: readonly SummaryColumn[] = [
  { title: "Time", align: right, cell: ({ seconds }) => formatSeconds(seconds.mean) },
  { title: "Cost", align: right, cell: ({ fullEpochs }) => fullEpochs.toFixed(2) },
  { title: "Frozen bytes changed", align: right, cell: frozenBytesChanged },
];

/** 0.812 ± 0.004 -> "81.2% ± 0.4" of a share; a single run has no spread. */
export function metricSpread(key: MetricKey, spread: Spread | undefined): string | undefined {
  if (spread === undefined) return undefined;
  const deviation = formatMetric(key, spread.deviation).replace("%", "");
  return formatMetric(key, spread.mean) + (spread.count > 1 ? ` ± ${deviation}` : "");
}

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
