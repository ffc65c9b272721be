/** Strategies side by side: quality, time, trainable parameters and cost, over the table of the same numbers. */
import { formatPercent, formatSeconds } from "../display/numbers.ts";
import type { Table } from "../display/table.ts";
import { comparisonTable } from "./comparisonTable.ts";
import { drawnTableHeight, drawTable } from "./drawnTable.ts";
import { Figure } from "./figure.ts";
import { metricAxis, metricHeading, metricTraces } from "./metricPanel.ts";
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
    annotations: [...panelTitles(metricHeading(summaries)), ...drawn.annotations],
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
      ...metricAxis(summaries),
      nticks: 6,
    }),
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
  return most > 1 ? `mean over ${most} seeds; error bars: standard deviation` : "one run each";
}

function rows(summaries: readonly RunSummary[]): number[] {
  return summaries.map((_, i) => i);
}

function exactly(mean: number): Spread {
  return { mean, deviation: 0, count: 1 };
}
