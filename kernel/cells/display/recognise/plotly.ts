/** Charts as plotly takes them: `{ data: traces, layout }`, the arguments of `Plotly.newPlot`. */
import { types } from "node:util";
import { printable } from "../printable.ts";
import type { Recogniser } from "./recogniser.ts";

const figureKeys = new Set(["data", "layout", "config", "frames"]);
const traceKeys = ["type", "x", "y", "z", "values", "labels", "lat", "lon", "r", "theta"];

export const plotly: Recogniser = (value) => {
  const { data, layout } = value as { data?: unknown; layout?: unknown };
  if (!Array.isArray(data) || data.length === 0 || !data.every(isTrace)) return undefined;
  if (typeof layout !== "object" || layout === null) return undefined;
  if (!Object.keys(value).every((key) => figureKeys.has(key))) return undefined;
  const { title } = layout as { title?: unknown };
  const heading = typeof title === "string" ? title : (title as { text?: unknown } | undefined)?.text;
  const kinds = [...new Set(data.map((trace: { type?: unknown }) => String(trace.type ?? "scatter")))];
  const text = `Plotly figure${typeof heading === "string" ? ` "${printable(heading, 80)}"` : ""}: ${printable(kinds.join(", "), 200)}`;
  const figure: unknown = JSON.parse(JSON.stringify(value, listed));
  return { data: { "application/vnd.plotly.v1+json": figure, "text/plain": text } };
};

function isTrace(value: unknown): boolean {
  return typeof value === "object" && value !== null && traceKeys.some((key) => key in value);
}

/** JSON has no typed arrays: it would make objects of them. */
function listed(_: string, value: unknown): unknown {
  if (!types.isTypedArray(value)) return value;
  return Array.from(value as unknown as ArrayLike<number | bigint>, Number);
}
