/** From rows to texts and label indices, with everything refused that cannot be learnt from. */
import { ThawError } from "../errors.ts";
import { indexLabels, type LabelValue } from "./labels.ts";
import type { Row } from "./rows.ts";
import type { DatasetContent } from "./textDataset.ts";

export interface DatasetOptions {
  /** Column with the texts. Default: "text". */
  readonly text?: string;
  /** Column with the labels, or a function of the row; where it returns undefined the row is left out. Default: "label". */
  readonly label?: string | ((row: Row) => string | number | undefined);
  /** Names of the labels in the order of their indices. Default: those in the data, sorted. */
  readonly labels?: readonly string[];
  /** What the data set is called in tables and messages. Default: the file's name. */
  readonly name?: string;
}

/** Throws `BAD_DATA` with the row, counted from 1 without the header. */
export function collectRows(
  rows: readonly Row[],
  { text: textColumn = "text", label = "label", labels: names, name = "the data" }: DatasetOptions,
): DatasetContent {
  if (rows.length === 0)
    throw new ThawError("BAD_DATA", `${name} has no rows. Give it at least one text for each label.`);
  const labelOf = typeof label === "function" ? label : (row: Row) => row[label];
  const texts: string[] = [];
  const values: LabelValue[] = [];
  rows.forEach((record, index) => {
    const row = index + 1;
    if (typeof record !== "object" || record === null) {
      throw new ThawError("BAD_DATA", `${name}: row ${row} is not an object. Use { text: "...", label: "..." }.`);
    }
    for (const column of typeof label === "string" ? [textColumn, label] : [textColumn]) {
      if (!Object.hasOwn(record, column)) throw missingColumn(record, column, row, name);
    }
    const value = labelOf(record);
    if (value === undefined && typeof label === "function") return;
    texts.push(checkedText(record[textColumn], textColumn, row, name));
    values.push({ value, row });
  });
  if (texts.length === 0) {
    throw new ThawError(
      "BAD_DATA",
      `${name}: the label function left out all ${rows.length} rows. Check it on one row.`,
    );
  }
  return { name, texts, ...indexLabels(values, names, name) };
}

function checkedText(value: unknown, column: string, row: number, name: string): string {
  if (typeof value === "string" && value.trim() !== "") return value;
  const what = typeof value === "string" ? "is empty" : `is ${value === null ? "null" : `of type ${typeof value}`}`;
  throw new ThawError(
    "BAD_DATA",
    `${name}: the text in row ${row} (column "${column}") ${what}. Correct or remove the row.`,
  );
}

function missingColumn(record: Row, column: string, row: number, name: string): ThawError {
  const found = Object.keys(record).map((key) => `"${key}"`);
  return new ThawError(
    "BAD_DATA",
    `${name}: row ${row} has no column "${column}". Columns found: ${found.join(", ")}. ` +
      'Name yours, as in { text: "review", label: "stars" }; for a file without a header give columns: [...].',
  );
}
