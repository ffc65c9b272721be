/**
 * Finds the magics of a cell, which are lines that look like one and are not code, and blanks them for readers of the
 * cell as TypeScript.
 */

import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { statementsOf } from "../syntax.ts";
import { codeCells, lineMagics } from "./names.ts";
import { type CandidateLine, lineEnd, mayHaveMagics, scan } from "./scan.ts";

/** The place of a magic as offsets into the cell; `end` excludes the line end. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** The place of a magic that may stand behind `const x =`: then it is `assigned`, and `at` is its `%` or `!`. */
interface Value extends Span {
  readonly at: number;
  readonly assigned: boolean;
}

export type Magic =
  /** `%name args` */
  | (Value & { readonly kind: "line"; readonly name: string })
  /** `%time code`, `%timeit -n 3 code`: from `codeStart` on it is code, which may go on over several lines. */
  | (Value & { readonly kind: "timed"; readonly name: "time" | "timeit"; readonly codeStart: number })
  /** `!command` */
  | (Value & { readonly kind: "shell" })
  /** `name?` or `name??` */
  | (Span & { readonly kind: "help"; readonly name: string })
  /** `%%name args` on the first line; `end` is that line's end. */
  | (Span & { readonly kind: "cell"; readonly name: string });

/** The facts that decide whether a line is a magic if it also parses as code. */
export interface Surroundings {
  /** Whether a variable of this name exists: then `!done` is code. */
  readonly isDefined: (name: string) => boolean;
  /** Whether a program of this name can be run: else `!dnoe` is a mistyped variable, not a command. */
  readonly isCommand: (name: string) => boolean;
}

const keywords = /^(?:true|false|null|undefined|this|typeof|await|new|function|async|class|void|delete|import|super)$/;

/** Returns all magics of `code`, from top to bottom. */
export function findMagics(code: string, surroundings: Surroundings): Magic[] {
  const head = /^\s*?([ \t]*%%([A-Za-z_]\w*)?)/.exec(code);
  if (head !== null) {
    const start = head[0].length - (head[1] ?? "").length;
    const end = lineEnd(code, start);
    const cell: Magic = { kind: "cell", name: head[2] ?? "", start, end };
    return codeCells.has(cell.name) ? [cell, ...below(code, end, surroundings)] : [cell];
  }
  return below(code, 0, surroundings);
}

/** Returns the line magics from `from` on. */
function below(code: string, from: number, surroundings: Surroundings): Magic[] {
  const body = " ".repeat(from) + code.slice(from);
  const magics = scan(body).map((candidate) => ({ candidate, magic: toMagic(body, candidate) }));
  if (magics.length === 0) return [];
  const sure = magics.filter(({ candidate }) => isSure(body, candidate, surroundings));
  if (parses(without(body, sure))) return sure.map(({ magic }) => magic);
  return magics.filter((each) => sure.includes(each) || !parses(without(body, magics, each))).map(({ magic }) => magic);
}

function toMagic(code: string, { shape, start, end }: CandidateLine): Magic {
  if (shape.kind === "help") return { kind: "help", name: shape.name, start, end };
  const value = { start, end, at: start + shape.at, assigned: shape.assigned };
  if (shape.kind === "bang") return { kind: "shell", ...value };
  if (shape.name === "time" || shape.name === "timeit") {
    const { codeStart, codeEnd } = timedExtent(code, value.at + 1 + shape.name.length, end);
    return { kind: "timed", name: shape.name, ...value, codeStart, end: codeEnd };
  }
  return { kind: "line", name: shape.name, ...value };
}

/**
 * Finds how far the code behind `%time` reaches: one line, or as many as it takes to be whole. `from` is behind the magic's
 * name, `end` its line's end. Options such as `-n 100 -r 3 -q` are no code.
 */
function timedExtent(code: string, from: number, end: number): { codeStart: number; codeEnd: number } {
  const options = /^(?:[ \t]+-(?:[nr][ \t]*\d+|[qo])(?![\w$]))*[ \t]*/.exec(code.slice(from, end))?.[0] ?? "";
  const codeStart = from + options.length;
  for (let codeEnd = end; ; codeEnd = lineEnd(code, codeEnd + 1)) {
    if (parses(code.slice(codeStart, codeEnd))) return { codeStart, codeEnd };
    if (codeEnd >= code.length) return { codeStart, codeEnd: end };
  }
}

/**
 * Tells whether a line that parses as code is nevertheless a magic: its variable does not exist, so as code it could
 * only throw.
 */
function isSure(code: string, { shape, start, end }: CandidateLine, { isDefined, isCommand }: Surroundings): boolean {
  if (shape.kind === "help") return false;
  const rest = code.slice(start + shape.at, end);
  const name = /^(?:!{1,2}\s*|%)([A-Za-z_$][\w$]*)/.exec(rest)?.[1];
  if (name === undefined || keywords.test(name) || isDefined(name)) return false;
  const elsewhere = code.slice(0, start) + code.slice(end);
  if (
    new RegExp(`(?<![\\w$])${name.replaceAll("$", "\\$")}(?![\\w$])`).test(elsewhere.replace(/^\s*[!%]\s*\w+/gm, ""))
  ) {
    return false;
  }
  return shape.kind === "bang" ? isCommand(name) : name in lineMagics;
}

const builtIn = new Set("cd command echo export hash jobs pwd printf set test times type ulimit umask".split(" "));

/** Whether a word is a command: an executable file on the PATH, or known to the shell itself. */
export function isCommand(name: string): boolean {
  return (
    builtIn.has(name) || (process.env.PATH ?? "").split(delimiter).some((folder) => isExecutable(join(folder, name)))
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

type Found = readonly { readonly magic: Magic }[];

/** Returns `code` with these magics blanked, `kept` excepted. */
function without(code: string, magics: Found, kept?: { readonly magic: Magic }): string {
  let text = code;
  for (const each of magics) if (each !== kept) text = blankMagic(text, each.magic);
  return text;
}

/** Returns `code` with the magic's own text blanked, at the same length; what it times or assigns to stays. */
export function blankMagic(code: string, magic: Magic): string {
  const blank = (start: number, end: number, text = ""): string =>
    code.slice(0, start) + text + code.slice(start + text.length, end).replace(/[^\r\n]/g, " ") + code.slice(end);
  if (magic.kind === "timed") return blank(magic.at, magic.codeStart);
  if (magic.kind === "help" || magic.kind === "cell" || !magic.assigned) return blank(magic.start, magic.end);
  const isText = magic.kind === "line" && magic.end - magic.at >= 4;
  return blank(magic.at, magic.end, isText ? '""+0' : "[]"); // a list of lines, or text; both fit
}

/** Default surroundings, with which every line that parses counts as code. */
const unknown: Surroundings = { isDefined: () => true, isCommand: () => false };

/**
 * Returns `code` at the same length with its magics blanked: `%time` goes and the code it times stays, `const files = !ls`
 * becomes `const files = []`, and a cell such as `%%bash` is blank as a whole.
 */
export function maskMagics(written: string, surroundings: Surroundings = unknown): string {
  const code = written.replaceAll("\r\n", " \n").replaceAll("\r", "\n");
  if (!mayHaveMagics(code)) return code;
  const magics = findMagics(code, surroundings);
  const [first] = magics;
  if (first?.kind === "cell" && !codeCells.has(first.name)) return code.replace(/[^\r\n]/g, " ");
  return magics.reduceRight(blankMagic, code);
}

function parses(code: string): boolean {
  return statementsOf(code) !== undefined;
}
