/** A data set of examples: texts, or pairs of texts, with their labels. */
import { ShownAsTable, type Table } from "../display/table.ts";
import { ThawError } from "../errors.ts";
import { createHash } from "../platform/bytes.ts";
import { basename } from "../platform/files.ts";
import type { Labels, ProblemType } from "../task/task.ts";
import { describeDataset, keysOf, observations, partNotes } from "./describe.ts";
import { collectExamples, type DatasetContent, type Example } from "./examples.ts";
import { readFolder } from "./folder.ts";
import { readJson, readJsonLines } from "./json.ts";
import { checkDatasetOptions, type DatasetOptions, type SeparatedOptions, type TextFileOptions } from "./options.ts";
import { readParquet } from "./parquet.ts";
import { type RowTable, tableOf } from "./rows.ts";
import { readSeparated } from "./separated.ts";
import { countOf, partSizes, type SplitOptions, stratified } from "./split.ts";

/** The parts of a split. Parts without a size are empty. */
export interface Split {
  /** The part to train on. */
  readonly train: TextDataset;
  /** The part to evaluate on while training. */
  readonly validation: TextDataset;
  /** The part to evaluate on once, at the end. */
  readonly test: TextDataset;
}

/**
 * A data set whose examples are texts, or pairs of texts, with one label each, with any number of labels, with numbers
 * (regression), or without labels. It is immutable. A notebook shows its counts, lengths and notes, but never its
 * texts, which may be confidential. Read single examples with `dataset.at(0)` or `for (const { text, label } of
 * dataset)`; `dataset[0]` is undefined. Make one with `fromCsv`, `fromTsv`, `fromJsonl`, `fromJson`, `fromParquet`, `fromFolder` and
 * `fromRows`.
 */
export class TextDataset extends ShownAsTable {
  /** Name of the data set in tables and messages. */
  readonly name: string;
  /** The texts of the examples, or the first ones of their pairs, in order. */
  readonly texts: readonly string[];
  /** The second texts, as many as there are texts; undefined where the examples are single texts. */
  readonly textPairs: readonly string[] | undefined;
  /** Names of the labels by index, or of the outputs of a regression; empty if there are no labels. */
  readonly labelNames: readonly string[];
  /** The problem type: one label per example, any number of labels, or numbers. */
  readonly problemType: ProblemType;
  /** Number of examples of the data set that this one is a part of; undefined if it is not a part. */
  readonly partOf: number | undefined;
  readonly #labels: Labels;
  readonly #rows: Uint32Array;
  readonly #given: readonly string[];
  #shownLabels: readonly number[] | undefined;
  #notes: readonly string[] | undefined;

  /**
   * Makes a data set from content that is already checked; the `from` methods read files and rows. Throws `BAD_DATA` if
   * texts, labels and names do not match.
   */
  constructor(content: DatasetContent) {
    super();
    const {
      name,
      texts,
      textPairs,
      labels,
      labelNames,
      problemType = "single_label_classification",
      rows,
      notes = [],
    } = content;
    this.name = name;
    this.texts = Object.freeze([...texts]);
    this.textPairs = textPairs === undefined ? undefined : Object.freeze([...textPairs]);
    this.labelNames = Object.freeze([...labelNames]);
    this.problemType = problemType;
    this.partOf = content.partOf;
    this.#labels = problemType === "single_label_classification" ? Int32Array.from(labels) : Float32Array.from(labels);
    this.#rows = Uint32Array.from(rows ?? texts.map((_, i) => i + 1));
    this.#given = notes;
    this.#check(labels);
    Object.freeze(this);
  }

  #check(given: ArrayLike<number>): void {
    const fail = (message: string): never => {
      throw new ThawError("BAD_DATA", `${this.name}: ${message}`);
    };
    const { length, textPairs, labelNames } = this;
    if (textPairs !== undefined && textPairs.length !== length) {
      fail(`${textPairs.length} second texts for ${length} texts. Give as many of both.`);
    }
    if (this.#rows.length !== length)
      fail(`${this.#rows.length} numbers of rows for ${length} texts. Give as many of both.`);
    const cells = this.isLabelled ? length * this.#width : 0;
    if (given.length !== cells) {
      fail(
        `${given.length} labels for ${length} texts and ${labelNames.length} names of labels, which need ${cells}. Give as many.`,
      );
    }
    if (this.problemType !== "single_label_classification") return;
    const odd = this.#labels.findIndex((label, i) => label !== given[i] || label < 0 || label >= labelNames.length);
    if (odd >= 0)
      fail(`label ${given[odd]} in row ${this.#rows[odd]} is no index from 0 to ${labelNames.length - 1}. Correct it.`);
  }

  /**
   * Reads comma-separated values (RFC 4180), packed by gzip or not. Options: `text`, `textPair`, `label`, `labels`,
   * `labelSeparator`, `problemType`, `name`; `columns` for a file without a header, `delimiter` (default: detected),
   * `quote`, `encoding` (default: detected). Throws `MISSING_FILE`, `WRONG_FORMAT`, `BAD_DATA` and `BAD_ARGUMENT`.
   */
  static async fromCsv(path: string, options: DatasetOptions & SeparatedOptions = {}): Promise<TextDataset> {
    checkDatasetOptions(options, "fromCsv");
    return fromTable(await readSeparated(path, ",", options), options, path);
  }

  /** Reads tab-separated values: `fromCsv` with a tab as the default of `delimiter`, without detection. */
  static async fromTsv(path: string, options: DatasetOptions & SeparatedOptions = {}): Promise<TextDataset> {
    checkDatasetOptions(options, "fromTsv");
    return fromTable(await readSeparated(path, "\t", options), options, path);
  }

  /**
   * Reads a file with one JSON object per line, packed by gzip or not. Options: `text`, `textPair`, `label`, `labels`,
   * `labelSeparator`, `problemType`, `name`, `encoding`. Throws `MISSING_FILE`, `WRONG_FORMAT`, `BAD_DATA` and
   * `BAD_ARGUMENT`.
   */
  static async fromJsonl(path: string, options: DatasetOptions & TextFileOptions = {}): Promise<TextDataset> {
    checkDatasetOptions(options, "fromJsonl");
    return fromTable(await readJsonLines(path, options), options, path);
  }

  /**
   * Reads a file that is one JSON value, packed by gzip or not: a list of objects, or an object with one list per column.
   * Options and errors are those of `fromJsonl`.
   */
  static async fromJson(path: string, options: DatasetOptions & TextFileOptions = {}): Promise<TextDataset> {
    checkDatasetOptions(options, "fromJson");
    return fromTable(await readJson(path, options), options, path);
  }

  /**
   * Reads a Parquet file of any codec. Label names that Hugging Face's `datasets` has written into it are used unless
   * `labels` is given. Options: `text`, `textPair`, `label`, `labels`, `labelSeparator`, `problemType`, `name`. Throws
   * `MISSING_FILE`, `WRONG_FORMAT`, `BAD_DATA` and `BAD_ARGUMENT`.
   */
  static async fromParquet(path: string, options: DatasetOptions = {}): Promise<TextDataset> {
    checkDatasetOptions(options, "fromParquet");
    return fromTable(await readParquet(path, options), options, path);
  }

  /**
   * Reads a folder that has a folder for each label, with a `.txt` file for each example: `reviews/positive/1.txt`. The rows have
   * the columns `text`, `label` (the name of the folder) and `file`. With `labels` only these folders are read. Options:
   * `text`, `textPair`, `label`, `labels`, `labelSeparator`, `problemType`, `name`, `encoding`. Throws `MISSING_FILE`,
   * `WRONG_FORMAT`, `BAD_DATA` and `BAD_ARGUMENT`.
   */
  static async fromFolder(path: string, options: DatasetOptions & TextFileOptions = {}): Promise<TextDataset> {
    checkDatasetOptions(options, "fromFolder");
    return fromTable(await readFolder(path, options), options, path);
  }

  /**
   * Makes a data set from objects such as `{ text: "Good.", label: "positive" }`, or from one list per column, `{ text:
   * ["Good."], label: ["positive"] }`. Options: `text`, `textPair`, `label`, `labels`, `labelSeparator`, `problemType`,
   * `name`. Throws `BAD_DATA` and `BAD_ARGUMENT`.
   */
  static fromRows(
    rows: readonly object[] | Readonly<Record<string, ArrayLike<unknown>>>,
    options: DatasetOptions = {},
  ): TextDataset {
    checkDatasetOptions(options, "fromRows");
    const name = options.name ?? "the data";
    return new TextDataset(collectExamples(tableOf(rows, name), options, name));
  }

  /** The number of examples. */
  get length(): number {
    return this.texts.length;
  }

  /** Whether the examples have labels; without labels they can be predicted, but not trained or evaluated on. */
  get isLabelled(): boolean {
    return this.labelNames.length > 0;
  }

  /**
   * The labels as an immutable list, row-major. One label per example: its index, `[examples]`. Several labels: 0 or 1
   * for each label, `[examples, labels]`. Regression: the targets, `[examples, outputs]`. Empty without labels.
   */
  get labels(): readonly number[] {
    this.#shownLabels ??= Object.freeze(Array.from(this.#labels));
    return this.#shownLabels;
  }

  /**
   * The row of the file or list that each example comes from, counted from 1.
   *
   * @internal
   */
  get rows(): readonly number[] {
    return Array.from(this.#rows);
  }

  /** Copies the labels of the examples at these indices, in the form that a model takes. Default: all examples. */
  batchLabels(places?: ArrayLike<number>): Labels {
    return places === undefined ? this.#labels.slice() : cellsOf(this.#labels, places, this.#width);
  }

  /**
   * Returns the example at this index, counted from 0; a negative index counts from the end. Undefined if there is
   * none.
   */
  at(place: number): Example | undefined {
    const index = place < 0 ? this.length + place : place;
    const text = this.texts[index];
    if (text === undefined) return undefined;
    const [textPair, label] = [this.textPairs?.[index], this.#labelAt(index)];
    return {
      text,
      ...(textPair === undefined ? {} : { textPair }),
      ...(label === undefined ? {} : { label }),
      row: this.#rows[index] as number,
    };
  }

  /** Iterates over the examples in their order. */
  *[Symbol.iterator](): Generator<Example> {
    for (let place = 0; place < this.length; place++) yield this.at(place) as Example;
  }

  #labelAt(index: number): Example["label"] {
    if (!this.isLabelled) return undefined;
    const cells = this.#labels.subarray(index * this.#width, (index + 1) * this.#width);
    switch (this.problemType) {
      case "single_label_classification":
        return this.labelNames[cells[0] as number] as string;
      case "multi_label_classification":
        return this.labelNames.filter((_, label) => cells[label] === 1);
      case "regression":
        return cells.length === 1 ? (cells[0] as number) : Array.from(cells);
    }
  }

  /** Number of values per example in `labels`. */
  get #width(): number {
    return this.problemType === "single_label_classification" ? 1 : this.labelNames.length;
  }

  /** Counts the examples of each label, by name; 0 for a label that no example has. Empty for regression. */
  labelCounts(): Readonly<Record<string, number>> {
    if (this.problemType === "regression") return {};
    const counts = this.labelNames.map(() => 0);
    const isSingle = this.problemType === "single_label_classification";
    this.#labels.forEach((cell, i) => {
      const label = isSingle ? cell : i % this.#width;
      counts[label] = (counts[label] ?? 0) + (isSingle ? 1 : cell);
    });
    return Object.fromEntries(this.labelNames.map((name, label) => [name, counts[label] ?? 0]));
  }

  /** Number of examples whose text, or pair of texts, equals that of an earlier example. */
  get duplicates(): number {
    return this.length - new Set(keysOf(this)).size;
  }

  /** Notes on what was detected, repaired or left out while reading, and on oddities in the data, with their rows. */
  get notes(): readonly string[] {
    this.#notes ??= Object.freeze([...this.#given, ...observations(this)]);
    return this.#notes;
  }

  /**
   * SHA-256 in hexadecimal, over the label names and every example's labels and texts, in order: it identifies the data
   * in a report.
   */
  get sha256(): string {
    const hash = createHash("sha256").update(JSON.stringify(this.labelNames));
    if (this.problemType !== "single_label_classification") hash.update(this.problemType);
    this.texts.forEach((text, place) => {
      const labels = this.#labels.subarray(place * this.#width, (place + 1) * this.#width);
      hash.update(`\n${labels.join()}:${Buffer.byteLength(text)}:`).update(text);
      const second = this.textPairs?.[place];
      if (second !== undefined) hash.update(`:${Buffer.byteLength(second)}:`).update(second);
    });
    return hash.digest("hex");
  }

  /**
   * Splits the data set into disjoint parts, stratified by label (by label set for several labels, by deciles of the
   * first target for a regression); the same seed gives the same split. Sizes below 1 are fractions: `split({ train:
   * 0.8, validation: 0.1, test: 0.1 })` puts every example into one part, and each part has its fraction to within one
   * example. `validation` and `test` do not change with the size of `train`. Defaults: `train` takes the remaining
   * examples, `validation` and `test` 0; `seed` 0. Throws `BAD_SPLIT`, `BAD_SEED` and `BAD_ARGUMENT`.
   */
  split(options: SplitOptions): Split {
    const sizes = partSizes(options, this.length);
    const [test, validation, train] = stratified(
      this.#labelled(),
      [sizes.test, sizes.validation, sizes.train],
      options.seed ?? 0,
      "split",
    ) as [Uint32Array, Uint32Array, Uint32Array];
    const places = { train, validation, test };
    return {
      train: this.#part(train, "train", partNotes(this, "train", places, options)),
      validation: this.#part(validation, "validation", partNotes(this, "validation", places, options)),
      test: this.#part(test, "test", partNotes(this, "test", places, options)),
    };
  }

  /**
   * Draws a stratified sample of `count` examples, or of that fraction of all if `count` is below 1. Default `seed`: 0.
   * Throws `BAD_SPLIT` and `BAD_SEED`.
   */
  take(count: number, { seed = 0 }: { readonly seed?: number } = {}): TextDataset {
    const size = countOf(count, this.length, "take");
    const [places] = stratified(this.#labelled(), [size], seed, "take") as [Uint32Array];
    return this.#part(places, `${size} examples`, []);
  }

  #labelled() {
    const { length, labelNames, problemType } = this;
    return { length, labelNames, problemType, labels: this.#labels };
  }

  /** The summary as a table: name, size and text lengths, the labels with their counts, and the notes. */
  override toTable(): Table {
    return describeDataset(this);
  }

  #part(places: Uint32Array, part: string, notes: readonly string[]): TextDataset {
    const indices = Array.from(places);
    return new TextDataset({
      name: `${this.name}, ${part}`,
      texts: indices.map((place) => this.texts[place] as string),
      ...(this.textPairs === undefined ? {} : { textPairs: indices.map((place) => this.textPairs?.[place] as string) }),
      labels: this.isLabelled ? cellsOf(this.#labels, places, this.#width) : [],
      labelNames: this.labelNames,
      problemType: this.problemType,
      rows: indices.map((place) => this.#rows[place] as number),
      notes,
      partOf: this.length,
    });
  }
}

/** Copies the label values of the examples at these indices, `width` each. */
export function cellsOf(labels: Labels, places: ArrayLike<number>, width: number): Labels {
  const cells =
    labels instanceof Int32Array ? new Int32Array(places.length * width) : new Float32Array(places.length * width);
  for (let i = 0; i < places.length; i++) {
    const start = (places[i] as number) * width;
    cells.set(labels.subarray(start, start + width), i * width);
  }
  return cells;
}

function fromTable(table: RowTable, options: DatasetOptions, path: string): TextDataset {
  return new TextDataset(collectExamples(table, options, options.name ?? basename(path)));
}
