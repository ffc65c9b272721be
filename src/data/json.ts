/** Reads JSON as rows: one object per line, or one value for the whole file. */
import { ThawError } from "../errors.ts";
import { isObject } from "../platform/foreignFile.ts";
import { readTextFile } from "./dataFile.ts";
import type { TextFileOptions } from "./options.ts";
import { type Row, type RowTable, tableOf } from "./rows.ts";

/** Reads the rows of a file with one JSON object per line. Throws `MISSING_FILE`, `WRONG_FORMAT` and `BAD_DATA`. */
export async function readJsonLines(path: string, { encoding }: TextFileOptions): Promise<RowTable> {
  const { bytes, notes } = await readTextFile(path, "jsonl", encoding);
  const rows: Row[] = [];
  for (let line = 1, start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline;
    const text = bytes.toString("utf8", start, end).trim();
    start = end + 1;
    if (text !== "") rows.push(rowOfLine(text, line, path));
  }
  return { rows, notes };
}

function rowOfLine(text: string, line: number, path: string): Row {
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch (cause) {
    throw new ThawError(
      "BAD_DATA",
      `Line ${line} of ${path} is not valid JSON: ${reasonOf(cause)}. ${adviceFor(text)}`,
      {
        cause,
      },
    );
  }
  if (isObject(row)) return row;
  throw new ThawError("BAD_DATA", `Line ${line} of ${path} is not a JSON object. Use {"text": ..., "label": ...}.`);
}

/** Gives the parser's reason, without the piece of the file that it quotes. */
const reasonOf = (cause: unknown): string => (cause as Error).message.split(/, (?:"|\.\.\.)/, 1)[0] as string;

function adviceFor(text: string): string {
  if (/^\{\s*'/.test(text)) return "Python's print writes no JSON: write the lines with json.dumps(row).";
  if (/\}\s*,$/.test(text)) return "Remove the comma at the end of the line.";
  if (/\b(?:NaN|Infinity)\b/.test(text)) return "NaN and Infinity are no JSON: write null, or leave the row out.";
  return "Correct the line.";
}

/**
 * Reads the rows of a file that is one JSON value: a list of objects, or an object with one list per column. Throws
 * `MISSING_FILE`, `WRONG_FORMAT` and `BAD_DATA`.
 */
export async function readJson(path: string, { encoding }: TextFileOptions): Promise<RowTable> {
  const { bytes, notes } = await readTextFile(path, "json", encoding);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const advice =
      code === "ERR_STRING_TOO_LONG"
        ? "Save it as JSON lines, one object a line, and read that with TextDataset.fromJsonl."
        : /\b(?:NaN|Infinity)\b/.test(message) ||
            /[:,[]\s*-?(?:NaN|Infinity)\b/.test(bytes.toString("utf8", 0, 1 << 20))
          ? "NaN and Infinity are no JSON: write null, or leave the row out."
          : "Correct the file, or save it again.";
    throw new ThawError(
      "BAD_DATA",
      `${path} is not valid JSON: ${reasonOf(cause)}${placeOf(message, bytes)}. ${advice}`,
      {
        cause,
      },
    );
  }
  refuseWrapped(value, path);
  return { ...tableOf(value, path), notes };
}

/** Says the line, as in " (line 3)", where the message names a position. */
function placeOf(message: string, bytes: Buffer): string {
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position === undefined || message.includes("(line")) return "";
  const before = bytes.toString("utf8").slice(0, Number(position));
  return ` (line ${before.split("\n").length})`;
}

/** Refuses objects that hold rows somewhere inside, or that pandas writes unless it is told otherwise. */
function refuseWrapped(value: unknown, path: string): void {
  if (!isObject(value)) return;
  const entries = Object.entries(value);
  const inner = entries.find(([, each]) => Array.isArray(each) && each.length > 0 && each.every(isObject));
  if (inner !== undefined && !entries.some(([name]) => name === "columns")) {
    throw new ThawError(
      "BAD_DATA",
      `${path} is an object whose rows seem to stand in ${JSON.stringify(inner[0])}. Write TextDataset.fromRows(JSON.parse(` +
        `readFileSync(${JSON.stringify(path)}, "utf8"))[${JSON.stringify(inner[0])}], options), with readFileSync of "node:fs".`,
    );
  }
  const isOfPandas = entries.length > 0 && (entries.every(([, each]) => isObject(each)) || "columns" in value);
  if (!isOfPandas) return;
  throw new ThawError(
    "BAD_DATA",
    `${path} is an object and not a list of rows; pandas writes one so. Write a list there: ` +
      'frame.to_json("data.json", orient="records").',
  );
}
