/** Tables: HTML in the notebook's own colours, and aligned text. They look as the tables of the library do. */
import type { Bundle } from "./bundle.ts";
import { escapeHtml } from "./escapeHtml.ts";
import { printable } from "./printable.ts";

/** What is to be shown of some rows; all of it text of unknown origin. */
export interface TableContent {
  readonly columns: readonly Column[];
  /** The first column is the rows' names. */
  readonly rows: readonly (readonly string[])[];
  /** A line below the table: how much there is that is not shown. */
  readonly note?: string;
}

export interface Column {
  readonly title: string;
  /** Aligned to the right. Default: false. */
  readonly numeric?: boolean;
}

/** In place of what is left out. */
export const gap = "…";

const tableStyle =
  'style="border-collapse: collapse; color: var(--jp-content-font-color1, inherit); ' +
  'border-color: var(--jp-border-color2, #bbb)"';
const noteStyle = 'style="padding: 0.25em 0; color: var(--jp-content-font-color1, inherit)"';

export function tableHtml({ columns, rows, note }: TableContent): string {
  const styles = columns.map(
    ({ numeric }) => `style="text-align: ${numeric ? "right" : "left"}; padding: 0.25em 0.75em"`,
  );
  const head = columns.map(({ title }, j) => `<th scope="col" ${styles[j]}>${escapeHtml(title)}</th>`).join("");
  const body = rows.map((row) => {
    const cells = row.map((cell, j) =>
      j === 0 ? `<th scope="row" ${styles[j]}>${escapeHtml(cell)}</th>` : `<td ${styles[j]}>${escapeHtml(cell)}</td>`,
    );
    return `<tr>${cells.join("")}</tr>`;
  });
  const below = note === undefined ? "" : `<div ${noteStyle}>${escapeHtml(note)}</div>`;
  return (
    `<table border="1" class="dataframe" ${tableStyle}>` +
    `<thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table>${below}`
  );
}

export function tableText({ columns, rows, note }: TableContent): string {
  const widths = columns.map(({ title }, j) => Math.max(length(title), ...rows.map((row) => length(row[j] ?? ""))));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, j) => pad(cell, widths[j] ?? 0, columns[j]?.numeric === true))
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  const below = note === undefined ? [] : [note];
  return [line(columns.map(({ title }) => title)), rule, ...rows.map(line), ...below].join("\n");
}

export function tableBundle(content: TableContent): Bundle {
  return { data: { "text/html": tableHtml(content), "text/plain": tableText(content) } };
}

/** 1234567 -> "1,234,567". */
export function count(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A name for a column or row. */
export function titleText(name: unknown): string {
  return printable(String(name), 60);
}

function length(text: string): number {
  return [...text].length;
}

function pad(text: string, width: number, right: boolean): string {
  const blanks = " ".repeat(Math.max(0, width - length(text)));
  return right ? blanks + text : text + blanks;
}
