/** The table of epochs as Hugging Face's notebooks print it, with the stage and the learning rates of each epoch. */
import { formatDuration, formatRate } from "../display/numbers.ts";
import { type Cell, type Column, Table } from "../display/table.ts";
import type { StagePlan } from "../plan/plan.ts";
import { epochFactors } from "../schedule/stageSchedule.ts";
import { indexOfBestEpoch, type MetricKey, type ModelMetric, metricKeysOf, metricTitle } from "../task/metrics.ts";
import type { Alarm } from "../train/alarms.ts";
import type { HistoryRow } from "../train/runRecord.ts";
import { validationCourse } from "../train/validationCourse.ts";

export interface EpochTableInput {
  /** The rows of the run's history, one per epoch. */
  readonly rows: readonly HistoryRow[];
  readonly stages: readonly StagePlan[];
  readonly metric: ModelMetric;
  /** Seconds that the pass through the frozen layers took, by the index of the stage; each becomes a row of its own. */
  readonly prefixSeconds?: ReadonlyMap<number, number>;
  /** The alarms so far: the codes of those that arose in an epoch stand in its row. Default: none. */
  readonly alarms?: readonly Alarm[];
  /** The epochs to come, after those in `rows`: each becomes a row without values. Default: none. */
  readonly upcoming?: readonly UpcomingLine[];
  /** The most rows of the table: of more, those around the newest are shown. Default: all. */
  readonly mostRows?: number;
}

/** A row of the table that has no values yet: an epoch, or the pass through the frozen layers before a stage. */
export interface UpcomingLine {
  /** The index of the stage. */
  readonly stage: number;
  /** The number of the epoch, from 1; undefined for a pass through the frozen layers. */
  readonly epoch?: number;
}

/**
 * A row of the table is a row of the log, at the end of an epoch or within it, or the pass through the frozen layers before the
 * first epoch of a stage.
 */
type Line =
  | { readonly row: HistoryRow; readonly epochInStage: number | undefined }
  | (UpcomingLine & { readonly seconds?: number });

/** Makes the table. The epoch of the best validation metric is marked: of equals the lowest loss, then the first. */
export function epochTable(input: EpochTableInput): Table {
  const { rows, stages, metric, prefixSeconds = new Map(), alarms = [], upcoming = [], mostRows = Infinity } = input;
  const done = linesOf(rows, prefixSeconds);
  const all = [...done, ...upcoming];
  // a few of the rows to come stay in sight
  const first = Math.max(0, Math.min(all.length, done.length + 3) - mostRows);
  const lines = all.slice(first, first + mostRows);
  const columns = allColumns(stages, rows, metric, alarms).filter(({ isShown }) => isShown);
  const best = indexOfBestEpoch(rows, metric);
  const marked = lines.findIndex((line) => "row" in line && best !== undefined && line.row === rows[best]);
  return new Table({
    columns,
    rows: lines.map((line) => columns.map(({ cell }) => cell(line))),
    marked: marked < 0 ? [] : [marked],
  });
}

function linesOf(rows: readonly HistoryRow[], prefixSeconds: ReadonlyMap<number, number>): Line[] {
  const passes = [...prefixSeconds].filter(([, seconds]) => seconds > 0).sort(([a], [b]) => a - b);
  const lines: Line[] = [];
  let ended = 0; // epochs of the stage
  rows.forEach((row, i) => {
    if (rows[i - 1]?.stage !== row.stage) ended = 0;
    const isEpochEnd = row.epochSeconds !== undefined || Number.isInteger(row.epoch);
    while (passes[0] !== undefined && passes[0][0] <= row.stage) {
      const [stage, seconds] = passes.shift() as [number, number];
      lines.push({ stage, seconds });
    }
    lines.push({ row, epochInStage: isEpochEnd ? ended : undefined });
    if (isEpochEnd) ended += 1;
  });
  return [...lines, ...passes.map(([stage, seconds]) => ({ stage, seconds }))];
}

interface EpochColumn extends Column {
  readonly cell: (line: Line) => Cell;
  /** A column without a value in any row is left out. */
  readonly isShown: boolean;
}

function allColumns(
  stages: readonly StagePlan[],
  rows: readonly HistoryRow[],
  chosenBy: ModelMetric,
  alarms: readonly Alarm[],
): readonly EpochColumn[] {
  const nameOf = (stage: number) => stages[stage]?.name ?? stage + 1;
  const ofRow = (cell: (row: HistoryRow) => Cell) => (line: Line) => ("row" in line ? cell(line.row) : undefined);
  const metric = (key: MetricKey): EpochColumn => ({
    title: key === "evalLoss" ? "Validation Loss" : metricTitle(key),
    align: "right",
    cell: ofRow((row) => fixed(row[key])),
    isShown: rows.some((row) => row[key] !== undefined),
  });
  const rate = (key: "learningRate" | "headLearningRate") => (line: Line) => {
    if (!("row" in line)) return undefined;
    const { stage } = line.row;
    const plan = stages[stage];
    const { epochInStage } = line;
    if (plan === undefined || epochInStage === undefined) return rateOf(line.row[key], undefined, []);
    const followsValidation = plan.lrSchedulerType === "reduce_lr_on_plateau";
    const validation = followsValidation ? validationCourse(rows, { stage, joined: plan.joined }, chosenBy) : undefined;
    return rateOf(line.row[key], plan[key], epochFactors(plan, epochInStage, validation));
  };
  return [
    {
      title: "Epoch",
      align: "right",
      cell: (line) => ("row" in line ? Math.round(1000 * line.row.epoch) / 1000 : line.epoch),
      isShown: true,
    },
    {
      title: "Stage",
      cell: (line) => {
        if ("row" in line) return nameOf(line.row.stage);
        return line.epoch === undefined ? `${nameOf(line.stage)}: frozen layers, once` : nameOf(line.stage);
      },
      isShown: true,
    },
    { title: "Training Loss", align: "right", cell: ofRow(({ loss }) => fixed(loss) ?? "No log"), isShown: true },
    ...metricKeysOf(rows).map(metric),
    {
      title: "Learning Rate",
      align: "right",
      cell: rate("learningRate"),
      isShown: rows.some(({ learningRate }) => learningRate !== undefined),
    },
    {
      title: "Head Learning Rate",
      align: "right",
      cell: rate("headLearningRate"),
      isShown: rows.some((row) => row.headLearningRate !== undefined && row.headLearningRate !== row.learningRate),
    },
    {
      title: "Time",
      align: "right",
      cell: (line) => {
        if ("row" in line) return time(line.row);
        return line.seconds === undefined ? undefined : formatDuration(line.seconds);
      },
      isShown: true,
    },
    {
      title: "Alarm",
      cell: ofRow(({ epoch }) => alarmsOf(epoch, alarms)),
      isShown: rows.some(({ epoch }) => alarmsOf(epoch, alarms) !== ""),
    },
  ];
}

/** Lists the codes of the alarms that arose within an epoch or at its end. */
const alarmsOf = (epoch: number, alarms: readonly Alarm[]): string =>
  alarms.flatMap((alarm) => (Math.ceil(alarm.epoch ?? 0) === epoch ? [alarm.code] : [])).join(", ");

/**
 * Writes six digits after the point, as Hugging Face does; larger numbers, such as the MSE of large targets, get seven
 * in all.
 */
function fixed(value: number | undefined): string | undefined {
  return value === undefined || Math.abs(value) < 10 ? value?.toFixed(6) : value.toPrecision(7);
}

/**
 * Writes the learning rates of an epoch as `"0 → 1.00e-3 → 8.02e-4"`: at its first step, at its highest and lowest where they
 * are beyond both ends, and at its last step.
 */
function rateOf(last: number | undefined, peak: number | undefined, factors: readonly number[]): Cell {
  if (last === undefined) return undefined;
  if (peak === undefined) return formatRate(last);
  const course = factors.map((factor) => formatRate(peak * factor));
  return course.filter((rate, i) => rate !== course[i - 1]).join(" → ");
}

function time({ epochSeconds, evalSeconds = 0 }: HistoryRow): Cell {
  return epochSeconds === undefined ? undefined : formatDuration(epochSeconds + evalSeconds);
}
