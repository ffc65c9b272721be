/** Notebook files: nbformat 4, checked when read, written as Python's nbformat writes them. */
import { readFileSync } from "node:fs";
import { RunError } from "./runError.ts";

/** An output as nbformat 4 stores it; texts are whole here and lists of lines in the file. */
export type Output =
  | { output_type: "stream"; name: string; text: string }
  | { output_type: "display_data"; data: Bundle; metadata: Bundle }
  | { output_type: "execute_result"; data: Bundle; metadata: Bundle; execution_count: number | null }
  | { output_type: "error"; ename: string; evalue: string; traceback: string[] };

export type Bundle = Record<string, unknown>;

export interface Cell {
  cell_type: string;
  id?: string;
  source: string;
  metadata: Bundle & { tags?: string[] };
  /** Of code cells only, as is `execution_count`. */
  outputs?: Output[];
  execution_count?: number | null;
}

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
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new RunError("NO_NOTEBOOK", `${path} cannot be read: ${(error as Error).message}.`);
  }
  let file: Partial<Notebook> | null;
  try {
    file = JSON.parse(text) as Partial<Notebook> | null;
  } catch (error) {
    throw new RunError("NO_NOTEBOOK", `${path} is no notebook: it is not JSON (${(error as Error).message}).`);
  }
  if (typeof file !== "object" || file === null || typeof file.nbformat !== "number") {
    throw new RunError("NO_NOTEBOOK", `${path} is no notebook: it says nothing of its "nbformat".`);
  }
  if (file.nbformat !== 4) {
    const advice = file.nbformat < 4 ? ` Convert it with "jupyter nbconvert --to notebook --nbformat 4 ${path}".` : "";
    throw new RunError("NBFORMAT", `${path} has nbformat ${file.nbformat}, and nbformat 4 is what runs.${advice}`);
  }
  if (!Array.isArray(file.cells)) throw new RunError("NO_NOTEBOOK", `${path} is no notebook: it has no list "cells".`);
  const notebook: Notebook = {
    ...file,
    cells: file.cells.map(joinCell),
    metadata: file.metadata ?? {},
    nbformat: 4,
    nbformat_minor: file.nbformat_minor ?? 5,
  };
  const { kernelspec, language_info } = notebook.metadata;
  const language = kernelspec?.language ?? language_info?.name ?? "typescript";
  if (!/^(typescript|javascript)$/i.test(language)) {
    throw new RunError(
      "OTHER_LANGUAGE",
      `${path} is a notebook of ${language} (kernel "${kernelspec?.display_name ?? kernelspec?.name ?? "unknown"}"), and thaw runs TypeScript. ` +
        "Run it with papermill or jupyter nbconvert --execute.",
    );
  }
  return notebook;
}

/** The text of the file, as Python's nbformat writes it. */
export function notebookText(notebook: Notebook): string {
  const file = { ...notebook, cells: notebook.cells.map(splitCell) };
  return `${JSON.stringify(sorted(file), undefined, 1)}\n`;
}

function joinCell(cell: Cell): Cell {
  const outputs = cell.outputs?.map((output) => {
    if (output.output_type === "stream") return { ...output, text: joined(output.text) as string };
    if (output.output_type === "error") return output;
    const data = Object.entries(output.data).map(([type, content]) => [type, isText(type) ? joined(content) : content]);
    return { ...output, data: Object.fromEntries(data) as Bundle };
  });
  const joinedCell = { ...cell, source: String(joined(cell.source)), metadata: cell.metadata ?? {} };
  return cell.cell_type === "code" ? { ...joinedCell, outputs: outputs ?? [] } : joinedCell;
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

/** Lines with their ends, as Python's `splitlines(True)` gives them. */
function split(text: unknown): unknown {
  return typeof text === "string" ? (text.match(/[^\n]*\n|[^\n]+/g) ?? []) : text;
}

/** Keys in order, as nbformat writes them: then a notebook that ran again differs only where it differs. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries.map(([key, below]) => [key, sorted(below)]));
}
