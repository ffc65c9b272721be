/** A table that shows itself: HTML in a notebook, aligned text in a terminal and a log. */
import { displaySymbol, inspectSymbol, type MimeBundle } from "../../shared/mimeBundle.ts";
import { type Align, type TableContent as RenderedContent, tableHtml, tableText } from "../../shared/table.ts";
import { ThawError } from "../errors.ts";

/** A column of a table. */
export interface Column {
  /** Title of the column. */
  readonly title: string;
  /** Alignment of the cells. Default: "right" if every cell of the column is a number, else "left". */
  readonly align?: Align;
}

/** A cell of a table. Numbers are printed unformatted. Absent cells stay empty. */
export type Cell = string | number | undefined;

/** The options of a table. */
export interface TableContent {
  /** The columns from left to right; a string is the title of a column. */
  readonly columns: readonly (string | Column)[];
  /** The cells, row by row; a row may end early. */
  readonly rows: readonly (readonly Cell[])[];
  /** Caption above the table. Default: none. */
  readonly caption?: string;
  /** Sentences below the table, each on a line of its own. */
  readonly notes?: readonly string[];
  /** Indices of highlighted rows: bold in HTML, marked with `*` in text. Default: none. */
  readonly marked?: readonly number[];
}

/** A table as plain data that shows itself. Every cell is escaped; there is no script in it; colours follow the notebook's theme. */
export class Table {
  /** The columns from left to right. */
  readonly columns: readonly Column[];
  /** The cells, row by row. */
  readonly rows: readonly (readonly Cell[])[];
  /** The caption above the table; undefined if there is none. */
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

  /** The alignment of a column: as given with it, else by its cells. */
  alignOf(column: number): Align {
    const cells = this.rows.map((row) => row[column] ?? "");
    const numeric = cells.some((cell) => cell !== "") && cells.every((cell) => looksNumeric(String(cell)));
    return this.columns[column]?.align ?? (numeric ? "right" : "left");
  }

  /** Tells whether the row with this index, from 0, is highlighted. */
  isMarked(row: number): boolean {
    return this.#marked.has(row);
  }

  /** Writes the table as aligned text. */
  toString(): string {
    return tableText(this.#content());
  }

  /** Renders the table as HTML, for views that are made of several parts. `nowrap` keeps every cell on one line. Default: false. */
  toHtml({ nowrap = false }: { readonly nowrap?: boolean } = {}): string {
    return tableHtml({ ...this.#content(), nowrap });
  }

  /** Returns what a notebook shows for the table: HTML and text. */
  [displaySymbol](): MimeBundle {
    return { "text/html": this.toHtml(), "text/plain": this.toString() };
  }

  /** Writes the table as aligned text for `console.log`. */
  [inspectSymbol](): string {
    return this.toString();
  }

  #content(): RenderedContent {
    return {
      columns: this.columns.map(({ title }, j) => ({ title, align: this.alignOf(j) })),
      rows: this.rows.map((row) => this.columns.map((_, j) => String(row[j] ?? ""))),
      marked: this.#marked,
      caption: this.caption,
      notes: this.notes,
    };
  }
}

/** Cuts a text for a cell, where it has more than `most` characters, with an ellipsis in place of the rest. */
export function cutCell(text: string, most = 160): string {
  const characters = [...text.slice(0, 2 * most + 2)]; // a character outside the basic plane is two units
  return characters.length <= most ? text : `${characters.slice(0, most).join("")}…`;
}

/** Whether a cell reads as a number: counts, percentages, durations, rates, `mean ± spread`, and empty cells do. */
function looksNumeric(text: string): boolean {
  return /^[-+\d.,:%±\seE×]*$/.test(text);
}

/** A value that shows itself as one table: in a notebook, in a terminal, in a string. */
export abstract class ShownAsTable {
  /** Makes the table that the value is shown as. */
  abstract toTable(): Table;

  /** Writes the table as aligned text. */
  toString(): string {
    return this.toTable().toString();
  }

  /** Shows the table where a cell ends with the value. */
  [displaySymbol](): MimeBundle {
    return this.toTable()[displaySymbol]();
  }

  /** Writes the table as aligned text for `console.log`. */
  [inspectSymbol](): string {
    return this.toString();
  }
}
