/** Notebooks for tests: written to a folder of their own, run by the built command as a process. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Cell, Notebook } from "../../../cli/run/notebook.ts";
import { ensureBuilt } from "../../built.ts";

await ensureBuilt();
const command = fileURLToPath(new URL("../../../dist/cli/thaw.js", import.meta.url));
const python = fileURLToPath(new URL("../../../.venv/bin/python", import.meta.url));

export function notebookOf(sources: readonly (string | { source: string; tags: string[] })[]): Notebook {
  const cells = sources.map((cell, index): Cell => {
    const { source, tags } = typeof cell === "string" ? { source: cell, tags: [] } : cell;
    return { cell_type: "code", id: `cell-${index}`, source, metadata: { tags }, outputs: [], execution_count: null };
  });
  const kernelspec = { name: "thaw", language: "typescript", display_name: "TypeScript (Thaw)" };
  return { cells, metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5 };
}

/** Writes it as `in.ipynb`; returns the path. */
export function write(folder: string, notebook: object, name = "in.ipynb"): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(notebook));
  return path;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function start(args: readonly string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const node = process.env.THAW_TEST_NODE ?? process.execPath;
  const child = spawn(node, [command, "run", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].on("data", (data) => {
      text[name] += String(data);
    });
  }
  return { child, ended: once(child, "close").then(([code]) => ({ code: code as number | null, ...text })) };
}

/** `thaw run ...args` to its end. */
export async function thawRun(...args: string[]): Promise<Ended> {
  return await start(args).ended;
}

/** What Python's nbformat says of a file: empty where it is valid. */
export function invalidity(path: string): string {
  return pythonSays(
    "import nbformat, sys; nbformat.validate(nbformat.read(sys.argv[1], as_version=nbformat.NO_CONVERT))",
    path,
  );
}

/** How a program of Python's fails on a file: empty where it does not. */
export function pythonSays(program: string, path: string): string {
  try {
    execFileSync(python, ["-c", program, path], { encoding: "utf8", stdio: "pipe" });
    return "";
  } catch (error) {
    return String((error as { stderr?: string }).stderr ?? error);
  }
}
