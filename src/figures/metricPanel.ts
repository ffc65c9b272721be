/** The quality of strategies: a point for each, with error bars where there are several seeds. */
import { type MetricKey, metricKinds } from "../history/metrics.ts";
import { metricSpread } from "./comparisonTable.ts";
import type { RunSummary } from "./runSummary.ts";
import { palette } from "./theme.ts";

type Plain = Record<string, unknown>;

const metricOf = (summaries: readonly RunSummary[]): MetricKey => (summaries[0] as RunSummary).metric.key;

/** With what is better, where it is not the higher. */
export function metricHeading([first]: readonly RunSummary[]): string {
  const { key, greaterIsBetter } = (first as RunSummary).metric;
  return metricKinds[key].name + (greaterIsBetter ? "" : ", lower is better");
}

/** Points with error bars: they need no zero, so that small differences can be seen. */
export function metricTraces(summaries: readonly RunSummary[]): Plain[] {
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

/** Where the axis begins and ends, and how its ticks are written. */
export function metricAxis(summaries: readonly RunSummary[]): Plain {
  const isShare = metricKinds[metricOf(summaries)].scale === "share";
  return { range: rangeOf(summaries), ...(isShare ? { tickformat: ".0%" } : {}) };
}

/** All values and their error bars, with air: around a single value plotly would draw an axis from -100% to 100%. */
function rangeOf(summaries: readonly RunSummary[]): [number, number] {
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
