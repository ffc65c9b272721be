/** Arrays of objects with much the same keys: tables. */
import { types } from "node:util";
import { ends, spread } from "../excerpt.ts";
import { edgeRows, rowsTable } from "../rowsTable.ts";
import type { Recogniser } from "./recogniser.ts";

/** So many rows, evenly spread, are looked at for their keys, beside those that are shown. */
const sampleRows = 2000;
const maxColumns = 2000;
/** The least part of the table's cells that must be there. */
const minFilled = 0.5;

export const records: Recogniser = (value) => {
  if (!Array.isArray(value) || value.length < 2) return undefined;
  const rows = value as unknown[];
  const shown = ends(rows.length, edgeRows).filter((index) => index !== undefined);
  const sample = [...new Set([...spread(rows.length, sampleRows), ...shown])].sort((a, b) => a - b);
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

/** Plain objects, and those of classes that add nothing to them, such as the rows of a database. */
function isRecord(value: unknown): value is object {
  if (typeof value !== "object" || value === null || types.isProxy(value) || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return isPlain(value);
  return isPlain(value) && Reflect.ownKeys(prototype).every((key) => key === "constructor");
}

/** No date, map, error or the like: those have their data inside, not in properties. */
function isPlain(value: object): boolean {
  return Object.prototype.toString.call(value) === "[object Object]";
}
