/** Errors as a frontend shows them: the user's own frames with their lines, causes, nothing of the kernel. */
import { inspect } from "node:util";
import { KernelInterrupt, tryOr } from "../interrupt/kernelInterrupt.ts";
import { fromCellArray, isA } from "../realm/cellRealm.ts";
import { asWritten } from "../rewrite/imports.ts";
import { CellSyntaxError, type Place } from "../rewrite/parse.ts";
import type { Sources } from "./sources.ts";

/** The content of an `error` message. */
export interface ErrorReport {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

const maxCauses = 8;
const maxExtraLines = 30;
/** The number of errors that are shown of an aggregate error. */
const maxErrors = 50;
/** The longest message: nobody reads more than this, and V8's strings have an end. */
const longestMessage = 20_000;
const mostLines = 1000;

/** Describes a value thrown by a cell. It never throws, although an error can have getters and a proxy has traps. */
export function describeError(thrown: unknown, sources: Sources): ErrorReport {
  try {
    const { ename, evalue, traceback } = describeThrown(thrown, sources);
    const lines = traceback.slice(0, mostLines).map(clipped);
    if (lines.length < traceback.length) lines.push(`... ${traceback.length - lines.length} more lines`);
    return { ename: clipped(ename), evalue: clipped(evalue), traceback: lines };
  } catch {
    const evalue = "what was thrown throws when it is looked at";
    return { ename: "Thrown", evalue, traceback: [`Thrown: ${evalue}`] };
  }
}

function describeThrown(thrown: unknown, sources: Sources): ErrorReport {
  if (isA(thrown, CellSyntaxError)) return describeSyntaxError(thrown.message, thrown.place, sources);
  if (!isErrorLike(thrown)) {
    const evalue = typeof thrown === "string" ? clipped(thrown) : inspect(thrown);
    return { ename: "Thrown", evalue, traceback: [`Thrown: ${evalue}`] };
  }
  const ename = nameOf(thrown);
  const evalue = asWritten(String(thrown.message));
  return { ename, evalue, traceback: describe(thrown, sources, 0, new Set()) };
}

function describe(error: Error, sources: Sources, depth: number, seen: Set<unknown>): string[] {
  seen.add(error);
  const where = tryOr(
    () => frames(error, sources),
    () => [], // code of the cell's makes stacks, and fails
  );
  const lines = [
    ...asWritten(`${clipped(nameOf(error))}: ${clipped(String(error.message))}`).split("\n"),
    ...where,
    ...extraProperties(error),
  ];
  for (const [title, cause] of [["Caused by", error.cause] as const, ...innerErrors(error)]) {
    if (cause === undefined || seen.has(cause) || depth >= maxCauses) continue;
    const [first = "", ...rest] = isErrorLike(cause) ? describe(cause, sources, depth + 1, seen) : [inspect(cause)];
    lines.push(`${title}: ${first}`, ...rest);
  }
  return lines;
}

function clipped(text: string): string {
  if (text.length <= longestMessage) return text;
  return `${text.slice(0, longestMessage)}... ${text.length - longestMessage} more characters`;
}

/** Returns the error's name: a class that gives its errors no name of their own has one itself. */
function nameOf(error: Error): string {
  const own: unknown = error.name === "Error" ? error.constructor?.name : undefined;
  return String((typeof own === "string" && own) || error.name || "Error");
}

/** Returns the errors inside an error, each with a title. */
function innerErrors(error: Error): [title: string, inner: unknown][] {
  if (isA(error, AggregateError))
    return fromCellArray(error.errors as unknown[])
      .slice(0, maxErrors)
      .map((each) => ["Error in it", each]);
  if (error.name !== "SuppressedError") return [];
  const { error: last, suppressed } = error as Error & { error?: unknown; suppressed?: unknown };
  return [
    ["Thrown while disposing", last],
    ["Suppressed", suppressed],
  ];
}

const standardProperties = new Set(["name", "message", "stack", "cause", "errors"]);

/** Prints the properties of an error beside its message (`code`, `errno`, `path`), as Node does. */
function extraProperties(error: Error): string[] {
  if (KernelInterrupt.is(error)) return [];
  return tryOr(
    () => {
      const isTold = (key: string): boolean =>
        standardProperties.has(key) || (error.name === "SuppressedError" && /^(error|suppressed)$/.test(key));
      const own = Object.entries(error).filter(([key]) => !isTold(key));
      if (own.length === 0) return [];
      const options = { depth: 1, breakLength: 100, maxArrayLength: 10, maxStringLength: 500 };
      const lines = inspect(Object.fromEntries(own), options).split("\n");
      return lines.length <= maxExtraLines ? lines : [...lines.slice(0, maxExtraLines), "  ... }"];
    },
    () => [],
  );
}

/**
 * Returns the frames of a stack that `installStackTraces` has prepared; the first one in the user's text is followed by
 * that text.
 */
function frames(error: Error, sources: Sources): string[] {
  const lines: string[] = [];
  let shown = false;
  for (const line of String(error.stack ?? "").split("\n")) {
    const match = /^\s+at (?:.*\()?(?:async )?(.*?):(\d+):(\d+)\)?$/.exec(line);
    if (match === null) {
      if (/^\s+at async Promise\./.test(line)) lines.push(line);
      continue;
    }
    const [, source = "", row, column] = match;
    lines.push(line);
    if (shown || !sources.has(source)) continue;
    lines.push(...sources.frame({ source, line: Number(row), column: Number(column) }));
    shown = true;
  }
  return lines;
}

function isErrorLike(value: unknown): value is Error {
  return isA(value, Error) || Object.prototype.toString.call(value) === "[object Error]";
}

/** Describes a text that does not compile, which has a place but no stack. */
function describeSyntaxError(message: string, place: Place, sources: Sources): ErrorReport {
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
