/** A table of rows that are objects, the same for arrays of them and for the data frames of libraries. */
import type { Bundle } from "./bundle.ts";
import { fieldText, isNumeric } from "./cellText.ts";
import { ends } from "./excerpt.ts";
import { count, gap, tableBundle, titleText } from "./table.ts";

/** So many rows are shown from each end. */
export const edgeRows = 10;
const edgeColumns = 10;

/** `rowAt` is asked for the first and the last rows only. */
export function rowsTable(names: readonly string[], rowCount: number, rowAt: (index: number) => object): Bundle {
  const columns = ends(names.length, edgeColumns).map((index) => (index === undefined ? undefined : names[index]));
  const indices = ends(rowCount, edgeRows);
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
  return tableBundle({
    columns: [
      { title: "", numeric: true },
      ...columns.map((name) => ({ title: name === undefined ? gap : titleText(name), numeric: isNumber(name) })),
    ],
    rows,
    note: `${count(rowCount)} ${rowCount === 1 ? "row" : "rows"} × ${count(names.length)} ${names.length === 1 ? "column" : "columns"}`,
  });
}

function fieldOf(row: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(row, name)?.value;
}
