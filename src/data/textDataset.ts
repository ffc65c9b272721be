/** Labelled texts. */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { ShownAsTable } from "../display/shownAsTable.ts";
import type { Table } from "../display/table.ts";
import { collectRows, type DatasetOptions } from "./collect.ts";
import { describeDataset } from "./describe.ts";
import { type FileOptions, type Row, readJsonLines, readSeparated } from "./rows.ts";
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

export interface Split {
  readonly train: TextDataset;
  readonly validation: TextDataset;
  readonly test: TextDataset;
}

/** What a data set is made of. */
export interface DatasetContent {
  readonly name: string;
  readonly texts: readonly string[];
  readonly labels: Int32Array;
  readonly labelNames: readonly string[];
}

/** Texts with one label each. Shown in a notebook as counts and lengths, never as texts: those may be others' property. */
export class TextDataset extends ShownAsTable {
  readonly name: string;
  readonly texts: readonly string[];
  /** Label index by row. */
  readonly labels: Int32Array;
  readonly labelNames: readonly string[];

  /** For content that is checked already; read files and rows with the `from` methods. */
  constructor({ name, texts, labels, labelNames }: DatasetContent) {
    super();
    this.name = name;
    this.texts = texts;
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

  /** Rows of each label, by name; 0 for a label that no row has. */
  labelCounts(): Readonly<Record<string, number>> {
    const counts = this.labelNames.map(() => 0);
    for (const label of this.labels) counts[label] = (counts[label] ?? 0) + 1;
    return Object.fromEntries(this.labelNames.map((name, label) => [name, counts[label] ?? 0]));
  }

  /** Rows whose text already stood in an earlier row. */
  get duplicates(): number {
    return this.texts.length - new Set(this.texts).size;
  }

  /** Hash over the label names and every row's label and text, in order: says in a report which data it was. */
  get sha256(): string {
    const hash = createHash("sha256").update(JSON.stringify(this.labelNames));
    this.texts.forEach((text, row) => {
      hash.update(`\n${this.labels[row]}:${Buffer.byteLength(text)}:`).update(text);
    });
    return hash.digest("hex");
  }

  /**
   * Disjoint parts with every label's share, the same for the same seed. `validation` and `test` do not change with the
   * size of `train`. Errors: `BAD_SPLIT`.
   */
  split({ train, validation = 0, test = 0, seed = 0 }: SplitOptions): Split {
    const testRows = rowsOf(test, this.length, "test");
    const validationRows = rowsOf(validation, this.length, "validation");
    const trainRows =
      train === undefined ? this.length - testRows - validationRows : rowsOf(train, this.length, "train");
    const parts = [testRows, validationRows, Math.max(0, trainRows)];
    const [testPart, validationPart, trainPart] = stratifiedRows(
      this.labels,
      this.labelNames.length,
      parts,
      seed,
      "split",
    );
    return {
      train: this.#part(trainPart, "train"),
      validation: this.#part(validationPart, "validation"),
      test: this.#part(testPart, "test"),
    };
  }

  /** `count` rows with every label's share. Errors: `BAD_SPLIT`. */
  take(count: number, { seed = 0 }: { readonly seed?: number } = {}): TextDataset {
    const size = rowsOf(count, this.length, "take");
    const [rows] = stratifiedRows(this.labels, this.labelNames.length, [size], seed, "take");
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
      labels: Int32Array.from(indices, (row) => this.labels[row] as number),
      labelNames: this.labelNames,
    });
  }
}

function named(path: string, options: DatasetOptions): DatasetOptions {
  return { name: basename(path), ...options };
}
