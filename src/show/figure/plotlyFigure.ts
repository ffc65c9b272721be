/** A plotly figure as plain data, and the way there from what users put into one. */

/** What plotly.js draws: `data` is a list of traces, `layout` the rest. https://plotly.com/javascript/reference/ */
export interface PlotlyFigure {
  readonly data: readonly Readonly<Record<string, unknown>>[];
  readonly layout: Readonly<Record<string, unknown>>;
}

/** A copy in which typed arrays are plain arrays (older renderers draw nothing else) and NaN and infinities are null (JSON). */
export function plainFigure({ data, layout }: PlotlyFigure): PlotlyFigure {
  return {
    data: data.map((trace) => plain(trace) as PlotlyFigure["data"][number]),
    layout: plain(layout) as PlotlyFigure["layout"],
  };
}

function plain(value: unknown): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "bigint") return Number(value);
  if (value === null || typeof value !== "object") return value;
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value)) return value instanceof DataView ? [] : Array.from(value as Float32Array, plain);
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
