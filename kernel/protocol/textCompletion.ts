/** Completes what has no types, from the text alone: magics, their arguments, commands, and files that a string names. */
import { opendir, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { cellMagics, codeCells, describeMagic, lineMagics } from "../shared/magics/names.ts";
import { isCode, openString, shapeOf } from "../shared/magics/scan.ts";
import type { Candidate, Completions } from "../shared/messages.ts";

/** Files that are offered at most: nobody reads through more. */
const filesAtMost = 500;

/** Completions by the looks of the text. */
export interface Written extends Completions {
  /** Whether the text is no code, so that nothing else can be meant. */
  readonly alone: boolean;
}

/**
 * Completes at `cursor` by the looks of the text, if it looks like anything. `cursor` and the range that is replaced are in
 * UTF-16 units. Relative files are looked for in `folder`.
 */
export async function writtenAt(code: string, cursor: number, folder: string): Promise<Written | undefined> {
  const start = code.lastIndexOf("\n", cursor - 1) + 1;
  const line = code.slice(start, cursor);
  const cellMagic = /^\s*%%([A-Za-z_]\w*)[^\n]*\n/.exec(code.slice(0, cursor))?.[1];
  if (cellMagic !== undefined && !codeCells.has(cellMagic)) {
    return /^(?:bash|sh)$/.test(cellMagic) ? argument(line, cursor, folder) : nothing(cursor);
  }
  if (isCode(code, start)) {
    const named = /^[ \t]*(?:(?:(?:const|let|var)\s+)?[\w$]+\s*=\s*)?(%%?\w*)$/.exec(line)?.[1];
    if (named !== undefined) return magics(named, cursor, code.slice(0, start).trim() === "");
    const shape = shapeOf(line);
    if (shape?.kind === "bang") return argument(line.slice(shape.at + 1), cursor, folder);
    if (shape?.kind === "percent" && !codeCells.has(shape.name.replace("%", ""))) {
      return magicArgument(shape.name, line, cursor, folder);
    }
  }
  const open = openString(code, cursor);
  if (open === undefined || code.slice(open, cursor).includes("\n")) return undefined;
  const quote = code[open - 1] ?? "";
  const quoted = (name: string): string => name.replaceAll("\\", "\\\\").replaceAll(quote, `\\${quote}`);
  return files(code.slice(open, cursor), cursor, folder, quoted, false);
}

/** Returns what `%lsmagic` says of the magic whose name is at `cursor`. */
export function magicAt(code: string, cursor: number): string | undefined {
  const start = code.lastIndexOf("\n", cursor - 1) + 1;
  if (!isCode(code, start)) return undefined;
  const line = /^[^\n]*/.exec(code.slice(start))?.[0] ?? "";
  const shape = shapeOf(line);
  if (shape?.kind !== "percent") return undefined;
  const end = start + shape.at + 1 + shape.name.length;
  return cursor >= start + shape.at && cursor <= end ? describeMagic(`%${shape.name}`) : undefined;
}

function magics(typed: string, cursor: number, isFirst: boolean): Written {
  const names = [
    ...Object.keys(lineMagics).map((name) => `%${name}`),
    ...(isFirst ? Object.keys(cellMagics).map((name) => `%%${name}`) : []),
  ];
  return choice(names, "magic", typed, cursor);
}

async function magicArgument(name: string, line: string, cursor: number, folder: string): Promise<Written> {
  const typed = /\S*$/.exec(line)?.[0] ?? "";
  if (name === "env") return choice(Object.keys(process.env), "variable", typed, cursor);
  if (name === "types") return choice(["off", "warn", "strict"], "keyword", typed, cursor);
  return /^(?:cd|load|npm|%writefile|%bash|%sh)$/.test(name) ? argument(line, cursor, folder) : nothing(cursor);
}

/** Completes the last word of a command. */
function argument(line: string, cursor: number, folder: string): Promise<Written> {
  const word = /(?:[^\s\\"'=;|&<>()]|\\.)*$/.exec(line)?.[0] ?? "";
  const quoted = (name: string): string => name.replace(/[\s\\"'$&|;<>()*?[\]`!#]/g, "\\$&");
  return files(word.replace(/\\(.)/g, "$1"), cursor, folder, quoted, true, word);
}

/** Returns the files that `path` may become; they replace the part of `written` behind its last slash. */
async function files(
  path: string,
  cursor: number,
  folder: string,
  quoted: (name: string) => string,
  alone: boolean,
  written = path,
): Promise<Written> {
  const slash = path.lastIndexOf("/") + 1;
  const [parent, begun] = [path.slice(0, slash), path.slice(slash)];
  const from = parent.startsWith("~/") ? join(homedir(), parent.slice(2)) : parent;
  const found = await list(from.startsWith("/") ? from : join(folder, from), begun);
  const candidates = found.map((file) => ({ ...file, text: quoted(file.text) }));
  return {
    candidates,
    start: cursor - (written.length - written.lastIndexOf("/") - 1),
    end: cursor,
    live: false,
    alone,
  };
}

/**
 * Lists the names in `folder` that begin so. Folders end in a slash, so that completion goes on in them. The file system may be
 * slow, and this thread has heartbeats to answer.
 */
async function list(folder: string, begun: string): Promise<Candidate[]> {
  const found: Candidate[] = [];
  try {
    for await (const entry of await opendir(folder)) {
      const isMeant = entry.name.startsWith(begun) && (begun !== "" || !entry.name.startsWith("."));
      if (!isMeant) continue;
      const isFolder =
        entry.isDirectory() || (entry.isSymbolicLink() && (await leadsToFolder(join(folder, entry.name))));
      found.push({ text: isFolder ? `${entry.name}/` : entry.name, type: "path" });
      if (found.length === filesAtMost) break;
    }
  } catch {
    // there is no such folder
  }
  return found.sort((a, b) => (a.text < b.text ? -1 : 1));
}

async function leadsToFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false; // it leads nowhere
  }
}

function choice(names: readonly string[], type: string, typed: string, cursor: number): Written {
  const candidates = names.filter((name) => name.startsWith(typed)).map((text) => ({ text, type }));
  return { candidates, start: cursor - typed.length, end: cursor, live: false, alone: true };
}

function nothing(cursor: number): Written {
  return choice([], "", "", cursor);
}
