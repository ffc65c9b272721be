/** Reads and checks notebooks of nbformat 4, and writes them as Python's nbformat does. */
import { readFileSync } from "node:fs";
import { toUSVString } from "node:util";
import { isTooDeep } from "../../kernel/protocol/wire/json.ts";
import { RunError } from "./runError.ts";

/** An output as nbformat 4 stores it; texts are whole here and lists of lines in the file. */
export type Output =
  | { output_type: "stream"; name: string; text: string }
  | { output_type: "display_data"; data: Bundle; metadata: Bundle }
  | { output_type: "execute_result"; data: Bundle; metadata: Bundle; execution_count: number | null }
  | { output_type: "error"; ename: string; evalue: string; traceback: string[] };

/** Data by MIME type, or metadata by name. */
export type Bundle = Record<string, unknown>;

/** A cell as nbformat 4 has it; its source is whole here and a list of lines in the file. */
export interface Cell {
  cell_type: string;
  id?: string;
  source: string;
  metadata: Bundle & { tags?: string[] };
  /** Outputs of the cell; only code cells have them, as they have `execution_count`. */
  outputs?: Output[];
  execution_count?: number | null;
}

/** A notebook as nbformat 4 has it. */
export interface Notebook {
  cells: Cell[];
  metadata: Bundle & {
    kernelspec?: { name?: string; language?: string; display_name?: string };
    language_info?: { name?: string };
  };
  nbformat: number;
  nbformat_minor: number;
}

/** Reads a notebook that this kernel can run. Throws a sentence about every file that is none. */
export function readNotebook(path: string): Notebook {
  const refuse = (reason: string): never => {
    throw new RunError("NO_NOTEBOOK", `${path} is no notebook: ${reason}.`);
  };
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new RunError("NO_NOTEBOOK", `${path} cannot be read: ${(error as Error).message}.`);
  }
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch (error) {
    return refuse(`it is not JSON (${(error as Error).message})`);
  }
  if (isTooDeep(text)) return refuse("its JSON is nested more than a thousand levels deep");
  if (!isRecord(file) || typeof file.nbformat !== "number") return refuse('it says nothing of its "nbformat"');
  if (file.nbformat !== 4) {
    const advice = file.nbformat < 4 ? ` Convert it with "jupyter nbconvert --to notebook --nbformat 4 ${path}".` : "";
    throw new RunError("NBFORMAT", `${path} has nbformat ${file.nbformat}, and nbformat 4 is what runs.${advice}`);
  }
  if (!Array.isArray(file.cells)) return refuse('it has no list "cells"');
  const metadata = file.metadata ?? {};
  if (!isRecord(metadata)) return refuse(`its metadata are ${found(metadata)}, where an object was expected`);
  const cells = file.cells.map((cell: unknown, index) => {
    const wrong = wrongInCell(cell);
    return wrong === undefined ? joinCell(cell as FileCell) : refuse(`cell ${index + 1} ${wrong}`);
  });
  const nbformat_minor = typeof file.nbformat_minor === "number" ? file.nbformat_minor : 5;
  const notebook: Notebook = { ...file, cells, metadata, nbformat: 4, nbformat_minor };
  const { kernelspec, language_info } = metadata as Notebook["metadata"];
  const language = String(kernelspec?.language ?? language_info?.name ?? "typescript");
  if (!/^(typescript|javascript)$/i.test(language)) {
    throw new RunError(
      "OTHER_LANGUAGE",
      `${path} is a notebook of ${language} (kernel "${kernelspec?.display_name ?? kernelspec?.name ?? "unknown"}"), and thaw runs TypeScript. ` +
        "Run it with papermill or jupyter nbconvert --execute.",
    );
  }
  return notebook;
}

/** A cell of a file in which nothing is wrong: its source may be a list of lines, and its outputs anything. */
interface FileCell {
  readonly cell_type: string;
  readonly source: string | readonly string[];
  readonly metadata?: Cell["metadata"];
  readonly outputs?: unknown;
}

/** Says why a cell cannot be run, in words that follow its number; undefined if it can. Outputs are not checked: running replaces them. */
function wrongInCell(cell: unknown): string | undefined {
  if (!isRecord(cell)) return `is ${found(cell)}, where an object with "cell_type" and "source" was expected`;
  const { cell_type, source, metadata = {} } = cell;
  if (typeof cell_type !== "string") return `has ${found(cell_type)} for its "cell_type", where a text was expected`;
  if (typeof source !== "string" && !isTexts(source)) {
    return `has ${found(source)} for its "source", where a text or a list of texts was expected`;
  }
  if (!isRecord(metadata)) return `has ${found(metadata)} for its metadata, where an object was expected`;
  if (metadata.tags === undefined || isTexts(metadata.tags)) return undefined;
  return `has ${found(metadata.tags)} for its tags, where a list of texts was expected`;
}

function isRecord(value: unknown): value is Bundle {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

function found(value: unknown): string {
  if (value === null || value === undefined) return value === null ? "null" : "nothing";
  return Array.isArray(value) ? "a list" : `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
}

/** Returns the text of the file, as Python's nbformat writes it. */
export function notebookText(notebook: Notebook): string {
  const file = { ...notebook, cells: notebook.cells.map(splitCell) };
  return `${JSON.stringify(sorted(file), undefined, 1)}\n`;
}

function joinCell({ outputs, ...cell }: FileCell): Cell {
  const whole = { ...cell, source: joined(cell.source) as string, metadata: cell.metadata ?? {} };
  if (cell.cell_type !== "code") return whole;
  return { ...whole, outputs: Array.isArray(outputs) ? outputs.flatMap(joinOutput) : [] };
}

/** Returns an output with its texts in one piece; none for what is no output. */
function joinOutput(output: unknown): Output[] {
  if (!isRecord(output)) return [];
  const { output_type: type, data } = output;
  if (type === "error") return [output as Output];
  if (type === "stream") return [{ ...output, text: String(joined(output.text)) } as Output];
  if ((type !== "display_data" && type !== "execute_result") || !isRecord(data)) return [];
  const contents = Object.entries(data).map(([mime, content]) => [mime, isText(mime) ? joined(content) : content]);
  return [{ ...output, data: Object.fromEntries(contents) as Bundle } as Output];
}

function splitCell(cell: Cell): object {
  const outputs = cell.outputs?.map((output) => {
    if (output.output_type === "stream") return { ...output, text: split(output.text) };
    if (output.output_type === "error") return output;
    const data = Object.entries(output.data).map(([type, content]) => [type, isText(type) ? split(content) : content]);
    return { ...output, data: Object.fromEntries(data) as Bundle };
  });
  return { ...cell, source: split(cell.source), ...(outputs === undefined ? {} : { outputs }) };
}

function isText(type: string): boolean {
  return type.startsWith("text/") || type === "application/javascript" || type === "image/svg+xml";
}

function joined(text: unknown): unknown {
  return Array.isArray(text) ? text.join("") : text;
}

/** Splits a text into lines with their ends, as Python's `splitlines(True)` does. */
function split(text: unknown): unknown {
  return typeof text === "string" ? (text.match(/[^\n]*\n|[^\n]+/g) ?? []) : text;
}

/**
 * Puts keys in order, as nbformat writes them: then a notebook that ran again differs only where it differs. Halves of surrogate
 * pairs, which a file may have held as escapes, become U+FFFD: programs that write UTF-8 cannot write them again.
 */
function sorted(value: unknown): unknown {
  if (typeof value === "string") return toUSVString(value);
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries.map(([key, below]) => [toUSVString(key), sorted(below)]));
}
