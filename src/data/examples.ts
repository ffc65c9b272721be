/** Makes labelled examples from rows, and refuses rows that cannot be trained on. */
import { closest } from "../../shared/closest.ts";
import { listed, listedRows } from "../display/listed.ts";
import { ThawError } from "../errors.ts";
import type { ProblemType } from "../task/task.ts";
import { indexLabelSets, labelColumns, readWrittenLists } from "./labelSets.ts";
import { indexLabels, type LabelledContent, type LabelReading, type LabelValue, readTargets } from "./labels.ts";
import { columnsOf, type DatasetOptions, rowFunction } from "./options.ts";
import type { Row, RowTable } from "./rows.ts";

/** One example of a data set: a text or a pair of texts, its label, and the row that it comes from. */
export interface Example {
  /** The text, or the first one of a pair. */
  readonly text: string;
  /** The second text of a pair; absent if examples are single texts. */
  readonly textPair?: string;
  /**
   * The name of the label; a list of names for several labels; a number or list of numbers for a regression. Absent if
   * the data set has no labels.
   */
  readonly label?: string | number | readonly string[] | readonly number[];
  /** The row of the file or list that the example comes from, counted from 1 without a header. */
  readonly row: number;
}

/** The content of a data set. It is copied, so a data set does not change after it is made. */
export interface DatasetContent {
  /** Name of the data set in tables and messages. */
  readonly name: string;
  /** The texts of the examples, or the first ones of their pairs. */
  readonly texts: readonly string[];
  /** The second texts of pairs, as many as there are texts. Default: single texts. */
  readonly textPairs?: readonly string[] | undefined;
  /** The labels in the form of the problem type; see `Labels`. Empty if there are no labels. */
  readonly labels: ArrayLike<number>;
  /** Names of the labels by index, or of the outputs of a regression. Empty if there are no labels. */
  readonly labelNames: readonly string[];
  /** The problem type. Default: `"single_label_classification"`. */
  readonly problemType?: ProblemType | undefined;
  /** The row of the source, counted from 1, that each example comes from. Default: 1, 2, 3 and so on. */
  readonly rows?: ArrayLike<number>;
  /** Sentences that the summary shows below the table. */
  readonly notes?: readonly string[];
  /** Number of examples of the data set that this one is a part of. Default: not a part. */
  readonly partOf?: number | undefined;
}

type Source = string | readonly string[] | ((row: Row) => unknown);

/**
 * Collects the texts and labels of a table's rows. Throws `BAD_DATA` with the numbers of the rows: those of the table,
 * which do not count a header.
 */
export function collectExamples(table: RowTable, options: DatasetOptions, name: string): DatasetContent {
  const { text = "text", textPair, label = "label" } = options;
  if (table.rows.length === 0) {
    throw new ThawError("BAD_DATA", `${name} has no rows. Give it at least one example for each label.`);
  }
  const numberOf = (index: number): number => table.numbers?.[index] ?? index + 1;
  checkColumns(table, options, name);
  const texts = new TextColumn(text, "text", name);
  const pairs = textPair === undefined ? undefined : new TextColumn(textPair, "textPair", name);
  const values: LabelValue[] = [];
  const rows: number[] = [];
  table.rows.forEach((row, index) => {
    const number = numberOf(index);
    const value = label === false ? false : cellOf(label, row, "label", number, name);
    if (value === undefined && typeof label === "function") return;
    const [first, second] = [texts.read(row, number), pairs?.read(row, number)];
    if (first === undefined || (pairs !== undefined && second === undefined)) return;
    texts.values.push(first);
    if (second !== undefined) pairs?.values.push(second);
    values.push({ value, row: number });
    rows.push(number);
  });
  texts.check();
  pairs?.check();
  if (rows.length === 0) {
    throw new ThawError(
      "BAD_DATA",
      `${name}: the functions of text and label left out all ${table.rows.length} rows. Check them on one row.`,
    );
  }
  const labelled = label === false ? unlabelled : readLabels(values, table, options, name);
  const notes = [...table.notes, ...labelled.notes];
  return { name, texts: texts.values, textPairs: pairs?.values, ...labelled, rows, notes };
}

const unlabelled: LabelledContent = {
  labels: new Int32Array(0),
  labelNames: [],
  problemType: "single_label_classification",
  notes: [],
};

/** Throws `BAD_DATA` where a column is missing from every row, or from some; rows may lack a part of a joined text. */
function checkColumns({ rows, numbers }: RowTable, options: DatasetOptions, name: string): void {
  const parts = new Set([options.text, options.textPair].filter(Array.isArray).flat());
  for (const column of columnsOf(options)) {
    const [having, lacking] = [[] as number[], [] as number[]];
    rows.forEach((row, index) => {
      (Object.hasOwn(row, column) ? having : lacking).push(numbers?.[index] ?? index + 1);
    });
    if (having.length === 0) throw missingColumn(rows[0] as Row, column, name);
    if (lacking.length === 0 || parts.has(column)) continue;
    throw new ThawError(
      "BAD_DATA",
      `${name}: ${listedRows(lacking)} ${lacking.length === 1 ? "has" : "have"} no "${column}", which row ${having[0]} has. Correct or ` +
        "remove the row.",
    );
  }
}

function missingColumn(first: Row, column: string, name: string): ThawError {
  const found = Object.keys(first);
  const [only = ""] = found;
  const inside = found.length === 1 ? [",", ";", "\t", "|"].find((delimiter) => only.includes(delimiter)) : undefined;
  const near = found.find((each) => each.toLowerCase() === column.toLowerCase()) ?? closest(column, found);
  const advice =
    inside !== undefined
      ? `The first line is one field: say what separates the fields, delimiter: ${JSON.stringify(inside)}, and put no ` +
        "quotation marks around whole lines."
      : near !== undefined
        ? `Is "${near}" meant?`
        : column === "label"
          ? 'Name yours, as in { label: "stars" }; for rows without labels, to be predicted, write label: false; for a file ' +
            "without a header give columns: [...]."
          : 'Name yours, as in { text: "review", label: "stars" }; for a file without a header give columns: [...].';
  return new ThawError(
    "BAD_DATA",
    `${name}: row 1 has no column "${column}". Columns found: ${listed(found.map((key) => JSON.stringify(key)))}. ${advice}`,
  );
}

/** Returns a row's value of a column, a list of columns, or a function. */
function cellOf(source: Source, row: Row, option: string, number: number, name: string): unknown {
  if (typeof source === "string") return row[source];
  if (typeof source !== "function") return source.map((column) => row[column]);
  try {
    return source(row);
  } catch (cause) {
    throw new ThawError(
      "BAD_DATA",
      `${name}: the function ${option} ends in an error for row ${number}: ${(cause as Error)?.message ?? String(cause)}. ` +
        "Correct it, or return undefined to leave the row out.",
      { cause },
    );
  }
}

/** Collects the texts of one option, and the rows that have none. */
class TextColumn {
  readonly values: string[] = [];
  readonly #source: Source;
  readonly #option: string;
  readonly #name: string;
  /** The problems that were found, with the rows of each. */
  readonly #problems = new Map<string, number[]>();

  constructor(source: Source, option: "text" | "textPair", name: string) {
    this.#source = source;
    this.#option = option;
    this.#name = name;
  }

  /** Reads the text of a row; undefined where a function leaves the row out. A row without one is kept for `check`. */
  read(row: Row, number: number): string | undefined {
    const value = cellOf(this.#source, row, this.#option, number, this.#name);
    if (value === undefined && typeof this.#source === "function") return undefined;
    const text = Array.isArray(value) && Array.isArray(this.#source) ? joined(value) : value;
    if (typeof text === "string" && hasContent(text)) return text;
    const problem =
      typeof text !== "string" ? `is ${kindOf(text)}` : text.trim() === "" ? "is empty" : "has no visible character";
    const rows = this.#problems.get(problem);
    if (rows === undefined) this.#problems.set(problem, [number]);
    else rows.push(number);
    return "";
  }

  check(): void {
    const [first] = this.#problems;
    if (first === undefined) return;
    const [problem, rows] = first;
    const source = this.#source;
    const columns = typeof source === "function" ? [] : [source].flat();
    const where =
      columns.length === 0
        ? ""
        : ` (column${columns.length === 1 ? "" : "s"} ${columns.map((each) => `"${each}"`).join(", ")})`;
    const column = typeof source === "string" ? source : undefined;
    const tests: Readonly<Record<string, (cell: string) => string>> = {
      "is empty": (cell) => `(String(${cell}).trim() === "" ? undefined : ${cell})`,
      "is null": (cell) => `(${cell} == null ? undefined : ${cell})`,
    };
    const test = column === undefined ? undefined : tests[problem];
    const leaveOut =
      test === undefined
        ? ""
        : `, or leave it out by a function that returns undefined: ${rowFunction(this.#option, column, test)}`;
    const conversions: Readonly<Record<string, (cell: string) => string>> = {
      "is of type number": (cell) => `String(${cell})`,
      "is a list": (cell) => `${cell}.join(" ")`,
    };
    const conversion = column === undefined ? undefined : conversions[problem];
    const asText = conversion === undefined ? "" : `, or write ${rowFunction(this.#option, column, conversion)}`;
    throw new ThawError(
      "BAD_DATA",
      `${this.#name}: the text in ${listedRows(rows)}${where} ${problem}. Correct or remove the row${leaveOut}${asText}.`,
    );
  }
}

/** Joins the texts of several columns by a space; null and empty ones are left out. */
function joined(parts: readonly unknown[]): unknown {
  const odd = parts.find((part) => part !== null && part !== undefined && typeof part !== "string");
  if (odd !== undefined) return odd;
  return parts.filter((part) => typeof part === "string" && hasContent(part)).join(" ");
}

/** Tells whether a text has a character that can be seen. */
const hasContent = (text: string): boolean => /[^\s\p{Cc}\p{Cf}]/u.test(text);

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (value instanceof Promise) return "a promise, which a function may not return";
  return Array.isArray(value) ? "a list" : `of type ${typeof value}`;
}

function readLabels(
  given: readonly LabelValue[],
  table: RowTable,
  options: DatasetOptions,
  name: string,
): LabelledContent {
  const { label = "label", labelSeparator } = options;
  const column = typeof label === "string" ? label : undefined;
  const columns = typeof label === "object" ? label : undefined;
  const mayBeLists = labelSeparator === undefined && options.problemType !== "single_label_classification";
  const values = columns === undefined && mayBeLists ? readWrittenLists(given, name) : given;
  const problemType = problemTypeOf(values, options);
  const names = options.labels ?? (column === undefined ? undefined : table.labelNames?.get(column));
  const isText = values !== given || labelSeparator !== undefined;
  const reading: LabelReading = { names, source: name, column };
  switch (problemType) {
    case "single_label_classification": {
      const { indices, ...others } = indexLabels(values, reading);
      return { ...others, labels: indices, problemType };
    }
    case "multi_label_classification":
      if (columns !== undefined) return labelColumns(values, columns, reading);
      return indexLabelSets(values, { ...reading, several: isText ? "text" : "list" }, labelSeparator);
    case "regression": {
      const isList = values.some(({ value }) => Array.isArray(value));
      const outputs = names ?? columns ?? (column === undefined || isList ? undefined : [column]);
      return readTargets(values, { ...reading, names: outputs });
    }
  }
}

function problemTypeOf(
  values: readonly LabelValue[],
  { label, labelSeparator, problemType }: DatasetOptions,
): ProblemType {
  const several =
    typeof label === "object" || labelSeparator !== undefined || values.some(({ value }) => Array.isArray(value));
  return problemType ?? (several ? "multi_label_classification" : "single_label_classification");
}
