/**
 * Charts: specifications of Vega and Vega-Lite (plain, or builders with `toSpec()`), and figures of plotly (`{ data:
 * traces, layout }`, the arguments of `Plotly.newPlot`).
 */

import { types } from "node:util";
import { plainText, printable } from "./plainText.ts";
import { boundMethod, type Recogniser } from "./recogniser.ts";

/** Charts in the grammars Vega and Vega-Lite. */
export const vega: Recogniser = (value) => {
  const spec = "$schema" in value ? value : (boundMethod(value, "toSpec")?.() as object | undefined);
  if (typeof spec !== "object" || spec === null) return undefined;
  const { $schema, mark, title } = spec as { $schema?: unknown; mark?: unknown; title?: unknown };
  if (typeof $schema !== "string") return undefined;
  const [, grammar, version] =
    /^https:\/\/vega\.github\.io\/schema\/(vega|vega-lite)\/v(\d+)[\d.]*\.json$/.exec($schema) ?? [];
  if (grammar === undefined) return undefined;
  const type = `application/vnd.${grammar.replace("-", "")}.v${version}+json`;
  const kind = typeof mark === "string" ? mark : (mark as { type?: unknown } | undefined)?.type;
  const about = [title, kind].filter((part) => typeof part === "string").map((part) => printable(String(part), 80));
  const name = `${grammar === "vega" ? "Vega" : "Vega-Lite"} ${version} chart${about.length === 0 ? "" : `: ${about.join(", ")}`}`;
  return { data: { [type]: spec, "text/plain": `${name}\n${plainText(spec)}` } };
};

const figureKeys = new Set(["data", "layout", "config", "frames"]);
const traceKeys = ["type", "x", "y", "z", "values", "labels", "lat", "lon", "r", "theta"];

/** Figures of plotly. */
export const plotly: Recogniser = (value) => {
  const { data, layout } = value as { data?: unknown; layout?: unknown };
  if (!Array.isArray(data) || data.length === 0 || !data.every(isTrace)) return undefined;
  if (typeof layout !== "object" || layout === null) return undefined;
  if (!Object.keys(value).every((key) => figureKeys.has(key))) return undefined;
  const { title } = layout as { title?: unknown };
  const heading = typeof title === "string" ? title : (title as { text?: unknown } | undefined)?.text;
  const kinds = [...new Set(data.map((trace: { type?: unknown }) => String(trace.type ?? "scatter")))];
  const text = `Plotly figure${typeof heading === "string" ? ` "${printable(heading, 80)}"` : ""}: ${printable(kinds.join(", "), 200)}`;
  const figure: unknown = JSON.parse(JSON.stringify(value, typedArraysAsLists));
  return { data: { "application/vnd.plotly.v1+json": figure, "text/plain": text } };
};

function isTrace(value: unknown): boolean {
  return typeof value === "object" && value !== null && traceKeys.some((key) => key in value);
}

/** Turns typed arrays into lists: JSON would make objects of them. */
function typedArraysAsLists(_: string, value: unknown): unknown {
  if (!types.isTypedArray(value)) return value;
  return Array.from(value as unknown as ArrayLike<number | bigint>, Number);
}
