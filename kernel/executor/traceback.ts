/** What a cell threw, as a frontend shows it: the user's own frames with their own lines, causes, nothing of the kernel. */
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import type { Place, Sources } from "./sources.ts";
import { CellSyntaxError } from "./syntaxError.ts";

/** The content of an `error` message. */
export interface ErrorReport {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

const kernelFolder = fileURLToPath(new URL("../", import.meta.url));
const maxCauses = 8;

/** Never throws, though what was thrown may: an error can have getters, and a proxy has traps. */
export function describeError(thrown: unknown, sources: Sources): ErrorReport {
  try {
    return describeThrown(thrown, sources);
  } catch {
    const evalue = "what was thrown throws when it is looked at";
    return { ename: "Thrown", evalue, traceback: [`Thrown: ${evalue}`] };
  }
}

function describeThrown(thrown: unknown, sources: Sources): ErrorReport {
  if (thrown instanceof CellSyntaxError) return describeRefusal(thrown.message, thrown.place, sources);
  if (!isErrorLike(thrown)) {
    const evalue = typeof thrown === "string" ? thrown : inspect(thrown);
    return { ename: "Thrown", evalue, traceback: [`Thrown: ${evalue}`] };
  }
  const ename = String(thrown.name || "Error");
  const evalue = String(thrown.message);
  return { ename, evalue, traceback: describe(thrown, sources, 0, new Set()) };
}

function describe(error: Error, sources: Sources, depth: number, seen: Set<unknown>): string[] {
  seen.add(error);
  const lines = [...`${error.name || "Error"}: ${error.message}`.split("\n"), ...frames(error, sources)];
  const inner = error instanceof AggregateError ? error.errors.map((each) => ["Error in it", each] as const) : [];
  for (const [title, cause] of [["Caused by", error.cause] as const, ...inner]) {
    if (cause === undefined || seen.has(cause) || depth >= maxCauses) continue;
    const [first = "", ...rest] = isErrorLike(cause) ? describe(cause, sources, depth + 1, seen) : [inspect(cause)];
    lines.push(`${title}: ${first}`, ...rest);
  }
  return lines;
}

/** Frames down to the kernel's own; the first one in the user's text is followed by that text. */
function frames(error: Error, sources: Sources): string[] {
  const lines: string[] = [];
  let shown = false;
  for (const line of String(error.stack ?? "").split("\n")) {
    const match = /^\s+at (?:(.*) \()?(.*?):(\d+):(\d+)\)?$/.exec(line);
    if (match === null) {
      if (/^\s+at async Promise\./.test(line)) lines.push(line);
      continue;
    }
    const [, name = "", file = "", row, column] = match;
    const source = file.replace(/^async /, "");
    if (source.startsWith("node:inspector")) break;
    if (source.startsWith("node:") || isKernel(source)) continue;
    if (!sources.has(source)) {
      lines.push(line);
      continue;
    }
    const place = sources.locate(source, Number(row), Number(column));
    const at = `${source}:${place.line}:${place.column}`;
    const caller = name.replace(/^async$/, "");
    const prefix = file.startsWith("async ") ? "async " : "";
    lines.push(caller === "" || caller === "eval" ? `    at ${prefix}${at}` : `    at ${caller} (${at})`);
    if (!shown) lines.push(...sources.frame(place));
    shown = true;
  }
  return lines;
}

function isKernel(file: string): boolean {
  return (file.startsWith("file:") ? fileURLToPath(file) : file).startsWith(kernelFolder);
}

function isErrorLike(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
}

/** A text that does not compile has no stack, but a place. */
function describeRefusal(message: string, place: Place, sources: Sources): ErrorReport {
  return {
    ename: "SyntaxError",
    evalue: message,
    traceback: [
      `SyntaxError: ${message}`,
      `    at ${place.source}:${place.line}:${place.column}`,
      ...sources.frame(place),
    ],
  };
}
