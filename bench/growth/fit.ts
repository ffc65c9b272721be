/** A straight line through the points of each series, how far they lie from it, and the figure of both. */
import { Figure } from "../../src/show/figure/figure.ts";
import { axis, baseLayout, palette, titled } from "../../src/show/figure/theme.ts";
import { mean } from "../statistics.ts";
import type { Series } from "./series.ts";

interface Line {
  readonly intercept: number;
  readonly slope: number;
  /** The share of the variance that the line explains, from 0 to 1. */
  readonly r2: number;
  /** The largest distance of a point from the line, as a share of the line's value there. */
  readonly worst: number;
}

/** Fits a line by least squares. The points have at least two different `x`. */
export function fitLine(points: readonly (readonly [x: number, y: number])[]): Line {
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const sum = (term: (dx: number, dy: number) => number) =>
    points.reduce((total, [x, y]) => total + term(x - meanX, y - meanY), 0);
  const slope = sum((dx, dy) => dx * dy) / sum((dx) => dx * dx);
  const intercept = meanY - slope * meanX;
  const left = points.reduce((total, [x, y]) => total + (y - intercept - slope * x) ** 2, 0);
  const all = sum((_, dy) => dy * dy);
  const off = points.map(([x, y]) => Math.abs(y - intercept - slope * x) / Math.abs(intercept + slope * x));
  return { intercept, slope, r2: all === 0 ? 1 : 1 - left / all, worst: Math.max(...off) };
}

export interface MeasuredSeries {
  readonly series: Series;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly line: Line;
}

const [width, height] = [1080, 400];

/** Draws the series side by side, each with its points and its line. */
export function growthFigure(measured: readonly MeasuredSeries[], processor: string): Figure {
  const share = 1 / measured.length;
  const panels = measured.map(({ series, points, line }, i) => {
    const id = i === 0 ? "" : String(i + 1);
    const largest = Math.max(...points.map(([x]) => x));
    const on = { xaxis: `x${id}`, yaxis: `y${id}`, type: "scatter" };
    const at = (x: number) => line.intercept + line.slope * x;
    return {
      traces: [
        {
          ...on,
          mode: "lines",
          name: "line",
          x: [0, largest],
          y: [at(0), at(largest)],
          line: { color: palette.orange },
        },
        {
          ...on,
          mode: "markers",
          name: series.title,
          x: points.map(([x]) => x),
          y: points.map(([, y]) => y),
          marker: { color: palette.blue, size: 8 },
        },
      ],
      axes: {
        [`xaxis${id}`]: axis({
          title: { text: series.xTitle },
          domain: [i * share + 0.02, (i + 1) * share - 0.04],
          anchor: `y${id}`,
          rangemode: "tozero",
        }),
        [`yaxis${id}`]: axis({ title: { text: series.yTitle }, anchor: `x${id}`, rangemode: "tozero" }),
      },
    };
  });
  const layout = {
    ...baseLayout,
    width,
    height,
    margin: { l: 70, r: 10, t: 70, b: 56 },
    showlegend: false,
    title: titled("How the time of training grows", `MiniLM, 64 tokens a text, ${processor}`, { width, height }),
    ...Object.assign({}, ...panels.map(({ axes }) => axes)),
  };
  return new Figure({ data: panels.flatMap(({ traces }) => traces), layout });
}
