/** The curves of a run while it goes on, as pictures without scripts: loss, metric and learning rates, in the notebook's colours. */
import { formatNumber, formatPercent } from "../display/numbers.ts";
import type { StagePlan } from "../plan/plan.ts";
import { type RatePoint, rateCourse } from "../schedule/stageSchedule.ts";
import { indexOfBestEpoch, kindOf, type MetricKey, type ModelMetric } from "../task/metrics.ts";
import type { HistoryRow } from "../train/runRecord.ts";
import { validationCourse } from "../train/validationCourse.ts";
import { palette } from "./figure/theme.ts";
import { type CurvePoint, drawPanel, type Panel } from "./livePanel.ts";

/** The number of points of the curve of training losses at which two become one. */
const mostPoints = 300;

/**
 * The training loss by step. However long the run is, fewer than 300 points are kept: each is then the mean over equally many
 * steps.
 */
export class LossCourse {
  points: CurvePoint[] = [];
  #stepsPerPoint = 1;
  #sum = 0;
  #count = 0;

  /** Adds the loss of one step, which ended at `epoch`. A loss that is not finite is left out. */
  add(epoch: number, loss: number): void {
    if (!Number.isFinite(loss)) return;
    this.#sum += loss;
    this.#count += 1;
    if (this.#count < this.#stepsPerPoint) return;
    this.points.push({ epoch, value: this.#sum / this.#count });
    [this.#sum, this.#count] = [0, 0];
    if (this.points.length === mostPoints) this.#halve();
  }

  #halve(): void {
    this.points = this.points.flatMap(({ epoch, value }, i, all) => {
      const before = all[i - 1];
      return i % 2 === 0 || before === undefined ? [] : [{ epoch, value: (before.value + value) / 2 }];
    });
    this.#stepsPerPoint *= 2;
  }
}

/** A stage of a run that goes on. */
export interface LiveStage {
  readonly plan: StagePlan;
  /** The epochs of the run that had ended before the stage, or will have. */
  readonly firstEpoch: number;
  /** The steps that the stage has taken so far. */
  readonly steps: number;
}

/** The state of a run that its curves are drawn from. */
export interface LiveCurvesInput {
  readonly losses: readonly CurvePoint[];
  /** The rows of the log so far. */
  readonly rows: readonly HistoryRow[];
  readonly stages: readonly LiveStage[];
  readonly metric: ModelMetric;
  /** The epochs of the whole run. */
  readonly totalEpochs: number;
}

/**
 * Draws three panels side by side, in HTML: the size depends on the width of the page alone, so that nothing moves while the run
 * goes on. A panel without values yet is drawn empty.
 */
export function liveCurves(input: LiveCurvesInput): string {
  const lastEpoch = Math.max(1, input.totalEpochs);
  const borders = input.stages.slice(1).map(({ firstEpoch }) => firstEpoch);
  const panels = [lossPanel(input), metricPanel(input), ratePanel(input)];
  const drawn = panels.map((panel) => drawPanel(panel, { lastEpoch, borders }));
  return `<div style="display:grid;grid-template-columns:repeat(auto-fill,minmax(250px,1fr));gap:4px 12px;max-width:1020px;margin:4px 0">${drawn.join("")}</div>`;
}

const pointsOf = (rows: readonly HistoryRow[], key: MetricKey): CurvePoint[] =>
  rows.flatMap(({ epoch, [key]: value }) => (value !== undefined && Number.isFinite(value) ? [{ epoch, value }] : []));

function lossPanel({ losses, rows }: LiveCurvesInput): Panel {
  const validation = pointsOf(rows, "evalLoss");
  const highest = Math.max(...[...losses, ...validation].map(({ value }) => value));
  const scale = {
    range: [0, Number.isFinite(highest) && highest > 0 ? highest * 1.05 : 1],
    format: formatNumber,
    tick: String,
  } as const;
  const look = { color: palette.vermillion, dash: "5 3", hasMarkers: true };
  return {
    title: "Loss",
    ...scale,
    curves: [
      { name: "training", color: palette.blue, parts: [losses] },
      { name: "validation", ...look, parts: [validation] },
    ],
  };
}

function metricPanel({ rows, metric }: LiveCurvesInput): Panel {
  const { name, scale } = kindOf(metric.key);
  const points = pointsOf(rows, metric.key);
  const values = points.map(({ value }) => value);
  const isShare = scale === "share";
  const [low, high] = values.length === 0 ? [0, 1] : [Math.min(...values), Math.max(...values)];
  const room = Math.max(0.15 * (high - low), isShare ? 0.02 : 0.02 * Math.max(Math.abs(high), 1e-9));
  const index = indexOfBestEpoch(rows, metric);
  const best = index === undefined ? undefined : rows[index];
  const value = best?.[metric.key];
  return {
    title: `Validation ${name}`,
    curves: [{ name, color: palette.green, parts: [points], hasMarkers: true }],
    range: isShare ? [Math.max(0, low - room), Math.min(1, high + room)] : [low - room, high + room],
    format: isShare ? (share) => formatPercent(share) : formatNumber,
    tick: isShare ? (share) => `${Number((100 * share).toPrecision(6))}%` : String,
    best: best === undefined || !Number.isFinite(value) ? undefined : { epoch: best.epoch, value: value as number },
  };
}

/** Draws the learning rates of layers and head: as far as the run has come, and faintly as they are planned. */
function ratePanel({ stages, rows, metric }: LiveCurvesInput): Panel {
  const peaks = stages.flatMap(({ plan }) => [plan.learningRate ?? [], plan.headLearningRate ?? []].flat());
  const positive = peaks.filter((rate) => rate > 0);
  const [lowest, highest] = [Math.min(...positive), Math.max(...positive)];
  const isLog = positive.length > 0 && highest / lowest > 5; // 1e-3 beside 5e-5 would flatten the latter to a line
  const top = positive.length === 0 ? 1 : highest;
  const range = isLog ? ([lowest / 20, top * 1.5] as const) : ([0, top * 1.1] as const);
  const format = (rate: number) => (rate === 0 ? "0" : rate.toExponential(isRound(rate) ? 0 : 1));
  const factors = stages.map((stage, i) => rateFactors(stage, i, rows, metric));
  const course = (key: "learningRate" | "headLearningRate", isPlanned: boolean) =>
    stages.map(({ plan, firstEpoch, steps }, i) => {
      const peak = plan[key];
      if (peak === undefined) return [];
      const perEpoch = plan.steps / plan.epochs;
      return (factors[i] as readonly RatePoint[])
        .filter(({ step }) => isPlanned || step < steps)
        .map(({ step, factor }) => ({ epoch: firstEpoch + step / perEpoch, value: peak * factor }))
        .filter(({ value }) => !isLog || value >= range[0]);
    });
  const curves = (
    [
      ["learningRate", "layers", palette.purple],
      ["headLearningRate", "head", palette.sky],
    ] as const
  ).flatMap(([key, name, color]) => [
    { name, color, parts: course(key, true), isFaint: true },
    { name, color, parts: course(key, false), ...(name === "head" ? { dash: "5 3" } : {}) },
  ]);
  return {
    title: "Learning rate",
    curves: curves.filter(({ parts }) => parts.some((part) => part.length > 0)),
    ...{ range, isLog, format, tick: format },
  };
}

/** The planned course of a stage's rates: it is asked for at every redraw. */
const known = new WeakMap<StagePlan, readonly RatePoint[]>();

/** Returns the course of a stage's rates over all of its steps; with a plateau's schedule, by the evaluations so far. */
function rateFactors(
  { plan }: LiveStage,
  stage: number,
  rows: readonly HistoryRow[],
  metric: ModelMetric,
): readonly RatePoint[] {
  if (plan.lrSchedulerType === "reduce_lr_on_plateau") {
    const validation = validationCourse(rows, { stage, joined: plan.joined }, metric);
    return rateCourse(plan, plan.steps, { validation });
  }
  const factors = known.get(plan) ?? rateCourse(plan, plan.steps, { points: 60 });
  known.set(plan, factors);
  return factors;
}

const isRound = (value: number) => Math.abs(Number(value.toExponential(0)) / value - 1) < 1e-9;
