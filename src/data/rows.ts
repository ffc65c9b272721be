/** Rows by column name, from a file or a program, which examples are made of. */
import { ThawError } from "../errors.ts";
import { isObject } from "../platform/foreignFile.ts";
import { inspect } from "../platform/inspect.ts";

/** One row by column name; every value is text where the row comes from a CSV or TSV file. */
export type Row = Readonly<Record<string, unknown>>;

/** Rows before anything in them is taken for a text or a label. */
export interface RowTable {
  readonly rows: readonly Row[];
  /** The number of each row as messages count it. Default: 1, 2, 3 and so on. */
  readonly numbers?: readonly number[];
  /** Sentences on what was guessed, mended or left out while reading. */
  readonly notes: readonly string[];
  /** Names of labels that the file itself gives, by column. */
  readonly labelNames?: ReadonlyMap<string, readonly string[]>;
}

/** Puts a value into a row that is being made; a column called `__proto__` is one like any other. */
export function setCell(row: Record<string, unknown>, column: string, value: unknown): void {
  if (column !== "__proto__") row[column] = value;
  else Object.defineProperty(row, column, { value, enumerable: true });
}

/**
 * Takes a list of objects, or an object with one list per column (`{ text: [...], label: [...] }`). `source` is named in
 * messages. Throws `BAD_DATA`, with what to write instead.
 */
export function tableOf(given: unknown, source: string): RowTable {
  if (isColumns(given)) return { rows: rowsOfColumns(given, source), notes: [] };
  if (!Array.isArray(given)) throw new ThawError("BAD_DATA", `${source}: ${notRows(given)}`);
  given.forEach((row, index) => {
    if (isObject(row)) return;
    throw new ThawError("BAD_DATA", `${source}: row ${index + 1} is not an object${insteadOf(row)}`);
  });
  return { rows: given as Row[], notes: [] };
}

/** Shows a value in a message: as JSON where that is possible, and not more than a line of it. */
export function shown(value: unknown): string {
  const text = asJson(value) ?? inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY });
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}

function asJson(value: unknown): string | undefined {
  try {
    return Object.is(value, Number.NaN) || value === 1 / 0 || value === -1 / 0 ? String(value) : JSON.stringify(value);
  } catch {
    return undefined; // cycles, big integers
  }
}

const isList = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));

function isColumns(given: unknown): given is Record<string, ArrayLike<unknown>> {
  if (typeof given !== "object" || given === null || isList(given)) return false;
  const columns = Object.values(given);
  return columns.length > 0 && columns.every(isList);
}

function rowsOfColumns(columns: Record<string, ArrayLike<unknown>>, source: string): Row[] {
  const [[first, values] = ["", []], ...others] = Object.entries(columns);
  const odd = others.find(([, other]) => other.length !== values.length);
  if (odd !== undefined) {
    throw new ThawError(
      "BAD_DATA",
      `${source}: the column "${first}" has ${values.length} values, but "${odd[0]}" has ${odd[1].length}. Give every ` +
        "column one value per row.",
    );
  }
  return Array.from({ length: values.length }, (_, i) =>
    Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column[i]])),
  );
}

function notRows(given: unknown): string {
  const wanted = 'give a list of rows, such as [{ text: "Good.", label: "positive" }]';
  if (given === undefined || given === null) return `the rows are ${given}; ${wanted}.`;
  if (given instanceof Promise) return "the rows are a promise: put await before what made it.";
  if (typeof given === "string") return `the rows are a text; ${wanted}, or read a file with TextDataset.fromCsv.`;
  if (typeof given === "object" && Symbol.iterator in given) {
    return "the rows are no list, but can become one: TextDataset.fromRows([...rows]).";
  }
  return (
    `the rows are ${typeof given === "object" ? "an object" : `of type ${typeof given}`}; ${wanted}, or one list for ` +
    'each column, { text: ["Good."], label: ["positive"] }.'
  );
}

function insteadOf(row: unknown): string {
  const labelled = '{ text: "Good.", label: "positive" }';
  if (typeof row === "string") {
    return ` but a text. For texts without labels write rows.map((text) => ({ text })) and label: false, else ${labelled}.`;
  }
  if (Array.isArray(row)) {
    return ` but a list. Name its values: rows.map(([text, label]) => ({ text, label })).`;
  }
  return ` but ${row === null ? "null" : `of type ${typeof row}`}. Give each row as ${labelled}.`;
}
