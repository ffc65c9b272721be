/** Charts in the grammars Vega and Vega-Lite: plain specifications, and builders that have `toSpec()`. */
import { plainText } from "../plainText.ts";
import { printable } from "../printable.ts";
import { method, type Recogniser } from "./recogniser.ts";

export const vega: Recogniser = (value) => {
  const spec = "$schema" in value ? value : (method(value, "toSpec")?.() as object | undefined);
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
