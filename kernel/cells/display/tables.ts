/** Tables: arrays of objects with much the same keys, maps, and data frames of nodejs-polars and arquero. */
import { types } from "node:util";
import type { DisplayBundle } from "../../../shared/mimeBundle.ts";
import { type Align, tableHtml, tableText } from "../../../shared/table.ts";
import { formatCount } from "../../../shared/text.ts";
import { headAndTail, plainText, printable, sampleIndices, shortText } from "./plainText.ts";
import { boundMethod, type Recogniser } from "./recogniser.ts";

/** The number of rows that are shown from each end. */
const edgeRows = 10;
const edgeColumns = 10;
/** Placeholder for omitted rows and columns. */
const gap = "…";
/** The longest text of a cell. */
const maxCharacters = 80;

/** The number of rows, evenly spread, that are looked at for their keys, beside those that are shown. */
const sampleRows = 2000;
const maxColumns = 2000;
/** The least share of the table's cells that must have a value. */
const minFilled = 0.5;

/** Arrays of objects with much the same keys. */
export const records: Recogniser = (value) => {
  if (!Array.isArray(value) || value.length < 2) return undefined;
  const rows = value as unknown[];
  const shown = headAndTail(rows.length, edgeRows).filter((index) => index !== undefined);
  const sample = [...new Set([...sampleIndices(rows.length, sampleRows), ...shown])].sort((a, b) => a - b);
  const names = new Set<string>();
  let filled = 0;
  for (const index of sample) {
    const row = rows[index];
    if (!isRecord(row)) return undefined;
    const keys = Object.keys(row);
    filled += keys.length;
    for (const key of keys) names.add(key);
    if (names.size > maxColumns) return undefined;
  }
  if (names.size === 0 || filled < minFilled * names.size * sample.length) return undefined;
  return rowsTable([...names], rows.length, (index) => rows[index] as object);
};

/** Whether the value is a plain object, or one of a class that adds nothing to it, such as the row of a database. */
function isRecord(value: unknown): value is object {
  if (typeof value !== "object" || value === null || types.isProxy(value) || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return isPlain(value);
  return isPlain(value) && Reflect.ownKeys(prototype).every((key) => key === "constructor");
}

/** Whether the object has its data in properties. Dates, maps, errors and the like have it inside. */
function isPlain(value: object): boolean {
  return Object.prototype.toString.call(value) === "[object Object]";
}

/** The largest map that is walked to its end. */
const maxWalked = 200_000;

/** Maps: a table of keys and values. */
export const map: Recogniser = (value) => {
  if (!types.isMap(value) || value.size === 0) return undefined;
  const wanted = new Set(headAndTail(value.size, edgeRows));
  const entries: [unknown, unknown][] = [];
  let index = 0;
  for (const entry of Map.prototype.entries.call(value)) {
    if (value.size > maxWalked && index === edgeRows) break;
    if (wanted.has(index++)) entries.push(entry);
  }
  const rows = entries.map(([key, held]) => [cellText(key), cellText(held)]);
  if (wanted.has(undefined)) rows.splice(edgeRows, 0, [gap, gap]);
  const html = tableHtml({
    columns: [
      { title: "key", align: alignOf(entries.every(([key]) => isNumeric(key))) },
      { title: "value", align: alignOf(entries.every(([, held]) => isNumeric(held))) },
    ],
    rows,
    rowHeaders: true,
    notes: [`Map, ${formatCount(value.size)} ${value.size === 1 ? "entry" : "entries"}`],
  });
  return { data: { "text/html": html, "text/plain": plainText(value) } };
};

/** Data frames, told by their methods. */
export const dataFrame: Recogniser = (value) => polars(value) ?? arquero(value);

function polars(value: object): DisplayBundle | undefined {
  const { schema, height } = value as { schema?: unknown; height?: unknown };
  const [head, tail] = [boundMethod(value, "head"), boundMethod(value, "tail")];
  if (
    typeof schema !== "object" ||
    schema === null ||
    head === undefined ||
    boundMethod(value, "toRecords") === undefined
  ) {
    return undefined;
  }
  const first = recordsOf(head(2 * edgeRows));
  const rowCount = typeof height === "number" ? height : first.length;
  const last = rowCount <= first.length ? first : recordsOf(tail?.(edgeRows));
  return rowsTable(Object.keys(schema), rowCount, (index) =>
    index < edgeRows ? (first[index] ?? {}) : (last[last.length - (rowCount - index)] ?? {}),
  );
}

function recordsOf(frame: unknown): object[] {
  const rows = typeof frame === "object" && frame !== null ? boundMethod(frame, "toRecords")?.() : undefined;
  return Array.isArray(rows) ? rows : [];
}

function arquero(value: object): DisplayBundle | undefined {
  const [columnNames, numRows, get] = ["columnNames", "numRows", "get"].map((name) => boundMethod(value, name));
  if (columnNames === undefined || numRows === undefined || get === undefined) return undefined;
  const names = (columnNames() as unknown[]).map(String);
  const rowCount = Number(numRows());
  if (!Number.isSafeInteger(rowCount) || rowCount < 0) return undefined;
  return rowsTable(names, rowCount, (index) => Object.fromEntries(names.map((name) => [name, get(name, index)])));
}

/** Renders rows that are objects; `rowAt` is called for the first and the last rows only. */
function rowsTable(names: readonly string[], rowCount: number, rowAt: (index: number) => object): DisplayBundle {
  const columns = headAndTail(names.length, edgeColumns).map((index) =>
    index === undefined ? undefined : names[index],
  );
  const indices = headAndTail(rowCount, edgeRows);
  const objects = indices.map((index) => (index === undefined ? undefined : rowAt(index)));
  const rows = objects.map((row, i) => [
    row === undefined ? gap : String(indices[i]),
    ...columns.map((name) => (row === undefined || name === undefined ? gap : fieldText(row, name))),
  ]);
  const isNumber = (name: string | undefined): boolean => {
    const values = objects.map((row) => (row === undefined || name === undefined ? undefined : fieldOf(row, name)));
    const there = values.filter((value) => value !== undefined && value !== null);
    return there.length > 0 && there.every(isNumeric);
  };
  const content = {
    columns: [
      { title: "", align: "right" } as const,
      ...columns.map((name) => ({
        title: name === undefined ? gap : printable(name, 60),
        align: alignOf(isNumber(name)),
      })),
    ],
    rows,
    rowHeaders: true,
    notes: [
      `${formatCount(rowCount)} ${rowCount === 1 ? "row" : "rows"} × ${formatCount(names.length)} ${names.length === 1 ? "column" : "columns"}`,
    ],
  };
  return { data: { "text/html": tableHtml(content), "text/plain": tableText(content) } };
}

function fieldOf(row: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(row, name)?.value;
}

function alignOf(isNumber: boolean): Align {
  return isNumber ? "right" : "left";
}

/**
 * Formats a value for a cell of a table: strings without quotes, nothing for `undefined`, numbers rounded for reading,
 * other values as Node prints them on one short line.
 */
function cellText(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "string") return printable(value, maxCharacters);
  if (typeof value === "number" && Number.isFinite(value) && !Number.isInteger(value)) return decimal(value);
  if (types.isDate(value)) return plainText(value);
  return printable(typeof value === "object" && value !== null ? shortText(value) : plainText(value), maxCharacters);
}

/** Rounds to six digits after the point, or to six digits of a small number, without zeros at the end. */
function decimal(value: number): string {
  return String(Number(Math.abs(value) < 1 ? value.toPrecision(6) : value.toFixed(6)));
}

/** Formats a property's value; a getter is not called. */
function fieldText(row: object, key: string): string {
  const property = Object.getOwnPropertyDescriptor(row, key);
  return property !== undefined && property.get !== undefined ? "[Getter]" : cellText(property?.value);
}

function isNumeric(value: unknown): boolean {
  return typeof value === "number" || typeof value === "bigint";
}
