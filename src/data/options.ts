/** The options of a data set: the meaning of its columns, and the format of its file. */
import { ThawError } from "../errors.ts";
import { type OptionNames, refuseUnknown } from "../options.ts";
import { type ProblemType, problemTypes } from "../task/task.ts";
import { type Row, shown } from "./rows.ts";

/**
 * The source of a text: a column, several columns (their texts joined by one space, empty ones left out, as in
 * transformers' `run_classification.py`), or a function that returns the text, or `undefined` to leave the row out.
 */
export type TextSource = string | readonly string[] | ((row: Row) => unknown);

/** Options of every way to make a data set. */
export interface DatasetOptions {
  /** Column, list of columns, or function of the row that gives the text. Default: `"text"`. */
  readonly text?: TextSource;
  /** Column, list of columns, or function of the row that gives the second text of a pair. Default: single texts. */
  readonly textPair?: TextSource;
  /**
   * Column with the labels, a list of columns (0 or 1 for each label; a number for each output of a regression), or a
   * function of the row that returns its label (a string, number or boolean, or a list of them), or `undefined` to
   * leave the row out. `false` makes a data set without labels, for `predict`. Default: `"label"`.
   */
  readonly label?: string | readonly string[] | ((row: Row) => unknown) | false;
  /**
   * Names of the labels in the order of their indices. Default: the labels in the data, sorted; for label columns, the
   * names of the columns.
   */
  readonly labels?: readonly string[];
  /** Separator of several labels in one cell, such as `"|"`. Default: one label per cell. */
  readonly labelSeparator?: string;
  /**
   * The problem type. Default: `"multi_label_classification"` if labels are lists, separated or in several columns,
   * else `"single_label_classification"`; `"regression"` must be set explicitly.
   */
  readonly problemType?: ProblemType;
  /** The name of the data set in tables and messages. Default: the file's name. */
  readonly name?: string;
}

/** Options of files that are text. */
export interface TextFileOptions {
  /**
   * Encoding of the file, by any name that `TextDecoder` knows. Default: detected: UTF-16 by its byte order mark or
   * zero bytes, else UTF-8, or Windows-1252 if the bytes are not valid UTF-8.
   */
  readonly encoding?: string;
}

/** Options of CSV and TSV files. */
export interface SeparatedOptions extends TextFileOptions {
  /** Column names of a file without a header line. Default: the first line has them. */
  readonly columns?: readonly string[];
  /** Separator of fields, such as `";"`. Default: a tab in `fromTsv`; detected from the first lines in `fromCsv`. */
  readonly delimiter?: string;
  /** Whether `"` quotes a field. Default: true; false for raw files with loose quotation marks. */
  readonly quote?: boolean;
}

/** Names of the methods that make a data set. */
export type ReadCall = "fromRows" | "fromCsv" | "fromTsv" | "fromJsonl" | "fromJson" | "fromParquet" | "fromFolder";

const datasetNames: OptionNames<DatasetOptions> = {
  text: true,
  textPair: true,
  label: true,
  labels: true,
  labelSeparator: true,
  problemType: true,
  name: true,
};
const textFileNames: OptionNames<TextFileOptions> = { encoding: true };
const separatedNames: OptionNames<SeparatedOptions> = { ...textFileNames, columns: true, delimiter: true, quote: true };

const namesOf: Readonly<Record<ReadCall, object>> = {
  fromRows: datasetNames,
  fromParquet: datasetNames,
  fromJson: { ...datasetNames, ...textFileNames },
  fromJsonl: { ...datasetNames, ...textFileNames },
  fromFolder: { ...datasetNames, ...textFileNames },
  fromCsv: { ...datasetNames, ...separatedNames },
  fromTsv: { ...datasetNames, ...separatedNames },
};

/** The options by their names in pandas, `datasets`, transformers' scripts and other readers of CSV. */
const elsewhere = {
  ...meaning("text", [
    "textColumn",
    "textColumnName",
    "textColumnNames",
    "textField",
    "sentence1Key",
    "sentence",
    "input",
  ]),
  ...meaning("textPair", ["textPairColumn", "textColumn2", "sentence2Key", "sentence2", "text2", "secondText"]),
  ...meaning("label", ["labelColumn", "labelColumnName", "labelColumns", "labelField", "target", "targetColumn", "y"]),
  ...meaning("labels", ["labelNames", "classNames", "classes", "id2label", "label2id", "names", "labelList"]),
  ...meaning("labelSeparator", ["labelDelimiter", "labelSep", "multiLabelSeparator"]),
  ...meaning("problemType", ["task", "taskType", "isRegression", "multiLabel", "isMultiLabel"]),
  ...meaning("delimiter", ["sep", "separator", "fieldDelimiter"]),
  ...meaning("quote", ["quotechar", "quoting", "quoteChar"]),
  ...meaning("encoding", ["charset", "fileEncoding"]),
  header: 'columns: ["text", "label"], for a file whose first line is not its header',
  fieldnames: "columns, for a file whose first line is not its header",
  usecols: "text and label, which name the columns that are read",
  compression: "not needed: gzip is found out from the file",
  filter: "a label function that returns undefined for the rows to leave out",
};

function meaning(option: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, option]));
}

/** Lists the columns that the options name for text, second text and label; a function names none. */
export function columnsOf({ text = "text", textPair, label = "label" }: DatasetOptions): string[] {
  return [text, textPair, label].flat().filter((source): source is string => typeof source === "string");
}

/**
 * Refuses unknown options and invalid values before a file is opened. Throws `BAD_ARGUMENT`, or `BAD_DATA` for invalid
 * labels.
 */
export function checkDatasetOptions(options: DatasetOptions & SeparatedOptions, call: ReadCall): void {
  refuseUnknown(options, namesOf[call], { kind: `option of ${call}`, elsewhere });
  const { text, textPair, label, labels, labelSeparator, problemType, columns, delimiter, quote, encoding, name } =
    options;
  checkSource("text", text);
  checkSource("textPair", textPair);
  if (label !== false) checkSource("label", label, " For rows without labels, to be predicted, write label: false.");
  if (labels !== undefined) checkNames("labels", labels);
  if (columns !== undefined) checkNames("columns", columns);
  if (labelSeparator !== undefined) checkText("labelSeparator", labelSeparator, '"|"');
  if (encoding !== undefined) checkText("encoding", encoding, '"utf-8"');
  if (delimiter !== undefined) checkText("delimiter", delimiter, '";"');
  if (name !== undefined) checkText("name", name, '"reviews"');
  if (delimiter !== undefined && /["\r\n]/.test(delimiter)) refuse("delimiter", delimiter, 'a character such as ";"');
  if (quote !== undefined && typeof quote !== "boolean") {
    refuse("quote", quote, 'true or false: whether " quotes a field');
  }
  if (problemType !== undefined && !problemTypes.includes(problemType)) {
    throw new ThawError("BAD_DATA", `problemType is ${shown(problemType)}; known are ${problemTypes.join(", ")}.`);
  }
  if (label === false && (labels ?? labelSeparator ?? problemType) !== undefined) {
    throw new ThawError(
      "BAD_ARGUMENT",
      "label is false, so that the rows have no labels, but labels, labelSeparator or problemType say something of them. " +
        "Leave out one or the other.",
    );
  }
  const sources = [text ?? "text", textPair, label === undefined ? "label" : label].filter(
    (each) => typeof each === "string",
  );
  const twice = sources.find((each, i) => sources.indexOf(each) < i);
  if (twice !== undefined) {
    throw new ThawError(
      "BAD_ARGUMENT",
      `The column "${twice}" is taken for two things among text, textPair and label. Name another column for one of them.`,
    );
  }
}

function checkSource(option: string, value: unknown, more = ""): void {
  if (value === undefined || typeof value === "function") return;
  if (typeof value === "string" && value !== "") return;
  if (Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === "string")) return;
  refuse(option, value, `the name of a column, a list of names, or a function of the row.${more}`);
}

function checkText(option: string, value: unknown, example: string): void {
  if (typeof value !== "string" || value === "") refuse(option, value, `a text such as ${example}`);
}

/**
 * Refuses what is no list of names; where an object maps names to numbers, or numbers to names, the message gives the
 * list.
 */
function checkNames(option: "labels" | "columns", value: unknown): void {
  if (Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === "string")) return;
  const list = Array.isArray(value) ? value.map(String) : namesIn(value);
  const example = list.length > 0 ? list : option === "labels" ? ["negative", "positive"] : ["text", "label"];
  refuse(option, value, `a list of names: ${option}: ${JSON.stringify(example)}`);
}

/**
 * Lists the names in `{ neg: 0, pos: 1 }` or `{ 0: "neg", 1: "pos" }`, in the order of their numbers; none in anything
 * else.
 */
function namesIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const entries = Object.entries(value);
  if (entries.every(([, name]) => typeof name === "string")) return entries.map(([, name]) => name as string);
  if (!entries.every(([, index]) => typeof index === "number")) return [];
  return entries.sort(([, a], [, b]) => (a as number) - (b as number)).map(([name]) => name);
}

function refuse(option: string, value: unknown, wanted: string): never {
  const given = typeof value === "function" ? "a function" : shown(value);
  throw new ThawError(
    "BAD_ARGUMENT",
    `The option ${option} is ${given}; it is ${wanted}${wanted.endsWith(".") ? "" : "."}`,
  );
}

/**
 * Writes a function of the row as advice has it, such as `label: (row) => String(row.stars).toLowerCase()`; `make` gets
 * the cell.
 */
export function rowFunction(option: string, column: string | undefined, make: (cell: string) => string): string {
  const name = column ?? option;
  return `${option}: (row) => ${make(/^[A-Za-z_$][\w$]*$/.test(name) ? `row.${name}` : `row[${JSON.stringify(name)}]`)}`;
}
