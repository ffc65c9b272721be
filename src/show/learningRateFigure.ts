/** The figure of learning-rate range tests: the loss against the rate, one panel per stage, with the suggested rates. */
import { formatRate } from "../display/numbers.ts";
import type { LearningRateCurve, RatePart } from "../train/findLearningRate.ts";
import { Figure } from "./figure/figure.ts";
import {
  axis,
  baseLayout,
  clear,
  escapeLabel,
  ink,
  type Plain,
  palette,
  subtitleHeight,
  titled,
  wrapText,
} from "./figure/theme.ts";

const width = 900;
const margin = { l: 76, r: 216, b: 56 };
const panelHeight = 230;
/** The space between two panels: tick labels and the name of the next stage. */
const gap = 64;

const looks: Readonly<Record<RatePart, { readonly color: string; readonly dash: string }>> = {
  head: { color: palette.blue, dash: "solid" },
  body: { color: palette.vermillion, dash: "dash" },
};

/** Draws the smoothed losses as curves and those of single steps as faint dots; a star marks each suggestion. */
export function learningRateFigure(curves: readonly LearningRateCurve[], advice: string): Figure {
  const stages = [...new Set(curves.map(({ stage }) => stage))];
  const top = 92 + subtitleHeight(advice, width);
  const plotHeight = stages.length * panelHeight + (stages.length - 1) * gap;
  const height = top + plotHeight + margin.b;
  const rates = curves.flatMap((curve) => [curve.rates[0] as number, curve.rates.at(-1) as number]);
  const range = [Math.log10(Math.min(...rates)), Math.log10(Math.max(...rates))];
  const panels = stages.map((stage, i) => {
    const from = (i * (panelHeight + gap)) / plotHeight;
    const domain = [Math.max(0, 1 - from - panelHeight / plotHeight), 1 - from];
    return panel({
      curves: curves.filter((curve) => curve.stage === stage),
      number: i,
      domain,
      range,
      isLast: i === stages.length - 1,
    });
  });
  const layout = {
    ...baseLayout,
    hovermode: "closest",
    width,
    height,
    margin: { ...margin, t: top },
    title: titled("Loss against learning rate", advice, { width, height }),
    annotations: panels.map(({ title }) => title),
    ...Object.assign({}, ...panels.map(({ layout }) => layout)),
  };
  return new Figure({ data: panels.flatMap(({ traces }) => traces), layout }, altText(curves, advice));
}

interface PanelInput {
  /** The curves of one stage. */
  readonly curves: readonly LearningRateCurve[];
  readonly number: number;
  readonly domain: readonly number[];
  /** The decimal logarithms of the ends of the axis of rates, which all panels share. */
  readonly range: readonly number[];
  readonly isLast: boolean;
}

function panel({ curves, number, domain, range, isLast }: PanelInput) {
  const suffix = number === 0 ? "" : String(number + 1);
  const at = { xaxis: `x${suffix}`, yaxis: `y${suffix}`, legend: `legend${suffix}` };
  const rateAxis = { type: "log", range, dtick: 1, tickformat: ".0e", domain: [0, 1], anchor: `y${suffix}` };
  const lossRange = rangeOf(curves);
  const name = wrapText((curves[0] as LearningRateCurve).name, width - margin.l - margin.r, 13, 1)[0] as string;
  return {
    traces: curves.flatMap((curve) => curveTraces(curve, at, lossRange)),
    title: {
      xref: "paper",
      yref: "paper",
      x: 0,
      y: domain[1],
      xanchor: "left",
      yanchor: "bottom",
      yshift: 4,
      showarrow: false,
      text: `<b>${escapeLabel(name)}</b>`,
    },
    layout: {
      [`xaxis${suffix}`]: axis({ ...rateAxis, ...(isLast ? { title: { text: "learning rate" } } : {}) }),
      [`yaxis${suffix}`]: axis({ title: { text: "training loss" }, domain, range: lossRange, anchor: `x${suffix}` }),
      [`legend${suffix}`]: {
        x: 1.015,
        xanchor: "left",
        y: domain[1],
        yanchor: "top",
        bgcolor: clear,
        font: { size: 12 },
      },
    },
  };
}

function curveTraces(curve: LearningRateCurve, at: Plain, [low, high]: readonly [number, number]): Plain[] {
  const { part, rates, losses, smoothed, suggestions, planned } = curve;
  const { color, dash } = looks[part];
  const base = { type: "scatter", ...at, x: rates };
  const suggested = suggestions?.valley;
  const star = { symbol: "star", size: 15, color, line: { color: ink, width: 1 } };
  return [
    {
      ...base,
      mode: "markers",
      name: `${part}, each step`,
      showlegend: false,
      y: losses.map((loss) => (low <= loss && loss <= high ? loss : null)),
      opacity: 0.35,
      marker: { color, size: 4 },
      hoverinfo: "skip",
    },
    {
      ...base,
      mode: "lines",
      name: `${part}, smoothed`,
      y: smoothed.map((loss) => Math.min(loss, 2 * high - low)), // above the panel; pictures fail where it is far above
      line: { color, width: 2.2, dash },
      hovertemplate: "%{x:.2e}: %{y:.4f}<extra></extra>",
    },
    ...(suggested === undefined
      ? []
      : [
          {
            type: "scatter",
            mode: "markers",
            ...at,
            name: `<b>${part} ${formatRate(suggested)}</b>, suggested`,
            x: [suggested],
            y: [smoothed[rates.indexOf(suggested)]],
            marker: star,
            hovertemplate: "%{x:.2e}<extra></extra>",
          },
        ]),
    ...(planned > 0 && planned >= (rates[0] as number) && planned <= (rates.at(-1) as number)
      ? [
          {
            type: "scatter",
            mode: "lines",
            ...at,
            name: `${part} ${formatRate(planned)}, in the plan`,
            x: [planned, planned],
            y: [low, high],
            line: { color, width: 1.3, dash: "dot" },
            hoverinfo: "skip",
          },
        ]
      : []),
  ];
}

/** Covers the smoothed losses from their lowest to where they began, with air: their explosion at the end needs no room. */
function rangeOf(curves: readonly LearningRateCurve[]): [number, number] {
  const lowest = Math.min(...curves.flatMap(({ smoothed }) => smoothed));
  const first = Math.max(...curves.flatMap(({ smoothed }) => smoothed.slice(0, Math.ceil(smoothed.length / 2))));
  const air = Math.max(0.15 * (first - lowest), 0.02 * first, 1e-6);
  return [lowest - air, first + 2 * air];
}

function altText(curves: readonly LearningRateCurve[], advice: string): string {
  const each = curves.map(({ name, part, rates, smoothed, ended }) => {
    const lowest = smoothed.indexOf(Math.min(...smoothed));
    return (
      `${name}, ${part}: loss ${smoothed[0]?.toFixed(3)} at ${formatRate(rates[0] as number)}, lowest ` +
      `${smoothed[lowest]?.toFixed(3)} at ${formatRate(rates[lowest] as number)}, ended by ${ended} at ${formatRate(rates.at(-1) as number)}`
    );
  });
  return [`Loss against learning rate. ${advice}`, ...each].join("; ");
}
