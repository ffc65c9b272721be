/** The reliability diagram of an evaluation: how often predictions are right, by how sure the model is of them. */
import { formatCount, formatPercent } from "../display/numbers.ts";
import type { Calibration } from "../task/labelScores.ts";
import { Figure } from "./figure/figure.ts";
import { axis, baseLayout, faintInk, palette, titled } from "./figure/theme.ts";

const [width, height] = [640, 460];

/** Draws the accuracy of each bin of confidence as a bar, beside the diagonal on which it would be what the model says. */
export function reliabilityFigure({ bins, error }: Calibration, name: string): Figure {
  const used = bins.filter(({ count }) => count > 0);
  const words = `${name} · expected calibration error ${formatPercent(error)} · ${used.length} of ${bins.length} bins have examples`;
  const accuracy = {
    type: "bar",
    name: "accuracy",
    x: used.map(({ low, high }) => (low + high) / 2),
    y: used.map((bin) => bin.accuracy),
    width: used.map(({ low, high }) => (high - low) * 0.92),
    text: used.map(({ count }) => formatCount(count)),
    textposition: "outside",
    cliponaxis: false,
    marker: { color: palette.sky },
    hovertemplate: "%{y:.1%} right of %{text}<extra></extra>",
  };
  const confidence = {
    type: "scatter",
    mode: "markers",
    name: "mean confidence",
    x: used.map(({ low, high }) => (low + high) / 2),
    y: used.map((bin) => bin.confidence),
    marker: { color: palette.vermillion, symbol: "diamond", size: 8 },
    hovertemplate: "%{y:.1%} sure<extra></extra>",
  };
  const diagonal = {
    type: "scatter",
    mode: "lines",
    name: "as sure as right",
    x: [0, 1],
    y: [0, 1],
    line: { color: faintInk, width: 1.5, dash: "dash" },
    hoverinfo: "skip",
  };
  const layout = {
    ...baseLayout,
    hovermode: "closest",
    width,
    height,
    margin: { l: 76, r: 24, t: 84, b: 116 },
    title: titled("Reliability", words, { width, height }),
    xaxis: axis({ title: { text: "confidence of the prediction" }, range: [0, 1], tickformat: ".0%" }),
    yaxis: axis({
      title: { text: "right predictions" },
      range: [0, 1.06],
      tickformat: ".0%",
      tickvals: [0, 0.2, 0.4, 0.6, 0.8, 1],
    }),
    legend: { orientation: "h", x: 0, y: -0.25, font: { size: 12 } },
  };
  const rows = used.map(
    ({ low, high, count, accuracy: right, confidence: sure }) =>
      `${formatPercent(low, 0)} to ${formatPercent(high, 0)}: ${formatPercent(right)} of ${formatCount(count)} right, ${formatPercent(sure)} sure`,
  );
  return new Figure({ data: [accuracy, diagonal, confidence], layout }, `Reliability of ${words}. ${rows.join("; ")}.`);
}
