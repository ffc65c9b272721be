/** Reads CSV and TSV files as rows: finds the delimiter and the header, and refuses or reports likely mistakes. */
import { listed, listedRows } from "../display/listed.ts";
import { ThawError } from "../errors.ts";
import { type CsvRecord, csvRecords, QuoteProblem, type SeparatedFormat } from "./csvRecords.ts";
import { readTextFile } from "./dataFile.ts";
import { columnsOf, type DatasetOptions, type SeparatedOptions } from "./options.ts";
import { type Row, type RowTable, setCell } from "./rows.ts";

type Options = DatasetOptions & SeparatedOptions;

/** Delimiters that are looked for where none is given, the most usual first. */
const usualDelimiters = [",", ";", "\t", "|"];
/** Records from which a delimiter is guessed. */
const sampledRecords = 50;

/**
 * Reads the rows of a file. Fields are separated by `usual` unless `options` or, where that is a comma, the file say
 * otherwise.
 */
export async function readSeparated(path: string, usual: "," | "\t", options: Options): Promise<RowTable> {
  const { columns, quote = true } = options;
  const file = await readTextFile(path, "csv", options.encoding);
  const [excel = "", said] = /^"?sep=(.)"?(?:\r\n|\n|\r)/.exec(file.bytes.toString("latin1", 0, 12)) ?? []; // Excel's own line
  const bytes = file.bytes.subarray(excel.length);
  const delimiter = options.delimiter ?? said ?? (usual === "," ? guessDelimiter(bytes, options) : usual);
  const table = new SeparatedTable(path, { delimiter, quote }, columns);
  try {
    for (const record of csvRecords(bytes, table.format)) table.add(record);
  } catch (error) {
    throw error instanceof QuoteProblem ? quoteError(error, path) : error;
  }
  table.check(options);
  const isGuessed = options.delimiter === undefined && delimiter !== usual;
  const guess = isGuessed ? [`Fields are separated by ${named(delimiter)}, as the first lines show.`] : [];
  return { rows: table.rows, numbers: table.numbers, notes: [...file.notes, ...guess, ...table.notes()] };
}

const named = (delimiter: string): string => (delimiter === "\t" ? "a tab" : JSON.stringify(delimiter));

/**
 * Guesses the delimiter: that under which the first line has the columns that are asked for, or as many as are named;
 * among several the one under which most of the first lines have as many fields as the first.
 */
function guessDelimiter(bytes: Buffer, options: Options): string {
  const { columns, quote = true } = options;
  const wanted = columnsOf(options);
  const tried = usualDelimiters.map((delimiter) => {
    const records = sample(bytes, { delimiter, quote });
    const first = records[0] ?? [];
    const names = first.map((cell) => cell.trim());
    const fits = columns === undefined ? wanted.every((name) => names.includes(name)) : first.length === columns.length;
    const alike = records.filter(({ length }) => length === first.length).length / Math.max(1, records.length);
    return { delimiter, rank: (fits ? 4 : 0) + (first.length > 1 ? 2 : 0) + alike };
  });
  return tried.reduce((best, each) => (each.rank > best.rank ? each : best)).delimiter;
}

function sample(bytes: Buffer, format: SeparatedFormat): string[][] {
  const records: string[][] = [];
  try {
    for (const { cells } of csvRecords(bytes, format)) {
      if (records.push(cells) === sampledRecords) break;
    }
  } catch (error) {
    if (!(error instanceof QuoteProblem)) throw error;
  }
  return records;
}

/** A field with line breaks: what a quotation mark that was never closed looks like. */
interface LongField {
  readonly row: number;
  readonly column: number;
  readonly text: string;
}

/** Collects records, the header first where no columns are given, and what is odd about them. */
class SeparatedTable {
  readonly format: SeparatedFormat;
  readonly rows: Row[] = [];
  /** The number of each row: the first record below the header is 1. Rows without any content count, but are left out. */
  readonly numbers: number[] = [];
  readonly #path: string;
  readonly #given: readonly string[] | undefined;
  #names: readonly string[] | undefined;
  /** The header as it stands in the file. */
  #header: readonly string[] = [];
  #firstCells: readonly string[] = [];
  #count = 0;
  readonly #empty: number[] = [];
  readonly #ragged: CsvRecord[] = [];
  /** Lines in which blanks stand before a quotation mark, which then quotes nothing. */
  readonly #blanks: number[] = [];
  readonly #long: LongField[] = [];

  constructor(path: string, format: SeparatedFormat, columns: readonly string[] | undefined) {
    this.#path = path;
    this.format = format;
    this.#given = columns;
    this.#names = columns;
  }

  add(record: CsvRecord): void {
    const { cells, line } = record;
    if (this.format.quote && cells.some((cell) => cell.charCodeAt(0) === 32 && /^ +"/.test(cell)))
      this.#blanks.push(line);
    const names = this.#names;
    if (names === undefined) {
      this.#header = cells.map((cell) => cell.trim());
      this.#names = uniqueNames(this.#header);
      return;
    }
    this.#count++;
    if (this.#count === 1) this.#firstCells = cells;
    while (cells.length > names.length && cells.at(-1) === "") cells.pop();
    if (cells.every((cell) => cell.trim() === "")) {
      this.#empty.push(this.#count);
    } else if (cells.length !== names.length) {
      this.#ragged.push(record);
    } else {
      cells.forEach((text, column) => {
        if (/[\r\n]/.test(text)) this.#long.push({ row: this.#count, column, text });
      });
      this.rows.push(rowOf(names, cells));
      this.numbers.push(this.#count);
    }
  }

  /** Throws `BAD_DATA` for content that must be a mistake. */
  check(options: Options): void {
    const fail = (message: string): never => {
      throw new ThawError("BAD_DATA", `${this.#path}: ${message}`);
    };
    if (this.#blanks.length > 0) {
      fail(
        `blanks stand before a quotation mark in ${listedRows(this.#blanks, "line")}, so that it quotes nothing. Remove ` +
          "the blanks between the delimiter and the mark, or, where the mark is text, use quote: false.",
      );
    }
    const doubled = columnsOf(options).find((name) => this.#header.filter((each) => each === name).length > 1);
    if (doubled !== undefined) {
      fail(
        `the header has "${doubled}" more than once (${listed(this.#header)}). Give the columns of the file different names.`,
      );
    }
    if (this.#ragged.length > 0) fail(this.#raggedLines());
    if (this.#given === undefined) return;
    const cells = this.#firstCells.map((cell) => cell.trim());
    const isHeader =
      cells.every((cell, i) => cell.toLowerCase() === this.#given?.[i]?.toLowerCase()) ||
      (cells.length > 1 && cells.every((cell) => headerWords.test(cell)));
    if (isHeader && cells.length > 0) {
      fail(
        `row 1 is the file's header (${listed(cells)}), which the option columns would make data. Leave columns out, and ` +
          `name the columns as the header does: text: ${JSON.stringify(cells[0])}, for example.`,
      );
    }
  }

  #raggedLines(): string {
    const [names, ragged] = [this.#names ?? [], this.#ragged];
    const [{ cells, line }] = ragged as [CsvRecord];
    const counts = new Set(ragged.map((record) => record.cells.length));
    const fields = (count: number) => `${count} ${count === 1 ? "field" : "fields"}`;
    const header = this.#given === undefined ? "the header has" : "columns names";
    const found = `${header} ${names.length} (${listed(names)})`;
    if (this.rows.length === 0 && ragged.length > 1 && counts.size === 1) {
      return `every line has ${fields(cells.length)}, but ${found}. Name every column there.`;
    }
    const others = ragged.slice(1).map((record) => record.line);
    const more = others.length === 0 ? "" : ` So do not match ${listedRows(others, "line")}.`;
    const delimiter = named(this.format.delimiter);
    const sample = `"${cells.slice(0, 2).join(this.format.delimiter).replaceAll('"', '""')}"`;
    const advice =
      cells.length < names.length
        ? "Complete the line; where a text goes on in the next line, put it in quotation marks."
        : this.format.quote
          ? `Where ${delimiter} is part of a text, put the text in quotation marks: ${sample}; where it does not separate the ` +
            "fields, say what does with the option delimiter."
          : `Where ${delimiter} is part of a text, put the text in quotation marks, and leave quote: false out.`;
    return `line ${line} has ${fields(cells.length)}, but ${found}.${more} ${advice}`;
  }

  /** Writes notes on rows that were left out and on content that may be a mistake. */
  notes(): string[] {
    const notes: string[] = [];
    if (this.#empty.length > 0) notes.push(`Left out, since nothing stands in them: ${listedRows(this.#empty)}.`);
    if (this.#names !== undefined && new Set(this.#header).size < this.#header.length) {
      notes.push(`The header has a name more than once; the columns are called ${listed(this.#names)}.`);
    }
    if (this.#looksLikeHeader()) {
      notes.push("Row 1 looks like a header: it alone has words where all other rows have numbers. Is columns needed?");
    }
    const swallowed = this.#swallowed();
    if (swallowed.length > 0) {
      notes.push(
        `A field in ${listedRows(swallowed)} has lines in it that look like rows of their own. A quotation mark is probably ` +
          "not closed there: correct it, or, where no field is quoted, use quote: false.",
      );
    }
    return notes;
  }

  #looksLikeHeader(): boolean {
    if (this.#given === undefined || this.rows.length < 3 || this.numbers[0] !== 1) return false;
    const isNumber = (value: unknown) =>
      typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value));
    const [first, ...others] = this.rows as [Row, ...Row[]];
    return (this.#names ?? []).some((name) => !isNumber(first[name]) && others.every((row) => isNumber(row[name])));
  }

  /**
   * Finds rows with a field whose inner lines, cut at the delimiter, have values that other rows have in those columns.
   */
  #swallowed(): number[] {
    const { delimiter } = this.format;
    const last = (this.#names?.length ?? 0) - 1;
    const known = new Map<number, Set<unknown>>();
    const valuesOf = (column: number): Set<unknown> => {
      const name = this.#names?.[column] as string;
      const values = known.get(column) ?? new Set(this.rows.map((row) => row[name]));
      known.set(column, values);
      return values;
    };
    const isRow = (line: string, from: number, to: number, column: number): boolean => {
      const cells = line.split(delimiter).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
      if (cells.length < 2 || cells.length !== to - from + 1) return false;
      return cells.some((cell, i) => from + i !== column && cell !== "" && valuesOf(from + i).has(cell));
    };
    const fields = this.#long.filter(({ text, column }) => {
      const lines = text.split(/\r\n|\n|\r/);
      return lines.some((line, i) => isRow(line, i === 0 ? column : 0, i === lines.length - 1 ? column : last, column));
    });
    return [...new Set(fields.map(({ row }) => row))];
  }
}

/** Usual names of the columns of texts and labels. */
const headerWords =
  /^(?:text|label|sentence|review|content|comment|tweet|message|body|title|document|premise|hypothesis|question|answer|class|category|target|sentiment|emotion|rating|star|score|topic|intent|id|idx|index|name|date|user|source|split|lang|language)s?[ _-]?\d*$/i;

/** Makes column names unique, as pandas does: a second "label" is called "label.1". */
function uniqueNames(header: readonly string[]): readonly string[] {
  const seen = new Map<string, number>();
  return header.map((name) => {
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    return count === 0 ? name : `${name}.${count}`;
  });
}

function rowOf(names: readonly string[], cells: readonly string[]): Row {
  const row: Record<string, unknown> = {};
  for (let i = 0; i < names.length; i++) {
    setCell(row, names[i] as string, cells[i]);
  }
  return row;
}

function quoteError({ kind, line }: QuoteProblem, path: string): ThawError {
  const what =
    kind === "open"
      ? `the quotation mark that opens a field in line ${line} is never closed. Close it`
      : `text follows the closing quotation mark of a field that begins in line ${line}. Double each mark in the field ("")`;
  return new ThawError("BAD_DATA", `${path}: ${what}; where no field of the file is quoted, use quote: false.`);
}
