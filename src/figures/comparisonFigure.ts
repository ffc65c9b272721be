/** Strategies side by side: quality, time, trainable parameters and cost, over the table of the same numbers. */
import { formatPercent, formatSeconds } from "../display/numbers.ts";
import type { Table } from "../display/table.ts";
import { type MetricKey, metricKinds } from "../history/metrics.ts";
import { comparisonTable, metricSpread } from "./comparisonTable.ts";
import { drawnTableHeight, drawTable } from "./drawnTable.ts";
import { Figure } from "./figure.ts";
import { type RunLike, type RunSummary, type Spread, summarize } from "./runSummary.ts";
import { axis, baseLayout, escapeLabel, palette, titled, wrapText } from "./theme.ts";

const width = 1000;
const margin = { l: 150, r: 30, t: 94, b: 16 };
const plotWidth = width - margin.l - margin.r;
const namesWidth = margin.l - 26;
/** From the bars' axis to the table: tick labels and air. */
const tableGap = 58;

/** Small multiples with one row a strategy. A list of runs (seeds) becomes a mean with its standard deviation. */
export function comparisonFigure(runs: Readonly<Record<string, RunLike | readonly RunLike[]>>): Figure {
  const summaries = summarize(runs);
  return drawComparison(summaries, comparisonTable(summaries));
}

/** As `comparisonFigure`, of numbers that have been summed up before. */
export function drawComparison(summaries: readonly RunSummary[], table: Table): Figure {
  const panelHeight = 50 * summaries.length + 20;
  const plotHeight = panelHeight + tableGap + drawnTableHeight(table);
  const domain = [1 - panelHeight / plotHeight, 1];
  const place = { left: 16 - margin.l, top: panelHeight + tableGap, width: width - 32, plotWidth, plotHeight };
  const drawn = drawTable(table, place);
  const names = summaries.map(({ name }) => wrapText(name, namesWidth, 13, 3).map(escapeLabel).join("<br>"));
  const height = plotHeight + margin.t + margin.b;
  const layout = {
    ...baseLayout,
    hovermode: "closest",
    width,
    height,
    margin,
    bargap: 0.42,
    title: titled("Comparison of strategies", subtitle(summaries), height),
    legend: {
      orientation: "h",
      x: 1,
      xanchor: "right",
      xref: "container",
      y: 0.985,
      yref: "container",
      yanchor: "top",
    },
    annotations: [...panelTitles(metricTitleOf(summaries)), ...drawn.annotations],
    shapes: drawn.shapes,
    yaxis: {
      domain,
      autorange: "reversed",
      tickvals: rows(summaries),
      ticktext: names,
      ticklen: 6,
      tickcolor: "white",
    },
    ...panelAxes(summaries),
  };
  return new Figure({ data: [...metricTraces(summaries), ...barTraces(summaries)], layout }, `Comparison\n${table}`);
}

type Plain = Record<string, unknown>;

interface Panel {
  readonly title: string;
  /** Part of the plot's width. */
  readonly domain: readonly [number, number];
}

const metricDomain = [0, 0.34] as const;
const metricOf = (summaries: readonly RunSummary[]): MetricKey => (summaries[0] as RunSummary).metric.key;

function metricTitleOf([first]: readonly RunSummary[]): string {
  const { key, greaterIsBetter } = (first as RunSummary).metric;
  return metricKinds[key].name + (greaterIsBetter ? "" : ", lower is better");
}

interface BarPanel extends Panel {
  readonly color: string;
  readonly value: (summary: RunSummary) => Spread;
  readonly label: (value: number) => string;
}

const barPanels: readonly BarPanel[] = [
  {
    title: "time",
    domain: [0.4, 0.56],
    color: palette.sky,
    value: ({ seconds }) => seconds,
    label: formatSeconds,
  },
  {
    title: "trained parameters",
    domain: [0.62, 0.78],
    color: palette.green,
    value: ({ trainableParameters, totalParameters }) => exactly(trainableParameters / totalParameters),
    label: formatPercent,
  },
  {
    title: "cost (full epochs)",
    domain: [0.84, 1],
    color: palette.orange,
    value: ({ fullEpochs }) => exactly(fullEpochs),
    label: (value) => value.toFixed(2),
  },
];

/** Points with error bars: they need no zero, so that small differences can be seen. */
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
        name: `${part} ${metricKinds[metric].name}`,
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
      text: values.map(({ mean }) => label(mean)),
      textposition: "outside",
      cliponaxis: false,
      hovertemplate: "%{text}<extra></extra>",
      marker: { color },
    };
  });
}

function panelAxes(summaries: readonly RunSummary[]): Plain {
  const bars = barPanels.map(({ domain, value }, i) => {
    // Room at the right for the numbers that stand beside the bars.
    const highest = Math.max(...summaries.map(value).map(({ mean, deviation }) => mean + deviation));
    const hidden = { showgrid: false, showticklabels: false, ticks: "" };
    return [
      `xaxis${i + 2}`,
      axis({ domain, range: [0, (highest || 1) * 1.5], ...hidden, linecolor: "white" }),
    ] as const;
  });
  return {
    xaxis: axis({
      domain: metricDomain,
      range: metricRange(summaries),
      ...tickFormat(metricOf(summaries)),
      nticks: 6,
    }),
    ...Object.fromEntries(bars),
  };
}

/** All values and their error bars, with air: around a single value plotly would draw an axis from -100% to 100%. */
function metricRange(summaries: readonly RunSummary[]): [number, number] {
  const key = metricOf(summaries);
  const spreads = summaries
    .flatMap(({ validation, test }) => [validation, test.get(key)])
    .filter((spread) => spread !== undefined);
  const ends = spreads.flatMap(({ mean, deviation }) => [mean - deviation, mean + deviation]);
  if (ends.length === 0) return [0, 1];
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const around = metricKinds[key].scale === "error" && high > 0 ? 0.02 * high : 0.02;
  const air = high - low > 1e-6 * Math.abs(high) ? 0.1 * (high - low) : around;
  return [low - air, high + air];
}

const tickFormat = (key: MetricKey): Plain => (metricKinds[key].scale === "share" ? { tickformat: ".0%" } : {});

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
  return most > 1 ? `mean over ${most} seeds; error bars: standard deviation` : "one run each";
}

function rows(summaries: readonly RunSummary[]): number[] {
  return summaries.map((_, i) => i);
}

function exactly(mean: number): Spread {
  return { mean, deviation: 0, count: 1 };
}
