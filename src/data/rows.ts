/** Files of rows: CSV, TSV and JSON lines -> plain objects. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parse } from "csv-parse/sync";
import { ThawError } from "../errors.ts";

/** One row by column name; all values are text where the row comes from a CSV or TSV file. */
export type Row = Readonly<Record<string, unknown>>;

export interface FileOptions {
  /** Column names of a file without a header line. Default: the first line has them. */
  readonly columns?: readonly string[];
  /** Whether `"` quotes a field. Default: true; false for raw TSV with loose quotation marks. */
  readonly quote?: boolean;
  /** Default: UTF-8, or Windows-1252 with a warning if the bytes are no UTF-8. */
  readonly encoding?: "utf-8" | "windows-1252";
}

/** Rows of a file with separated values. Errors: `MISSING_FILE`, `BAD_DATA`. */
export async function readSeparated(path: string, delimiter: string, options: FileOptions): Promise<Row[]> {
  const { columns, quote = true } = options;
  const text = await readText(path, options.encoding);
  try {
    return parse(text, {
      bom: true,
      delimiter,
      columns: columns === undefined ? true : [...columns],
      quote: quote ? '"' : null,
      skip_empty_lines: true,
    }) as Row[];
  } catch (cause) {
    const advice = quote
      ? "If quotation marks in it are plain text, use quote: false."
      : "Check the columns of that line.";
    throw new ThawError("BAD_DATA", `Cannot read ${path}: ${(cause as Error).message}. ${advice}`, { cause });
  }
}

/** Rows of a file with one JSON object a line. Errors: `MISSING_FILE`, `BAD_DATA`. */
export async function readJsonLines(path: string, encoding?: FileOptions["encoding"]): Promise<Row[]> {
  const lines = (await readText(path, encoding)).replace(/^\ufeff/, "").split(/\r?\n/);
  return lines.flatMap((line, index) => {
    if (line.trim() === "") return [];
    let row: unknown;
    try {
      row = JSON.parse(line);
    } catch (cause) {
      const reason = (cause as Error).message;
      throw new ThawError("BAD_DATA", `Line ${index + 1} of ${path} is not valid JSON: ${reason}. Correct the line.`, {
        cause,
      });
    }
    if (typeof row === "object" && row !== null && !Array.isArray(row)) return [row as Row];
    throw new ThawError(
      "BAD_DATA",
      `Line ${index + 1} of ${path} is not a JSON object. Use {"text": ..., "label": ...}.`,
    );
  });
}

async function readText(path: string, encoding?: FileOptions["encoding"]): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "it does not exist" : (cause as Error).message;
    throw new ThawError("MISSING_FILE", `Cannot read ${resolve(path)}: ${why}. Check the path.`, { cause });
  }
  if (encoding === "windows-1252") return decodeWindows1252(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    if (encoding !== undefined) {
      throw new ThawError(
        "BAD_DATA",
        `${path} is not ${encoding}. Leave the option encoding out, or convert the file.`,
        { cause },
      );
    }
    console.warn(`${path} is not UTF-8: read as Windows-1252.`);
    return decodeWindows1252(bytes);
  }
}

/** The characters of bytes 0x80 to 0x9f, where Windows-1252 differs from Latin-1. */
const windowsCharacters = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

/** Not by TextDecoder: in several versions of Node 20 to 24 it takes this encoding for Latin-1 (nodejs/node#56542). */
function decodeWindows1252(bytes: Buffer): string {
  const text = bytes.toString("latin1");
  return text.replace(/[\u0080-\u009f]/g, (character) => windowsCharacters.charAt(character.charCodeAt(0) - 0x80));
}
