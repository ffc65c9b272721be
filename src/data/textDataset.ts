/** Labelled texts. */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Labels, ProblemType } from "../config/config.ts";
import { ShownAsTable } from "../display/shownAsTable.ts";
import type { Table } from "../display/table.ts";
import { type OptionNames, refuseUnknown } from "../options.ts";
import { collectRows, type DatasetOptions } from "./collect.ts";
import { describeDataset } from "./describe.ts";
import { type FileOptions, type Row, readJsonLines, readSeparated } from "./rows.ts";
import { strataOf } from "./strata.ts";
import { type PartSize, rowsOf, stratifiedRows } from "./stratify.ts";

export interface SplitOptions {
  /** Rows for training. Default: what the other parts leave. */
  readonly train?: PartSize;
  /** Default: 0. */
  readonly validation?: PartSize;
  /** Default: 0. */
  readonly test?: PartSize;
  /** Default: 0. */
  readonly seed?: number;
}

const splitNames: OptionNames<SplitOptions> = { train: true, validation: true, test: true, seed: true };

export interface Split {
  readonly train: TextDataset;
  readonly validation: TextDataset;
  readonly test: TextDataset;
}

/** What a data set is made of. */
export interface DatasetContent {
  readonly name: string;
  readonly texts: readonly string[];
  /** The second texts of pairs, as many as there are texts. Default: single texts. */
  readonly textPairs?: readonly string[] | undefined;
  /** As the problem type says; see `Labels`. */
  readonly labels: Labels;
  readonly labelNames: readonly string[];
  /** Default: "single_label_classification". */
  readonly problemType?: ProblemType | undefined;
}

/** Texts, or pairs of texts, with one label each, with any number of labels, or with numbers. Shown in a notebook as counts and lengths, never as texts: those may be others' property. */
export class TextDataset extends ShownAsTable {
  readonly name: string;
  readonly texts: readonly string[];
  /** The second texts, where the rows are pairs. */
  readonly textPairs: readonly string[] | undefined;
  /** Label index by row; of several labels and of regression one cell for each label or output, row after row. */
  readonly labels: Labels;
  /** Of regression the names of the outputs. */
  readonly labelNames: readonly string[];
  readonly problemType: ProblemType;

  /** For content that is checked already; read files and rows with the `from` methods. */
  constructor(content: DatasetContent) {
    super();
    const { name, texts, textPairs, labels, labelNames, problemType = "single_label_classification" } = content;
    this.name = name;
    this.texts = texts;
    this.textPairs = textPairs;
    this.problemType = problemType;
    this.labels = labels;
    this.labelNames = labelNames;
  }

  /** Comma-separated values (RFC 4180). Errors: `MISSING_FILE`, `BAD_DATA`. */
  static async fromCsv(path: string, options: DatasetOptions & FileOptions = {}): Promise<TextDataset> {
    return TextDataset.fromRows(await readSeparated(path, ",", options), named(path, options));
  }

  /** Tab-separated values. Errors: `MISSING_FILE`, `BAD_DATA`. */
  static async fromTsv(path: string, options: DatasetOptions & FileOptions = {}): Promise<TextDataset> {
    return TextDataset.fromRows(await readSeparated(path, "\t", options), named(path, options));
  }

  /** One JSON object a line. Errors: `MISSING_FILE`, `BAD_DATA`. */
  static async fromJsonl(
    path: string,
    options: DatasetOptions & Pick<FileOptions, "encoding"> = {},
  ): Promise<TextDataset> {
    return TextDataset.fromRows(await readJsonLines(path, options.encoding), named(path, options));
  }

  /** Objects such as `{ text: "Good.", label: "positive" }`. Errors: `BAD_DATA`. */
  static fromRows(rows: readonly Row[], options: DatasetOptions = {}): TextDataset {
    return new TextDataset(collectRows(rows, options));
  }

  get length(): number {
    return this.texts.length;
  }

  /** Cells of a row in `labels`. */
  get #width(): number {
    return this.problemType === "single_label_classification" ? 1 : this.labelNames.length;
  }

  /** Rows of each label, by name; 0 for a label that no row has. Nothing for regression. */
  labelCounts(): Readonly<Record<string, number>> {
    if (this.problemType === "regression") return {};
    const counts = this.labelNames.map(() => 0);
    const isSingle = this.problemType === "single_label_classification";
    this.labels.forEach((cell, i) => {
      const label = isSingle ? cell : i % this.#width;
      counts[label] = (counts[label] ?? 0) + (isSingle ? 1 : cell);
    });
    return Object.fromEntries(this.labelNames.map((name, label) => [name, counts[label] ?? 0]));
  }

  /** Rows whose text, or pair of texts, already stood in an earlier row. */
  get duplicates(): number {
    const { textPairs } = this;
    const rows =
      textPairs === undefined ? this.texts : this.texts.map((text, row) => JSON.stringify([text, textPairs[row]]));
    return rows.length - new Set(rows).size;
  }

  /** Hash over the label names and every row's labels and texts, in order: says in a report which data it was. */
  get sha256(): string {
    const hash = createHash("sha256").update(JSON.stringify(this.labelNames));
    if (this.problemType !== "single_label_classification") hash.update(this.problemType);
    this.texts.forEach((text, row) => {
      const labels = this.labels.subarray(row * this.#width, (row + 1) * this.#width);
      hash.update(`\n${labels.join()}:${Buffer.byteLength(text)}:`).update(text);
      const second = this.textPairs?.[row];
      if (second !== undefined) hash.update(`:${Buffer.byteLength(second)}:`).update(second);
    });
    return hash.digest("hex");
  }

  /**
   * Disjoint parts with every label's share (of several labels: of their sets; of regression: of the tenths of the first
   * target), the same for the same seed. `validation` and `test` do not change with the
   * size of `train`. Errors: `BAD_SPLIT`, `BAD_ARGUMENT`.
   */
  split(options: SplitOptions): Split {
    refuseUnknown(options, splitNames, { kind: "option of split" });
    const { train, validation = 0, test = 0, seed = 0 } = options;
    const testRows = rowsOf(test, this.length, "test");
    const validationRows = rowsOf(validation, this.length, "validation");
    const trainRows =
      train === undefined ? this.length - testRows - validationRows : rowsOf(train, this.length, "train");
    const parts = [testRows, validationRows, Math.max(0, trainRows)];
    const [testPart, validationPart, trainPart] = stratifiedRows(strataOf(this), parts, seed, "split");
    return {
      train: this.#part(trainPart, "train"),
      validation: this.#part(validationPart, "validation"),
      test: this.#part(testPart, "test"),
    };
  }

  /** `count` rows with every label's share. Errors: `BAD_SPLIT`. */
  take(count: number, { seed = 0 }: { readonly seed?: number } = {}): TextDataset {
    const size = rowsOf(count, this.length, "take");
    const [rows] = stratifiedRows(strataOf(this), [size], seed, "take");
    return this.#part(rows, `${size} rows`);
  }

  override toTable(): Table {
    return describeDataset(this);
  }

  #part(rows: Uint32Array | undefined, part: string): TextDataset {
    const indices = Array.from(rows ?? []);
    return new TextDataset({
      name: `${this.name}, ${part}`,
      texts: indices.map((row) => this.texts[row] as string),
      ...(this.textPairs === undefined ? {} : { textPairs: indices.map((row) => this.textPairs?.[row] as string) }),
      labels: cellsOf(this.labels, indices, this.#width),
      labelNames: this.labelNames,
      problemType: this.problemType,
    });
  }
}

/** The cells of these rows, `width` each. */
export function cellsOf(labels: Labels, rows: ArrayLike<number>, width: number): Labels {
  const cells = Array.from(rows).flatMap((row) => Array.from(labels.subarray(row * width, (row + 1) * width)));
  return labels instanceof Int32Array ? Int32Array.from(cells) : Float32Array.from(cells);
}

function named(path: string, options: DatasetOptions): DatasetOptions {
  return { name: basename(path), ...options };
}
