/** The measured points of each series with the line through them, side by side. */
import { Figure } from "../../src/show/figure/figure.ts";
import { axis, baseLayout, palette, titled } from "../../src/show/figure/theme.ts";
import type { Line } from "./fit.ts";
import type { Series } from "./series.ts";

export interface MeasuredSeries {
  readonly series: Series;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly line: Line;
}

const [width, height] = [1080, 400];

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
