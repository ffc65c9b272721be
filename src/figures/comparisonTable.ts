/** Strategies side by side, in numbers. */
import { formatCount, formatPercent, formatSeconds } from "../display/numbers.ts";
import { type Cell, type Column, Table } from "../display/table.ts";
import type { RunSummary, Spread } from "./runSummary.ts";

/** One row a strategy; the best accuracy (on the test texts where there are any) is marked. */
export function comparisonTable(summaries: readonly RunSummary[]): Table {
  const columns = allColumns.filter(({ isShown }) => isShown === undefined || summaries.some(isShown));
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
  readonly isShown?: (summary: RunSummary) => boolean;
}

const right = "right" as const;

const allColumns: readonly SummaryColumn[] = [
  { title: "Strategy", cell: ({ name }) => name },
  { title: "Epochs", align: right, cell: ({ epochs }) => epochs },
  {
    title: "Trainable parameters",
    align: right,
    cell: ({ trainableParameters, totalParameters }) =>
      `${formatCount(trainableParameters)} (${formatPercent(trainableParameters / totalParameters)})`,
  },
  {
    title: "Validation accuracy",
    align: right,
    cell: ({ evalAccuracy }) => percentSpread(evalAccuracy),
    isShown: ({ evalAccuracy }) => evalAccuracy !== undefined,
  },
  {
    title: "Test accuracy",
    align: right,
    cell: ({ testAccuracy }) => percentSpread(testAccuracy),
    isShown: ({ testAccuracy }) => testAccuracy !== undefined,
  },
  {
    title: "Test macro F1",
    align: right,
    cell: ({ testMacroF1 }) => percentSpread(testMacroF1),
    isShown: ({ testMacroF1 }) => testMacroF1 !== undefined,
  },
  { title: "Time", align: right, cell: ({ seconds }) => formatSeconds(seconds.mean) },
  { title: "Cost", align: right, cell: ({ fullEpochs }) => fullEpochs.toFixed(2) },
  { title: "Frozen bytes changed", align: right, cell: frozenBytesChanged },
];

/** 0.812 ± 0.004 -> "81.2% ± 0.4"; a single run has no spread. */
export function percentSpread(spread: Spread | undefined): string | undefined {
  if (spread === undefined) return undefined;
  return formatPercent(spread.mean) + (spread.count > 1 ? ` ± ${(100 * spread.deviation).toFixed(1)}` : "");
}

function frozenBytesChanged({ frozenTensors, changedTensors }: RunSummary): string {
  if (frozenTensors === 0) return "nothing frozen";
  return changedTensors === 0 ? "0" : `in ${changedTensors} tensors`;
}

function bestOf(summaries: readonly RunSummary[]): number[] {
  const scores = summaries.map(({ testAccuracy, evalAccuracy }) => (testAccuracy ?? evalAccuracy)?.mean ?? Number.NaN);
  const known = scores.filter((score) => !Number.isNaN(score));
  return summaries.length < 2 || known.length === 0 ? [] : [scores.indexOf(Math.max(...known))];
}
