/** The table of epochs as Hugging Face's notebooks print it, with the stage and its learning rate beside each row. */
import { formatRate, formatSeconds } from "../display/numbers.ts";
import { type Cell, type Column, Table } from "../display/table.ts";
import type { HistoryRow, StageRecord } from "../history/history.ts";
import {
  accuracyMetric,
  indexOfBest,
  type MetricKey,
  type ModelMetric,
  metricKeys,
  metricTitle,
} from "../history/metrics.ts";

/** `rows`: one an epoch. The row that is best in the validation (the first of equals) is marked. */
export function epochTable(
  rows: readonly HistoryRow[],
  stages: readonly StageRecord[],
  metric: ModelMetric = accuracyMetric,
): Table {
  const columns = allColumns(stages).filter(({ isShown }) => isShown(rows));
  const values = rows.map((row) => row[metric.key]);
  const best = indexOfBest(values, metric);
  return new Table({
    columns,
    rows: rows.map((row) => columns.map(({ cell }) => cell(row))),
    marked: best === undefined ? [] : [best],
  });
}

interface EpochColumn extends Column {
  readonly cell: (row: HistoryRow) => Cell;
  /** A column of which no row knows anything is left out. */
  readonly isShown: (rows: readonly HistoryRow[]) => boolean;
}

function allColumns(stages: readonly StageRecord[]): readonly EpochColumn[] {
  const always = (): boolean => true;
  const metric = (key: MetricKey): EpochColumn => ({
    title: key === "evalLoss" ? "Validation Loss" : metricTitle(key),
    align: "right",
    cell: (row) => fixed(row[key]),
    isShown: (rows) => rows.some((row) => row[key] !== undefined),
  });
  return [
    { title: "Epoch", align: "right", cell: (row) => Math.round(1000 * row.epoch) / 1000, isShown: always },
    { title: "Stage", cell: ({ stage }) => stages[stage]?.name ?? stage + 1, isShown: always },
    { title: "Training Loss", align: "right", cell: ({ loss }) => fixed(loss) ?? "No log", isShown: always },
    ...metricKeys.map(metric),
    { title: "Learning Rate", align: "right", cell: learningRates, isShown: always },
    { title: "Time", align: "right", cell: time, isShown: always },
  ];
}

/** Six digits after the point, as Hugging Face has them; seven in all of what is larger, such as the MSE of large targets. */
function fixed(value: number | undefined): string | undefined {
  return value === undefined || Math.abs(value) < 10 ? value?.toFixed(6) : value.toPrecision(7);
}

function learningRates({ learningRate, headLearningRate }: HistoryRow): Cell {
  if (learningRate === undefined) return headLearningRate === undefined ? undefined : formatRate(headLearningRate);
  const both = headLearningRate !== undefined && headLearningRate !== learningRate;
  return formatRate(learningRate) + (both ? `, head ${formatRate(headLearningRate)}` : "");
}

function time({ epochSeconds, evalSeconds = 0 }: HistoryRow): Cell {
  return epochSeconds === undefined ? undefined : formatSeconds(epochSeconds + evalSeconds);
}
