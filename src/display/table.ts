/** A table that shows itself: HTML in a notebook, aligned text in a terminal and a log. */
import { inspect } from "node:util";
import { ThawError } from "../errors.ts";
import { displaySymbol, type MimeBundle } from "./bundle.ts";
import { escapeHtml } from "./escapeHtml.ts";

/** A column of a table. */
export interface Column {
  /** The text at its head. */
  readonly title: string;
  /** Default: "right" where every cell of the column is a number, else "left". */
  readonly align?: "left" | "right";
}

/** Numbers are printed as they are; format them first where they need it. Absent cells stay empty. */
export type Cell = string | number | undefined;

/** What a table is made of. */
export interface TableContent {
  /** The columns from left to right; a text is a title. */
  readonly columns: readonly (string | Column)[];
  /** The cells, row by row; a row may end early. */
  readonly rows: readonly (readonly Cell[])[];
  /** A line above the table. */
  readonly caption?: string;
  /** Sentences below the table, each on a line of its own. */
  readonly notes?: readonly string[];
  /** Indices of rows that stand out: bold in HTML, with a `*` in text. */
  readonly marked?: readonly number[];
}

/** Plain data with a face. Every cell is escaped; there is no script in it; colours follow the notebook's theme. */
export class Table {
  /** The columns from left to right. */
  readonly columns: readonly Column[];
  /** The cells, row by row. */
  readonly rows: readonly (readonly Cell[])[];
  /** The line above the table; undefined where there is none. */
  readonly caption: string | undefined;
  /** The sentences below the table. */
  readonly notes: readonly string[];
  readonly #marked: ReadonlySet<number>;

  /** @throws ThawError `BAD_TABLE` where a row has more cells than there are columns. */
  constructor({ columns, rows, caption, notes = [], marked = [] }: TableContent) {
    const tooLong = rows.findIndex((row) => row.length > columns.length);
    if (tooLong >= 0) {
      throw new ThawError(
        "BAD_TABLE",
        `Row ${tooLong} of the table has ${rows[tooLong]?.length} cells for ${columns.length} columns: name every column.`,
      );
    }
    this.columns = columns.map((column) => (typeof column === "string" ? { title: column } : column));
    this.rows = rows;
    this.caption = caption;
    this.notes = notes;
    this.#marked = new Set(marked);
  }

  /** As given with the column, else by its cells. */
  alignOf(column: number): "left" | "right" {
    const cells = this.rows.map((row) => row[column] ?? "");
    const numeric = cells.some((cell) => cell !== "") && cells.every((cell) => looksNumeric(String(cell)));
    return this.columns[column]?.align ?? (numeric ? "right" : "left");
  }

  /** Tells whether a row stands out, by its index from 0. */
  isMarked(row: number): boolean {
    return this.#marked.has(row);
  }

  /** Writes the table as aligned text. */
  toString(): string {
    const marks = this.#marked.size > 0;
    const body = this.rows.map((row, i) => [
      ...(marks ? [this.#marked.has(i) ? "*" : ""] : []),
      ...this.columns.map((_, j) => String(row[j] ?? "")),
    ]);
    const head = [...(marks ? [""] : []), ...this.columns.map((column) => column.title)];
    const aligns = [...(marks ? ["left"] : []), ...this.columns.map((_, j) => this.alignOf(j))];
    const widths = head.map((title, j) => Math.max(length(title), ...body.map((row) => length(row[j] ?? ""))));
    const line = (cells: readonly string[]): string =>
      cells
        .map((cell, j) => pad(cell, widths[j] ?? 0, aligns[j] ?? "left"))
        .join("  ")
        .trimEnd();
    const rule = widths.map((width) => "-".repeat(width)).join("  ");
    const caption = this.caption === undefined ? [] : [this.caption];
    return [...caption, line(head), rule, ...body.map(line), ...this.notes].join("\n");
  }

  /** The `<table>` element alone, for views that are made of several parts. */
  toHtml(): string {
    const style = (j: number): string => `style="text-align: ${this.alignOf(j)}; padding: 0.25em 0.75em"`;
    const head = this.columns
      .map((column, j) => `<th scope="col" ${style(j)}>${escapeHtml(column.title)}</th>`)
      .join("");
    const rows = this.rows.map((row, i) => {
      const marked = this.#marked.has(i);
      const cells = this.columns.map((_, j) => {
        const text = escapeHtml(String(row[j] ?? ""));
        return `<td ${style(j)}>${marked ? `<b>${text}</b>` : text}</td>`;
      });
      return `<tr${marked ? ' style="background: var(--jp-layout-color2, #eee)"' : ""}>${cells.join("")}</tr>`;
    });
    // not a <caption>: that would be squeezed into the width of a narrow table
    const beside = (text: string) => `<div ${captionStyle}>${escapeHtml(text)}</div>`;
    return (
      `${this.caption === undefined ? "" : beside(this.caption)}<table border="1" class="dataframe" ${tableStyle}>` +
      `<thead><tr>${head}</tr></thead><tbody>${rows.join("")}</tbody></table>${this.notes.map(beside).join("")}`
    );
  }

  /** Shows the table where a cell ends with it: as HTML and as text. */
  [displaySymbol](): MimeBundle {
    return { "text/html": this.toHtml(), "text/plain": this.toString() };
  }

  /** Writes the table as aligned text for `console.log`. */
  [inspect.custom](): string {
    return this.toString();
  }
}

const tableStyle =
  'style="border-collapse: collapse; color: var(--jp-content-font-color1, inherit); ' +
  'border-color: var(--jp-border-color2, #bbb)"';
const captionStyle = 'style="padding: 0.25em 0; color: var(--jp-content-font-color1, inherit)"';

/** Counts, percentages, durations, rates, `mean ± spread`, and empty cells. */
function looksNumeric(text: string): boolean {
  return /^[-+\d.,:%±\seE×]*$/.test(text);
}

function length(text: string): number {
  return [...text].length;
}

function pad(text: string, width: number, align: string): string {
  const blanks = " ".repeat(Math.max(0, width - length(text)));
  return align === "right" ? blanks + text : text + blanks;
}
