/** A run as curves: loss, metrics and learning rate over the epochs, with the borders of its stages. */
import { formatPercent, formatSeconds } from "../display/numbers.ts";
import type { HistoryRow, RunRecord } from "../history/history.ts";
import { accuracyMetric, type MetricKey, metricKeys, metricKinds } from "../history/metrics.ts";
import { bestLabel, bestSentence, bestTrace, panelOf } from "./bestMark.ts";
import { curve, line, type Trace } from "./curves.ts";
import { Figure } from "./figure.ts";
import { rateScale, rateTraces } from "./ratePanel.ts";
import { stageBands } from "./stageBands.ts";
import { axis, baseLayout, palette, titled } from "./theme.ts";

const [width, height] = [900, 620];
const margin = { l: 76, r: 170, b: 56 };

/** Three panels over one axis of epochs; the best epoch is marked. Rows without a value are left out of its curve. */
export function trainingFigure(run: RunRecord): Figure {
  const { history, stages } = run;
  const lastEpoch = Math.max(1, ...history.map((row) => row.epoch));
  const bands = stageBands(
    stages.length > 1 ? stages : [],
    lastEpoch,
    width - margin.l - margin.r,
    ({ name, trains }) => (trains === name ? "" : trains),
  );
  const data = [...lossTraces(history), ...metricTraces(run), ...bestTrace(run), ...rateTraces(history)];
  const layout = {
    ...baseLayout,
    width,
    height,
    margin: { ...margin, t: 62 + bands.height },
    title: titled("Training", subtitle(run), height),
    shapes: bands.shapes,
    annotations: [...bands.annotations, ...bestLabel(run)],
    xaxis: axis({ title: axisTitle("epoch"), range: [0, lastEpoch * 1.01], anchor: "y3", ...wholeTicks(lastEpoch) }),
    yaxis: axis({ title: axisTitle(lossTitle(run)), domain: [0.62, 1], rangemode: "tozero" }),
    yaxis2: axis({ title: axisTitle("validation"), domain: [0.24, 0.58], ...metricScale(history) }),
    yaxis3: axis({
      title: axisTitle("learning rate"),
      domain: [0, 0.2],
      exponentformat: "e",
      nticks: 4,
      ...rateScale(history),
    }),
    legend: legend(1),
    legend2: legend(0.58),
    legend3: legend(0.2),
  };
  return new Figure({ data, layout }, altText(run, lastEpoch));
}

function lossTraces(history: readonly HistoryRow[]): Trace[] {
  return [
    ...curve(history, "loss", { name: "training loss", ...line(palette.blue, "circle") }),
    ...curve(history, "evalLoss", { name: "validation loss", ...line(palette.vermillion, "square", "dash") }),
  ];
}

const looks: readonly Trace[] = [
  line(palette.green, "circle"),
  line(palette.purple, "diamond", "dot"),
  line(palette.orange, "square", "dash"),
  line(palette.sky, "triangle-up", "dashdot"),
];

/** The validation loss is the MSE; the MAE, in another unit, is only drawn where the best epoch is chosen by it. */
const isDrawn = (key: MetricKey, { metric = accuracyMetric }: RunRecord): boolean =>
  key !== "evalLoss" && key !== "evalMse" && (key !== "evalMae" || metric.key === "evalMae");

function lossTitle(run: RunRecord): string {
  if (run.history.every((row) => row.evalMse === undefined)) return "loss";
  return isDrawn("evalMae", run) ? "loss (MSE), MAE" : "loss (MSE)";
}

/** The first of them is drawn last, over the others. */
function metricTraces(run: RunRecord): Trace[] {
  const { history } = run;
  const present = metricKeys.filter((key) => isDrawn(key, run) && history.some((row) => row[key] !== undefined));
  return present
    .flatMap((key, i) =>
      curve(history, key, {
        name: metricKinds[key].name,
        ...(i === 0 ? {} : { legendrank: 1000 + i }),
        ...panelOf(key),
        ...looks[i % looks.length],
      }),
    )
    .reverse();
}

const metricScale = (history: readonly HistoryRow[]): Trace =>
  history.some((row) => row.evalPearson !== undefined || row.evalR2 !== undefined) ? {} : { tickformat: ".0%" };

function wholeTicks(lastEpoch: number): Record<string, unknown> {
  return { tick0: 0, dtick: Math.max(1, Math.ceil(lastEpoch / 12)) };
}

/** Small enough that "learning rate" fits beside its thin panel. */
function axisTitle(text: string): Record<string, unknown> {
  return { text, font: { size: 12 }, standoff: 8 };
}

function legend(y: number): Record<string, unknown> {
  return { x: 1.015, xanchor: "left", y, yanchor: "top", bgcolor: "rgba(255,255,255,0)", font: { size: 12 } };
}

function subtitle(run: RunRecord): string {
  const { seconds, seed, stages, trainableParameters, totalParameters } = run;
  const share = formatPercent(trainableParameters / totalParameters);
  return [
    ...bestSentence(run),
    ...(stages.length === 1 && stages[0] !== undefined ? [`trains ${stages[0].trains}`] : [`${stages.length} stages`]),
    `${share} of the parameters trained`,
    formatSeconds(seconds),
    `seed ${seed}`,
  ].join(" · ");
}

function altText(run: RunRecord, lastEpoch: number): string {
  const { history, stages, best } = run;
  const lossAt = (key: "loss" | "evalLoss"): string => {
    const values = history.flatMap((row) => row[key] ?? []);
    return values.length === 0 ? "" : ` ${values[0]?.toFixed(3)} to ${values.at(-1)?.toFixed(3)}`;
  };
  const borders = stages.slice(1).map((stage) => `${stage.name} from epoch ${stage.firstEpoch}`);
  return [
    `Training over ${lastEpoch} epochs: training loss${lossAt("loss")}`,
    ...(best === undefined ? [] : [`validation loss${lossAt("evalLoss")}`, ...bestSentence(run)]),
    ...(borders.length === 0 ? [] : [`stages: ${stages[0]?.name}, ${borders.join(", ")}`]),
  ].join("; ");
}
