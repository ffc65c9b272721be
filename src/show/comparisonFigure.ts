/**
 * The figure of a comparison: metric, time, trainable parameters and cost of each strategy, over the table of the same
 * numbers.
 */
import { formatPercent, formatSeconds } from "../display/numbers.ts";
import type { Table } from "../display/table.ts";
import { kindOf, type MetricKey } from "../task/metrics.ts";
import { drawTable } from "./figure/drawnTable.ts";
import { Figure } from "./figure/figure.ts";
import {
  axis,
  baseLayout,
  clear,
  escapeLabel,
  type Plain,
  palette,
  shareFormat,
  textWidth,
  titled,
  wrapApart,
} from "./figure/theme.ts";
import { costSpread, metricSpread, type RunSummary, type Spread } from "./runSummary.ts";

/** JupyterLab shows a figure of this width with its side bar open on a screen of 1,366 pixels. */
const width = 900;
const margin = { r: 30, t: 112, b: 16 };
const names = { size: 13, widest: 230, narrowest: 110, lines: 3 };
/** The space between the bars' axis and the table: tick labels and air. */
const tableGap = 58;

/** Draws small multiples with one row per strategy. Several runs (seeds) become a mean with its standard deviation. */
export function drawComparison(
  summaries: readonly RunSummary[],
  table: Table,
  notices: readonly string[] = [],
): Figure {
  const { size, widest, narrowest, lines } = names;
  const longest = Math.max(...summaries.map(({ name }) => textWidth(name, size)));
  const namesWidth = Math.ceil(Math.min(widest, Math.max(narrowest, longest)));
  const left = namesWidth + 26;
  const plotWidth = width - left - margin.r;
  const labels = wrapApart(
    summaries.map(({ name }) => name),
    namesWidth,
    size,
    lines,
  );
  const rowHeight = Math.max(50, ...labels.map(({ length }) => length * 1.35 * size + 12));
  const panelHeight = rowHeight * summaries.length + 20;
  const drawn = drawTable(table, notices, {
    left: 16 - left,
    top: panelHeight + tableGap,
    width: width - 32,
    plotWidth,
  });
  const plotHeight = panelHeight + tableGap + drawn.height;
  const domain = [1 - panelHeight / plotHeight, 1];
  const { annotations, shapes } = drawn.placed(plotHeight);
  const height = plotHeight + margin.t + margin.b;
  const layout = {
    ...baseLayout,
    hovermode: "closest",
    width,
    height,
    margin: { ...margin, l: left },
    bargap: 0.42,
    title: titled("Comparison of strategies", subtitle(summaries), { width, height }),
    legend: {
      orientation: "h",
      x: 0,
      xanchor: "left",
      xref: "paper",
      y: 1 - 58 / height, // below the title: at the right plotly has its buttons
      yref: "container",
      yanchor: "top",
      bgcolor: clear,
    },
    annotations: [...panelTitles(metricHeading(summaries)), ...annotations],
    shapes,
    yaxis: {
      domain,
      autorange: "reversed",
      tickvals: rows(summaries),
      ticktext: labels.map((parts) => parts.map(escapeLabel).join("<br>")),
      ticklen: 6,
      tickcolor: clear,
      showgrid: false,
      zeroline: false,
    },
    ...panelAxes(summaries),
  };
  const text = [`Comparison\n${table}`, ...notices].join("\n");
  return new Figure({ data: [...metricTraces(summaries), ...barTraces(summaries)], layout }, text);
}

interface Panel {
  readonly title: string;
  /** The part of the plot's width that the panel takes, from 0 to 1. */
  readonly domain: readonly [number, number];
}

const metricDomain = [0, 0.34] as const;

interface BarPanel extends Panel {
  readonly color: string;
  readonly value: (summary: RunSummary) => Spread;
  readonly label: (value: Spread) => string;
}

const barPanels: readonly BarPanel[] = [
  {
    title: "time",
    domain: [0.4, 0.56],
    color: palette.sky,
    value: ({ seconds }) => seconds,
    label: ({ mean }) => formatSeconds(mean),
  },
  {
    title: "trained share",
    domain: [0.62, 0.78],
    color: palette.green,
    value: ({ trainableParameters, totalParameters }) => shareOf(trainableParameters, totalParameters),
    label: ({ mean }) => formatPercent(mean),
  },
  {
    title: "cost (epochs)",
    domain: [0.84, 1],
    color: palette.orange,
    value: ({ fullEpochs }) => fullEpochs,
    label: costSpread,
  },
];

const shareOf = ({ mean, deviation, count, lowest, highest }: Spread, whole: number): Spread => ({
  mean: mean / whole,
  deviation: deviation / whole,
  count,
  lowest: lowest / whole,
  highest: highest / whole,
});

function barTraces(summaries: readonly RunSummary[]): Plain[] {
  return barPanels.map(({ title, color, value, label }, i) => {
    const values = summaries.map(value);
    return {
      type: "bar",
      orientation: "h",
      name: title,
      showlegend: false,
      xaxis: `x${i + 2}`,
      x: values.map(({ mean }) => mean),
      y: rows(summaries),
      text: values.map(label),
      textposition: "outside",
      cliponaxis: false,
      hovertemplate: "%{text}<extra></extra>",
      marker: { color },
    };
  });
}

function panelAxes(summaries: readonly RunSummary[]): Plain {
  const bars = barPanels.map(({ domain, value, label }, i) => {
    // Room at the right for the numbers that stand beside the bars.
    const values = summaries.map(value);
    const highest = Math.max(...values.map(({ mean }) => mean));
    const widest = Math.max(...values.map((each) => textWidth(label(each), 13)));
    const hidden = { showgrid: false, showticklabels: false, ticks: "" };
    const range = [0, (highest || 1) * (1 + Math.max(0.5, widest / 70))];
    return [`xaxis${i + 2}`, axis({ domain, range, ...hidden, linecolor: clear })] as const;
  });
  return {
    xaxis: axis({ domain: metricDomain, ...metricAxis(summaries), nticks: 6 }),
    ...Object.fromEntries(bars),
  };
}

function panelTitles(metric: string): Plain[] {
  const metricPanel: Panel = { title: metric, domain: metricDomain };
  return [metricPanel, ...barPanels].map(({ title, domain }) => ({
    xref: "paper",
    yref: "paper",
    x: domain[0],
    y: 1,
    xanchor: "left",
    yanchor: "bottom",
    yshift: 6,
    showarrow: false,
    text: `<b>${title}</b>`,
  }));
}

function subtitle(summaries: readonly RunSummary[]): string {
  const most = Math.max(...summaries.map(({ runs }) => runs));
  return most > 1 ? `mean over up to ${most} seeds; error bars: standard deviation` : "one run each";
}

function rows(summaries: readonly RunSummary[]): number[] {
  return summaries.map((_, i) => i);
}

const metricOf = (summaries: readonly RunSummary[]): MetricKey => (summaries[0] as RunSummary).metric.key;

/** Names the metric, and says so where a lower value is better. */
function metricHeading([first]: readonly RunSummary[]): string {
  const { key, greaterIsBetter } = (first as RunSummary).metric;
  return kindOf(key).name + (greaterIsBetter ? "" : ", lower is better");
}

/** Draws points with error bars: unlike bars they need no zero, so that small differences can be seen. */
function metricTraces(summaries: readonly RunSummary[]): Plain[] {
  const metric = metricOf(summaries);
  const series = [
    { part: "validation", color: palette.blue, symbol: "circle-open", shift: -0.14 },
    { part: "test", color: palette.vermillion, symbol: "circle", shift: 0.14 },
  ] as const;
  return series.flatMap(({ part, color, symbol, shift }) => {
    const known = summaries.flatMap(({ validation, test }, row) => {
      const spread = part === "test" ? test.get(metric) : validation;
      return spread === undefined ? [] : [{ row, spread }];
    });
    // Two traces, since plotly draws a bar of length 0 at a value that has none.
    const groups = [known.filter(({ spread }) => spread.count > 1), known.filter(({ spread }) => spread.count === 1)];
    return groups
      .filter((points) => points.length > 0)
      .map((points, i) => ({
        type: "scatter",
        mode: "markers",
        name: `${part} ${kindOf(metric).name}`,
        legendgroup: part,
        showlegend: i === 0,
        x: points.map(({ spread }) => spread.mean),
        y: points.map(({ row }) => row + shift),
        text: points.map(({ spread }) => metricSpread(metric, spread)),
        hovertemplate: "%{text}<extra></extra>",
        marker: { color, symbol, size: 11, line: { color, width: 2.2 } },
        ...(points[0]?.spread.count === 1
          ? {}
          : errorBars(
              points.map(({ spread }) => spread.deviation),
              color,
            )),
      }));
  });
}

function errorBars(array: readonly number[], color: string): Plain {
  return { error_x: { type: "data", array, color, thickness: 1.8, width: 5 } };
}

/** Chooses the range of the axis, and how its ticks are written. */
function metricAxis(summaries: readonly RunSummary[]): Plain {
  const isShare = kindOf(metricOf(summaries)).scale === "share";
  const [low, high] = rangeOf(summaries);
  return { range: [low, high], ...(isShare ? { tickformat: shareFormat(high - low) } : {}) };
}

/**
 * Covers all values and their error bars, with air: around a single value plotly would draw an axis from -100% to 100%.
 */
function rangeOf(summaries: readonly RunSummary[]): [number, number] {
  const key = metricOf(summaries);
  const spreads = summaries
    .flatMap(({ validation, test }) => [validation, test.get(key)])
    .filter((spread) => spread !== undefined);
  const ends = spreads.flatMap(({ mean, deviation }) => [mean - deviation, mean + deviation]);
  if (ends.length === 0) return [0, 1];
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const around = kindOf(key).scale === "error" && high > 0 ? 0.02 * high : 0.02;
  const air = high - low > 1e-6 * Math.abs(high) ? 0.1 * (high - low) : around;
  return [low - air, high + air];
}
