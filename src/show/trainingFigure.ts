/** The figure of a run: loss, metrics and learning rates over the epochs, with the borders of its stages. */
import { formatEpoch, formatPercent, formatSeconds } from "../display/numbers.ts";
import type { ValidationCourse } from "../schedule/settings.ts";
import { rateCourse } from "../schedule/stageSchedule.ts";
import { describeMetric, formatMetric, kindOf, type MetricKey, metricKeysOf } from "../task/metrics.ts";
import type { HistoryRow, RunRecord, StageRecord } from "../train/runRecord.ts";
import { validationCourse } from "../train/validationCourse.ts";
import { Figure } from "./figure/figure.ts";
import {
  axis,
  bandColor,
  baseLayout,
  clear,
  escapeLabel,
  faintInk,
  ink,
  type Plain,
  palette,
  shareFormat,
  subtitleHeight,
  textWidth,
  titled,
  wrapApart,
  wrapText,
} from "./figure/theme.ts";
import { stopInWords } from "./report.ts";

const width = 900;
const margin = { l: 84, r: 176, b: 56 };
const plotWidth = width - margin.l - margin.r;

/**
 * Draws three panels over one axis of epochs, and marks the best epoch. A curve leaves out the rows without its value.
 */
export function trainingFigure(run: RunRecord): Figure {
  const { history } = run;
  const lastEpoch = endOf(run);
  const bands = stageBands(run.stages.length > 1 ? run.stages : [], lastEpoch);
  const rates = ratePanel(run);
  const words = subtitle(run);
  const top = subtitleHeight(words, width) + bands.height;
  const height = 640 + top;
  const data = [...lossTraces(history), ...metricTraces(run), ...bestTrace(run), ...rates.traces];
  const layout = {
    ...baseLayout,
    width,
    height,
    margin: { ...margin, t: 62 + top },
    title: titled("Training", words, { width, height }),
    shapes: bands.shapes,
    annotations: bands.annotations,
    xaxis: axis({ title: axisTitle("epoch"), range: [0, lastEpoch * 1.01], anchor: "y3", ...wholeTicks(lastEpoch) }),
    yaxis: axis({ title: axisTitle(lossTitle(run)), domain: [0.64, 1], rangemode: "tozero" }),
    yaxis2: axis({ title: axisTitle("validation"), domain: [0.3, 0.6], ...metricScale(run) }),
    yaxis3: axis({ title: axisTitle("learning rate"), domain: [0, 0.24], exponentformat: "e", ...rates.scale }),
    legend: legend(1),
    legend2: legend(0.6),
    legend3: legend(0.24),
  };
  return new Figure({ data, layout }, altText(run, lastEpoch));
}

/** Finds the end of the axis of epochs: a run that was stopped ends within an epoch. */
function endOf({ history, status }: RunRecord): number {
  const reached = status.state === "finished" ? 0 : Math.ceil(status.epoch);
  return Math.max(1, reached, ...history.map(({ epoch }) => epoch));
}

/** Draws the values of the rows that have one; no trace where none has. */
function curve(history: readonly HistoryRow[], key: keyof HistoryRow, look: Plain): Plain[] {
  const rows = history.filter((row) => row[key] !== undefined);
  if (rows.length === 0) return [];
  const mode = rows.length > 60 ? "lines" : "lines+markers"; // long logs would be a chain of beads
  const [x, y] = [rows.map((row) => row.epoch), rows.map((row) => row[key])];
  return [{ type: "scatter", mode, cliponaxis: false, x, y, ...look }];
}

/** Styles line and markers in one colour. No two curves of a panel share colour, symbol and dash. */
function line(color: string, symbol: string, dash = "solid"): Plain {
  return { line: { color, width: 2.2, dash }, marker: { color, symbol, size: 7 } };
}

function lossTraces(history: readonly HistoryRow[]): Plain[] {
  return [
    ...curve(history, "loss", { name: "training loss", ...line(palette.blue, "circle") }),
    ...curve(history, "evalLoss", { name: "validation loss", ...line(palette.vermillion, "square", "dash") }),
  ];
}

const looks: readonly Plain[] = [
  line(palette.green, "circle"),
  line(palette.purple, "diamond", "dot"),
  line(palette.orange, "square", "dash"),
  line(palette.sky, "triangle-up", "dashdot"),
];

/**
 * The validation loss is the MSE; the MAE, in another unit, is only drawn where the best epoch is chosen by it. So are a user's own
 * metrics whose values are not in the range of the others, which it leaves out then.
 */
function isDrawn(key: MetricKey, { metric, history }: RunRecord): boolean {
  if (key === "evalLoss" || key === "evalMse") return false;
  if (key === metric.key) return true;
  if (key === "evalMae") return false;
  const isFar = (each: MetricKey) =>
    kindOf(each).scale === "number" && history.some((row) => Math.abs(row[each] ?? 0) > 1);
  return !isFar(key) && (kindOf(key).scale === "error" || !isFar(metric.key));
}

function lossTitle(run: RunRecord): string {
  if (run.history.every((row) => row.evalMse === undefined)) return "loss";
  return isDrawn("evalMae", run) ? "loss (MSE), MAE" : "loss (MSE)";
}

/** Errors are drawn beside the loss, which is a regression's MSE; metrics of at most 1 have a panel of their own. */
const panelOf = (key: MetricKey) =>
  kindOf(key).scale === "error" ? { legend: "legend" } : { yaxis: "y2", legend: "legend2" };

/** Draws the metrics. The first of them is drawn last, over the others. */
function metricTraces(run: RunRecord): Plain[] {
  const { history } = run;
  const present = metricKeysOf(history).filter((key) => isDrawn(key, run));
  return present
    .flatMap((key, i) =>
      curve(history, key, {
        name: kindOf(key).name,
        ...(i === 0 ? {} : { legendrank: 1000 + i }),
        ...panelOf(key),
        ...looks[i % looks.length],
      }),
    )
    .reverse();
}

/** Writes shares in percent, with digits after the point where they lie close together; other numbers as they are. */
function metricScale(run: RunRecord): Plain {
  const { history } = run;
  const keys = metricKeysOf(history).filter((key) => isDrawn(key, run) && kindOf(key).scale !== "error");
  if (keys.some((key) => kindOf(key).scale !== "share")) return {};
  const values = history.flatMap((row) => keys.flatMap((key) => row[key] ?? []));
  return { tickformat: shareFormat(Math.max(...values) - Math.min(...values)) };
}

/** Finds the metric by which the best epoch was chosen, and its value; the loss where the metric is not defined. */
function bestPoint({ best, metric }: RunRecord) {
  if (best === undefined) return undefined;
  const key = best[metric.key] === undefined ? "evalLoss" : metric.key;
  const value = best[key];
  return value === undefined ? undefined : { key, value, epoch: best.epoch };
}

/** Draws a star on the curve. Its value stands in the legend, where it covers no other point. */
function bestTrace(run: RunRecord): Plain[] {
  const best = bestPoint(run);
  if (best === undefined) return [];
  const { key, value, epoch } = best;
  const marker = { symbol: "star", size: 15, color: palette.orange, line: { color: ink, width: 1 } };
  return [
    {
      type: "scatter",
      mode: "markers",
      name: `<b>${formatMetric(key, value)}</b>, best: epoch ${formatEpoch(epoch)}`,
      legendrank: 1010,
      cliponaxis: false,
      x: [epoch],
      y: [value],
      marker,
      ...panelOf(key),
    },
  ];
}

/** Draws the learning rates of layers and head within the epochs, each only where it trains. */
function ratePanel({ stages, history, metric }: RunRecord): { readonly traces: Plain[]; readonly scale: Plain } {
  const begun = stages.filter(({ outcome }) => (outcome?.steps ?? 0) > 0);
  const own = begun.some(
    ({ plan: { learningRate, headLearningRate } }) =>
      learningRate !== undefined && headLearningRate !== undefined && learningRate !== headLearningRate,
  );
  const peaks = begun.flatMap(({ plan }) => [plan.learningRate ?? [], plan.headLearningRate ?? []].flat());
  const positive = peaks.filter((rate) => rate > 0);
  const [lowest, highest] = [Math.min(...positive), Math.max(...positive)];
  const isFarApart = positive.length > 0 && highest / lowest > 5; // 1e-3 beside 5e-5 would flatten the latter to a line
  const series = [
    { key: "learningRate", name: "layers", look: { color: palette.purple, width: 2.2 } },
    { key: "headLearningRate", name: "head", look: { color: palette.sky, width: 2.2, dash: "dash" } },
  ] as const;
  const traces = series.flatMap(({ key, name, look }) => {
    const points = begun.flatMap((stage) => {
      const place = { stage: stages.indexOf(stage), joined: stage.plan.joined };
      return ratePoints(stage, stage.plan[key], isFarApart, validationCourse(history, place, metric));
    });
    if (points.every(({ y }) => y === null)) return [];
    const [x, y] = [points.map((point) => point.x), points.map((point) => point.y)];
    const panel = { yaxis: "y3", legend: "legend3", line: look, hovertemplate: "%{y:.2e}" };
    return [{ type: "scatter", mode: "lines", name, x, y, ...panel }];
  });
  // where both have the same rates all the time, one curve says it
  const same = !own && traces.length === 2 && JSON.stringify(traces[0]?.y) === JSON.stringify(traces[1]?.y);
  return {
    traces: same ? [{ ...traces[0], name: "learning rate" }] : traces,
    scale: isFarApart
      ? { type: "log", dtick: 1, range: [Math.log10(lowest / 20), Math.log10(highest * 1.5)] }
      : { rangemode: "tozero", nticks: 4 },
  };
}

/** Lists the rates by epoch. A `null` breaks the curve: between stages, and at a rate of 0 on a logarithmic axis. */
function ratePoints(
  { plan, outcome }: StageRecord,
  peak: number | undefined,
  isLog: boolean,
  validation: ValidationCourse,
) {
  if (outcome === undefined || peak === undefined) return [];
  const stepsPerEpoch = plan.steps / plan.epochs;
  const points = rateCourse(plan, outcome.steps, { validation }).map(({ step, factor }) => ({
    x: outcome.firstEpoch - 1 + step / stepsPerEpoch,
    y: isLog && factor === 0 ? null : peak * factor,
  }));
  return [...points, { x: points.at(-1)?.x ?? 0, y: null }];
}

function wholeTicks(lastEpoch: number): Plain {
  return { tick0: 0, dtick: Math.max(1, Math.ceil(lastEpoch / 12)) };
}

/** Titles an axis in letters so small that "learning rate" fits beside its thin panel. */
function axisTitle(text: string): Plain {
  return { text, font: { size: 12 }, standoff: 8 };
}

function legend(y: number): Plain {
  return { x: 1.015, xanchor: "left", y, yanchor: "top", bgcolor: clear, font: { size: 12 } };
}

function subtitle(run: RunRecord): string {
  const { seconds, args, stages, trainableParameters, totalParameters } = run;
  const share = formatPercent(trainableParameters / totalParameters);
  const stopped = stopInWords(run);
  return [
    ...(stopped === undefined ? [] : [stopped]),
    ...alarmsInWords(run),
    ...bestSentence(run),
    ...(stages.length === 1 && stages[0] !== undefined
      ? [`trains ${stages[0].plan.trains}`]
      : [`${stages.length} stages`]),
    ...(stages.length === 1 ? earlyEnds(run) : []),
    `${share} of the parameters trained`,
    formatSeconds(seconds),
    `seed ${args.seed}`,
  ].join(" · ");
}

/** Names the alarms; the report has their sentences: `"alarms: OVERFITTING (epoch 4), LEAKAGE"`. */
function alarmsInWords({ alarms = [] }: RunRecord): string[] {
  if (alarms.length === 0) return [];
  const named = alarms.map(({ code, epoch }) => (epoch === undefined ? code : `${code} (epoch ${Math.ceil(epoch)})`));
  return [`${alarms.length === 1 ? "alarm" : "alarms"}: ${named.join(", ")}`];
}

function bestSentence(run: RunRecord): string[] {
  const best = bestPoint(run);
  if (best === undefined) return [];
  return [`best validation ${describeMetric(best.key, best.value)} at epoch ${formatEpoch(best.epoch)}`];
}

/** Names the stages that ended early: `"ended by patience after 3 of 10 epochs"`. */
function earlyEnds({ stages }: RunRecord): string[] {
  return stages.flatMap(({ plan, outcome }) => {
    if (outcome?.ended !== "patience") return [];
    const name = stages.length === 1 ? "" : `${plan.name} `;
    return [`${name}ended by patience after ${outcome.epochs} of ${plan.epochs} epochs`];
  });
}

function altText(run: RunRecord, lastEpoch: number): string {
  const { history, stages, best } = run;
  const lossAt = (key: "loss" | "evalLoss"): string => {
    const values = history.flatMap((row) => row[key] ?? []);
    return values.length === 0 ? "" : ` ${values[0]?.toFixed(3)} to ${values.at(-1)?.toFixed(3)}`;
  };
  const stopped = stopInWords(run);
  const borders = stages
    .slice(1)
    .flatMap(({ plan, outcome }) => (outcome === undefined ? [] : [`${plan.name} from epoch ${outcome.firstEpoch}`]));
  return [
    `Training over ${lastEpoch} epochs: training loss${lossAt("loss")}`,
    ...(best === undefined ? [] : [`validation loss${lossAt("evalLoss")}`, ...bestSentence(run)]),
    ...(borders.length === 0 ? [] : [`stages: ${stages[0]?.plan.name}, ${borders.join(", ")}`]),
    ...earlyEnds(run),
    ...(stopped === undefined ? [] : [stopped]),
  ].join("; ");
}

const nameSize = 13;
const detailSize = 11;

/** Draws bands, borders, and a label above each stage that began. The second line of a label says what trains. */
function stageBands(stages: readonly StageRecord[], lastEpoch: number) {
  const begun = stages.flatMap(({ plan, outcome }, i) => {
    if (outcome === undefined) return [];
    const from = outcome.firstEpoch - 1;
    const next = stages[i + 1]?.outcome;
    const to = Math.min(lastEpoch, next === undefined ? lastEpoch : next.firstEpoch - 1);
    return to > from ? [{ plan, outcome, from, to, isOdd: i % 2 === 1, isFirst: i === 0 }] : [];
  });
  const shapes = begun.flatMap(({ from, to, isOdd, isFirst }) => {
    const vertical = { xref: "x", yref: "paper", y0: 0, y1: 1 };
    const band = {
      type: "rect",
      ...vertical,
      x0: from,
      x1: to,
      layer: "below",
      fillcolor: bandColor,
      line: { width: 0 },
    };
    const border = { type: "line", ...vertical, x0: from, x1: from, name: "stage border" };
    return [
      ...(isOdd ? [band] : []),
      ...(isFirst ? [] : [{ ...border, line: { color: faintInk, width: 1.5, dash: "dash" } }]),
    ];
  });
  const rooms = begun.map(({ from, to }) => (plotWidth * (to - from)) / lastEpoch - 8);
  const narrowest = Math.min(...rooms, plotWidth);
  const apart = wrapApart(
    begun.map(({ plan }) => plan.name),
    narrowest / boldness,
    nameSize,
    3,
  );
  const labels = begun.map(({ plan, outcome, from, to }, i) => {
    const room = rooms[i] as number;
    const whole = wrapText(plan.name, room / boldness, nameSize, 3);
    const name = whole.at(-1)?.endsWith("…") ? (apart[i] as string[]) : whole;
    const details = [
      ...(plan.trains === plan.name ? [] : [plan.trains]),
      ...(outcome.ended === "patience" ? [`patience: ${outcome.epochs} of ${plan.epochs} epochs`] : []),
    ];
    return { middle: (from + to) / 2, lines: labelLines(name, details, room) };
  });
  const deepest = Math.max(0, ...labels.map(({ lines }) => lines.length));
  return {
    shapes,
    annotations: labels.map(({ middle, lines }) => ({
      xref: "x",
      yref: "paper",
      x: middle,
      y: 1,
      yshift: 2,
      xanchor: "center",
      yanchor: "bottom",
      showarrow: false,
      text: lines.join("<br>"),
      font: { size: nameSize, color: ink },
    })),
    height: deepest === 0 ? 0 : deepest * nameSize * 1.3 + 8,
  };
}

function labelLines(name: readonly string[], details: readonly string[], room: number): string[] {
  const names = name.map((part) => `<b>${escapeLabel(part)}</b>`);
  // A narrow stage keeps its name, and goes without details that would be mostly ellipses.
  if (textWidth("everything", detailSize) > room) return names;
  const lines = details.flatMap((detail) => wrapText(detail, room, detailSize, 2));
  return [
    ...names,
    ...lines.map((part) => `<span style="font-size:${detailSize}px;color:${faintInk}">${escapeLabel(part)}</span>`),
  ];
}

/** A line in bold is longer by this factor. */
const boldness = 1.08;
