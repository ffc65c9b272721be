/** From rows to texts and labels, with everything refused that cannot be learnt from. */
import type { ProblemType } from "../config/config.ts";
import { problemTypes } from "../config/config.ts";
import { ThawError } from "../errors.ts";
import { type OptionNames, refuseUnknown } from "../options.ts";
import { indexLabelSets, labelColumns } from "./labelSets.ts";
import { indexLabels, type LabelValue } from "./labels.ts";
import type { FileOptions, Row } from "./rows.ts";
import { type LabelledContent, readTargets } from "./targets.ts";
import type { DatasetContent } from "./textDataset.ts";

type Given = string | number | readonly (string | number)[] | undefined;

export interface DatasetOptions {
  /** Column with the texts. Default: "text". */
  readonly text?: string;
  /** Column with the second texts, where a row is a pair. Default: none. */
  readonly textPair?: string;
  /**
   * Column with the labels, a list of columns (0 or 1 for each label; a number for each output of a regression), or a
   * function of the row; where it returns undefined the row is left out. Default: "label".
   */
  readonly label?: string | readonly string[] | ((row: Row) => Given);
  /** Names of the labels in the order of their indices. Default: those in the data, sorted; of columns their names. */
  readonly labels?: readonly string[];
  /** What stands between several labels in one text, such as "|". Default: a text is one label. */
  readonly labelSeparator?: string;
  /** Default: several labels a text where they are lists, separated or columns, else one; "regression" has to be said. */
  readonly problemType?: ProblemType;
  /** What the data set is called in tables and messages. Default: the file's name. */
  readonly name?: string;
}

const optionNames: OptionNames<DatasetOptions & FileOptions> = {
  text: true,
  textPair: true,
  label: true,
  labels: true,
  labelSeparator: true,
  problemType: true,
  name: true,
  columns: true,
  quote: true,
  encoding: true,
};

/** Throws `BAD_DATA` with the row, counted from 1 without the header, and `BAD_ARGUMENT` for an option that there is not. */
export function collectRows(rows: readonly Row[], options: DatasetOptions): DatasetContent {
  refuseUnknown(options, optionNames, { kind: "option of a data set" });
  const { text: textColumn = "text", textPair, label = "label", name = "the data" } = options;
  if (rows.length === 0)
    throw new ThawError("BAD_DATA", `${name} has no rows. Give it at least one text for each label.`);
  const textColumns = textPair === undefined ? [textColumn] : [textColumn, textPair];
  const labelColumns = typeof label === "function" ? [] : typeof label === "string" ? [label] : label;
  const labelOf = labelReader(label);
  const texts: string[] = [];
  const textPairs: string[] = [];
  const values: LabelValue[] = [];
  rows.forEach((record, index) => {
    const row = index + 1;
    if (typeof record !== "object" || record === null) {
      throw new ThawError("BAD_DATA", `${name}: row ${row} is not an object. Use { text: "...", label: "..." }.`);
    }
    for (const column of [...textColumns, ...labelColumns]) {
      if (!Object.hasOwn(record, column)) throw missingColumn(record, column, row, name);
    }
    const value = labelOf(record);
    if (value === undefined && typeof label === "function") return;
    texts.push(checkedText(record[textColumn], textColumn, row, name));
    if (textPair !== undefined) textPairs.push(checkedText(record[textPair], textPair, row, name));
    values.push({ value, row });
  });
  if (texts.length === 0) {
    throw new ThawError(
      "BAD_DATA",
      `${name}: the label function left out all ${rows.length} rows. Check it on one row.`,
    );
  }
  return { name, texts, ...(textPair === undefined ? {} : { textPairs }), ...labelled(values, options, name) };
}

function labelReader(label: DatasetOptions["label"] & {}): (row: Row) => unknown {
  if (typeof label === "function") return label;
  if (typeof label === "string") return (row) => row[label];
  return (row) => label.map((column) => row[column]);
}

function labelled(values: readonly LabelValue[], options: DatasetOptions, name: string): LabelledContent {
  const { label = "label", labels: names, labelSeparator } = options;
  const columns = typeof label === "object" ? label : undefined;
  const problemType = problemTypeOf(values, options, name);
  switch (problemType) {
    case "single_label_classification":
      return { ...indexLabels(values, names, name), problemType };
    case "multi_label_classification":
      if (columns !== undefined) return labelColumns(values, columns, names, name);
      return indexLabelSets(values, names, name, labelSeparator);
    case "regression":
      return readTargets(
        values,
        names ?? columns ?? (typeof label === "string" ? nameOfOne(values, label) : undefined),
        name,
      );
  }
}

/** The column's name, where its cells are single numbers. */
const nameOfOne = (values: readonly LabelValue[], column: string): string[] | undefined =>
  values.some(({ value }) => Array.isArray(value)) ? undefined : [column];

function problemTypeOf(
  values: readonly LabelValue[],
  { label, labelSeparator, problemType }: DatasetOptions,
  name: string,
): ProblemType {
  if (problemType !== undefined && !problemTypes.includes(problemType)) {
    throw new ThawError(
      "BAD_DATA",
      `${name}: problemType is ${JSON.stringify(problemType)}; known are ${problemTypes.join(", ")}.`,
    );
  }
  const several =
    typeof label === "object" || labelSeparator !== undefined || values.some(({ value }) => Array.isArray(value));
  return problemType ?? (several ? "multi_label_classification" : "single_label_classification");
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
  if (row > 1) {
    return new ThawError(
      "BAD_DATA",
      `${name}: row ${row} has no "${column}", which row 1 has. Correct or remove the row.`,
    );
  }
  const found = Object.keys(record).map((key) => `"${key}"`);
  return new ThawError(
    "BAD_DATA",
    `${name}: row ${row} has no column "${column}". Columns found: ${found.join(", ")}. ` +
      'Name yours, as in { text: "review", label: "stars" }; for a file without a header give columns: [...].',
  );
}
