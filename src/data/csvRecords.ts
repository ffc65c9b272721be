/**
 * Reads records of separated values out of UTF-8 bytes: RFC 4180, with any delimiter, and as lenient as Python's `csv`
 * where that loses nothing. `\n`, `\r\n` and `\r` each end a line, mixed too; a quotation mark within an unquoted field
 * is text.
 */

/** How a file of separated values is written. */
export interface SeparatedFormat {
  readonly delimiter: string;
  /** Whether `"` quotes a field. */
  readonly quote: boolean;
}

/** One record: the texts of its fields, and the line that it begins in, counted from 1. */
export interface CsvRecord {
  readonly cells: string[];
  readonly line: number;
}

/** Thrown for a quoted field that has no end, or that text follows. */
export class QuoteProblem extends Error {
  readonly kind: "open" | "followed";
  /** The line that the field begins in, counted from 1. */
  readonly line: number;

  constructor(kind: "open" | "followed", line: number) {
    super(`${kind} quote in line ${line}`);
    this.kind = kind;
    this.line = line;
  }
}

const newline = 10;
const carriageReturn = 13;
const quotationMark = 34;
const isLineEnd = (byte: number | undefined): boolean => byte === newline || byte === carriageReturn;

/** Reads one record after the other. Blank lines are no records. Throws `QuoteProblem`. */
export function* csvRecords(bytes: Buffer, format: SeparatedFormat): Generator<CsvRecord> {
  const reader = new RecordReader(bytes, format);
  for (let record = reader.next(); record !== undefined; record = reader.next()) yield record;
}

class RecordReader {
  readonly #bytes: Buffer;
  readonly #separator: Buffer;
  readonly #quote: boolean;
  #position = 0;
  #line = 1;

  constructor(bytes: Buffer, { delimiter, quote }: SeparatedFormat) {
    this.#bytes = bytes;
    this.#separator = Buffer.from(delimiter);
    this.#quote = quote;
  }

  next(): CsvRecord | undefined {
    const bytes = this.#bytes;
    while (isLineEnd(bytes[this.#position])) this.#skipLineEnd();
    if (this.#position >= bytes.length) return undefined;
    const [line, cells] = [this.#line, [] as string[]];
    for (;;) {
      cells.push(this.#quote && bytes[this.#position] === quotationMark ? this.#quoted() : this.#unquoted());
      if (this.#position >= bytes.length || isLineEnd(bytes[this.#position])) break;
      this.#position += this.#separator.length;
    }
    this.#skipLineEnd();
    return { cells, line };
  }

  #skipLineEnd(): void {
    const bytes = this.#bytes;
    if (this.#position >= bytes.length) return;
    this.#position += bytes[this.#position] === carriageReturn && bytes[this.#position + 1] === newline ? 2 : 1;
    this.#line++;
  }

  /** Reads a field from its opening quotation mark on; two marks in it are one. */
  #quoted(): string {
    const [bytes, first, start] = [this.#bytes, this.#line, this.#position + 1];
    let position = start;
    let hasMarks = false;
    for (; ; position++) {
      if (position >= bytes.length) throw new QuoteProblem("open", first);
      const byte = bytes[position];
      if (byte === newline || (byte === carriageReturn && bytes[position + 1] !== newline)) this.#line++;
      if (byte !== quotationMark) continue;
      if (bytes[position + 1] !== quotationMark) break;
      hasMarks = true;
      position++;
    }
    const next = position + 1;
    this.#position = next;
    if (next < bytes.length && !isLineEnd(bytes[next]) && !this.#isSeparator(next))
      throw new QuoteProblem("followed", first);
    const text = bytes.toString("utf8", start, position);
    return hasMarks ? text.replaceAll('""', '"') : text;
  }

  #unquoted(): string {
    const [bytes, start, separator] = [this.#bytes, this.#position, this.#separator[0]];
    let position = start;
    for (; position < bytes.length; position++) {
      const byte = bytes[position];
      if (byte === newline || byte === carriageReturn) break;
      if (byte === separator && this.#isSeparator(position)) break;
    }
    this.#position = position;
    return bytes.toString("utf8", start, position);
  }

  #isSeparator(position: number): boolean {
    const [bytes, separator] = [this.#bytes, this.#separator];
    for (let i = 0; i < separator.length; i++) if (bytes[position + i] !== separator[i]) return false;
    return true;
  }
}
