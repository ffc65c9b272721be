/** The parameters of a run as a table. */
import { textOf } from "./convert.ts";

export interface ParameterRow {
  readonly name: string;
  readonly value: unknown;
  /** Where the value comes from. */
  readonly from: "default" | "run";
}

/** MIME type -> content. */
export function parameterTable(rows: readonly ParameterRow[]): Record<string, string> {
  const cells = rows.map(({ name, value, from }) => [name, textOf(value), from] as const);
  const widths = [0, 1].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0), 0));
  const plain = cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  const html = cells.map(
    (row) => `<tr>${row.map((cell) => `<td style="text-align:left">${escapeHtml(cell)}</td>`).join("")}</tr>`,
  );
  const head = ["parameter", "value", "from"].map((title) => `<th style="text-align:left">${title}</th>`).join("");
  return {
    "text/plain": plain.join("\n"),
    "text/html": `<table><thead><tr>${head}</tr></thead><tbody>${html.join("")}</tbody></table>`,
  };
}

function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}
