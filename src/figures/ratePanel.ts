/** The learning rates of a run, of the layers and of the head. */
import type { HistoryRow } from "../history/history.ts";
import { curve, line, type Trace } from "./curves.ts";
import { palette } from "./theme.ts";

/** Two rates are drawn where the head has its own. */
export function rateTraces(history: readonly HistoryRow[]): Trace[] {
  const panel = { yaxis: "y3", legend: "legend3" };
  // A rate of 0, where a schedule ends, has no place on a logarithmic axis.
  const rows = isFarApart(history) ? history.map(withoutZeroRates) : history;
  const own = history.some((row) => row.headLearningRate !== undefined && row.headLearningRate !== row.learningRate);
  const head = { name: "head", ...panel, ...line(palette.sky, "diamond", "dash") };
  const layers = { name: own ? "layers" : "learning rate", ...panel, ...line(palette.black, "circle") };
  return [...(own ? curve(rows, "headLearningRate", head) : []), ...curve(rows, "learningRate", layers)];
}

/** Logarithmic where the rates lie far apart: 1e-3 for the head beside 5e-5 would flatten the latter to a line. */
export function rateScale(history: readonly HistoryRow[]): Record<string, unknown> {
  return isFarApart(history) ? { type: "log", dtick: 1 } : { rangemode: "tozero" };
}

function isFarApart(history: readonly HistoryRow[]): boolean {
  const highest = (key: "learningRate" | "headLearningRate") => Math.max(0, ...history.map((row) => row[key] ?? 0));
  const [layers, head] = [highest("learningRate"), highest("headLearningRate")];
  return layers > 0 && head / layers > 5;
}

function withoutZeroRates({ learningRate, headLearningRate, ...row }: HistoryRow): HistoryRow {
  return { ...row, ...(learningRate ? { learningRate } : {}), ...(headLearningRate ? { headLearningRate } : {}) };
}
