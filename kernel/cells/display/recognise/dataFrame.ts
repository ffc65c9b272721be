/** Data frames of nodejs-polars and arquero, told by their methods: tables of their first and last rows. */
import type { Bundle } from "../bundle.ts";
import { edgeRows, rowsTable } from "../rowsTable.ts";
import { method, type Recogniser } from "./recogniser.ts";

export const dataFrame: Recogniser = (value) => polars(value) ?? arquero(value);

function polars(value: object): Bundle | undefined {
  const { schema, height } = value as { schema?: unknown; height?: unknown };
  const [head, tail] = [method(value, "head"), method(value, "tail")];
  if (typeof schema !== "object" || schema === null || head === undefined || method(value, "toRecords") === undefined) {
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
  const rows = typeof frame === "object" && frame !== null ? method(frame, "toRecords")?.() : undefined;
  return Array.isArray(rows) ? rows : [];
}

function arquero(value: object): Bundle | undefined {
  const [columnNames, numRows, get] = ["columnNames", "numRows", "get"].map((name) => method(value, name));
  if (columnNames === undefined || numRows === undefined || get === undefined) return undefined;
  const names = (columnNames() as unknown[]).map(String);
  const rowCount = Number(numRows());
  if (!Number.isSafeInteger(rowCount) || rowCount < 0) return undefined;
  return rowsTable(names, rowCount, (index) => Object.fromEntries(names.map((name) => [name, get(name, index)])));
}
