/** The mark at the best epoch of a run: a star on the curve that chose it, and its value. */
import type { RunRecord } from "../history/history.ts";
import { accuracyMetric, describeMetric, formatMetric, type MetricKey, metricKinds } from "../history/metrics.ts";
import type { Trace } from "./curves.ts";
import { ink, palette } from "./theme.ts";

/** Errors are beside the loss, which a regression's MSE is; what is at most 1 has a panel of its own. */
export const panelOf = (key: MetricKey) =>
  metricKinds[key].scale === "error" ? { legend: "legend" } : { yaxis: "y2", legend: "legend2" };

/** Where the best epoch stands; absent without one. */
function bestPoint({ best, metric: { key } = accuracyMetric }: RunRecord) {
  const value = best?.[key];
  return best === undefined || value === undefined ? undefined : { key, value, epoch: best.epoch, ...panelOf(key) };
}

export function bestTrace(run: RunRecord): Trace[] {
  const best = bestPoint(run);
  if (best === undefined) return [];
  const marker = { symbol: "star", size: 17, color: palette.orange, line: { color: ink, width: 1 } };
  const { key, value, epoch, ...panel } = best;
  return [
    {
      type: "scatter",
      mode: "markers",
      name: "best epoch",
      legendrank: 1010,
      cliponaxis: false,
      x: [epoch],
      y: [value],
      marker,
      ...panel,
    },
  ];
}

export function bestLabel(run: RunRecord): Trace[] {
  const best = bestPoint(run);
  if (best === undefined) return [];
  const position = best.epoch / Math.max(1, ...run.history.map((row) => row.epoch));
  return [
    {
      xref: "x",
      yref: best.yaxis ?? "y",
      x: best.epoch,
      y: best.value,
      text: `<b>${formatMetric(best.key, best.value)}</b> at epoch ${best.epoch}`,
      showarrow: true,
      arrowhead: 0,
      arrowcolor: ink,
      standoff: 8,
      ax: position > 0.9 ? -10 : position < 0.1 ? 10 : 0,
      ay: 36,
      xanchor: position > 0.9 ? "right" : position < 0.1 ? "left" : "center",
      bgcolor: "rgba(255,255,255,0.85)",
    },
  ];
}

/** For subtitles and the text of the figure. */
export function bestSentence(run: RunRecord): string[] {
  const best = bestPoint(run);
  if (best === undefined) return [];
  return [`best validation ${describeMetric(best.key, best.value)} at epoch ${best.epoch}`];
}
