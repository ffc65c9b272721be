/** A data set of examples: texts, or pairs of texts, with their labels. */
import { ShownAsTable, type Table } from "../display/table.ts";
import { ThawError } from "../errors.ts";
import type { Labels, ProblemType } from "../models/config/config.ts";
import { createHash } from "../platform/bytes.ts";
import { basename } from "../platform/files.ts";
import { describeDataset, keysOf, observations, partNotes } from "./describe.ts";
import { collectExamples, type DatasetContent, type Example } from "./examples.ts";
import { readJson, readJsonLines } from "./json.ts";
import { checkDatasetOptions, type DatasetOptions, type SeparatedOptions, type TextFileOptions } from "./options.ts";
import { readParquet } from "./parquet.ts";
import { type RowTable, tableOf } from "./rows.ts";
import { readSeparated } from "./separated.ts";
import { countOf, partSizes, type SplitOptions, stratified } from "./split.ts";

/** The parts of a split. Those that were not asked for are empty. */
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
 * (regression), or without labels. It cannot be changed. In a notebook it is shown as counts, lengths and notes, never
 * as texts: those may be others' property. Single examples are `dataset.at(0)` and `for (const { text, label } of
 * dataset)`; `dataset[0]` is nothing. Made by `fromCsv`, `fromTsv`, `fromJsonl`, `fromJson`, `fromParquet` and
 * `fromRows`.
 */
export class TextDataset extends ShownAsTable {
  /** What tables and messages call the data set. */
  readonly name: string;
  /** The texts of the examples, or the first ones of their pairs, in order. */
  readonly texts: readonly string[];
  /** The second texts, as many as there are texts; undefined where the examples are single texts. */
  readonly textPairs: readonly string[] | undefined;
  /** Names of the labels by index, of a regression those of the outputs; empty where there are no labels. */
  readonly labelNames: readonly string[];
  /** What is learnt: one label per example, any number of labels, or numbers. */
  readonly problemType: ProblemType;
  /** The number of examples of the data set that this one is a part of; undefined where it is no part. */
  readonly partOf: number | undefined;
  readonly #labels: Labels;
  readonly #rows: Uint32Array;
  readonly #given: readonly string[];
  #shownLabels: readonly number[] | undefined;
  #notes: readonly string[] | undefined;

  /**
   * Makes a data set of content that is checked already; files and rows are read by the `from` methods. Throws
   * `BAD_DATA` where texts, labels and names do not belong together.
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
   * `labelSeparator`, `problemType`, `name`; `columns` for a file without a header, `delimiter` (default: found out),
   * `quote`, `encoding` (default: found out). Throws `MISSING_FILE`, `WRONG_FORMAT`, `BAD_DATA` and `BAD_ARGUMENT`.
   */
  static async fromCsv(path: string, options: DatasetOptions & SeparatedOptions = {}): Promise<TextDataset> {
    checkDatasetOptions(options, "fromCsv");
    return fromTable(await readSeparated(path, ",", options), options, path);
  }

  /** Reads tab-separated values: `fromCsv` with another default of `delimiter`, and nothing guessed. */
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
   * Reads a Parquet file of any codec. Names of labels that Hugging Face's `datasets` has written into it are taken where
   * `labels` gives none. Options: `text`, `textPair`, `label`, `labels`, `labelSeparator`, `problemType`, `name`. Throws
   * `MISSING_FILE`, `WRONG_FORMAT`, `BAD_DATA` and `BAD_ARGUMENT`.
   */
  static async fromParquet(path: string, options: DatasetOptions = {}): Promise<TextDataset> {
    checkDatasetOptions(options, "fromParquet");
    return fromTable(await readParquet(path, options), options, path);
  }

  /**
   * Makes a data set of objects such as `{ text: "Good.", label: "positive" }`, or of one list per column, `{ text:
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

  /** Whether the examples have labels; without them they can be predicted, not learnt from. */
  get isLabelled(): boolean {
    return this.labelNames.length > 0;
  }

  /**
   * The labels, example after example, as plain numbers that cannot be changed. One label per example: its index, `[examples]`.
   * Several: 0 or 1 for each label, `[examples, labels]`. Regression: the targets, `[examples, outputs]`. Empty without labels.
   */
  get labels(): readonly number[] {
    this.#shownLabels ??= Object.freeze(Array.from(this.#labels));
    return this.#shownLabels;
  }

  /** Copies the labels of some examples, by their places, in the form that a model takes. Default: of all examples. */
  batchLabels(places?: ArrayLike<number>): Labels {
    return places === undefined ? this.#labels.slice() : cellsOf(this.#labels, places, this.#width);
  }

  /**
   * Gives the example in this place, counted from 0; a negative one counts from the end. Undefined where there is none.
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

  /** The numbers that one example has in `labels`. */
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

  /** The number of examples whose text, or pair of texts, already stood in an earlier example. */
  get duplicates(): number {
    return this.length - new Set(keysOf(this)).size;
  }

  /** Sentences on what was guessed, mended or left out while reading, and on what looks odd in the data; with rows. */
  get notes(): readonly string[] {
    this.#notes ??= Object.freeze([...this.#given, ...observations(this)]);
    return this.#notes;
  }

  /**
   * SHA-256 in hexadecimal, over the label names and every example's labels and texts, in order: it says in a report
   * which data it was.
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
   * Splits the data set into disjoint parts with every label's share (of several labels: of their sets; of regression:
   * of the tenths of the first target), the same for the same seed. Sizes below 1 are fractions: `split({ train: 0.8,
   * validation: 0.1, test: 0.1 })` gives every example to one part, and each part its share to within one example.
   * `validation` and `test` do not change with the size of `train`. Defaults: `train` is what the others leave, the
   * others 0; `seed` 0. Throws `BAD_SPLIT`, `BAD_SEED` and `BAD_ARGUMENT`.
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
   * Draws `count` examples with every label's share, or that fraction of them. Default of `seed`: 0. Throws `BAD_SPLIT`
   * and `BAD_SEED`.
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

/** Copies the numbers of these examples, `width` each. */
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
