/** The magics of a cell: lines that look like one and that are not code. */
import { parse, type SyntaxNode } from "../executor/syntax.ts";
import { timedExtent } from "./extent.ts";
import { lineMagics } from "./names.ts";
import { type Candidate, lineEnd, scan } from "./scan.ts";

/** One magic and where it stands. Offsets into the cell; `end` excludes the line end. */
export type Magic =
  /** `%name args`, `x = %name args`; `at` is the percent sign. */
  | { readonly kind: "line"; readonly name: string; readonly start: number; readonly at: number; readonly end: number }
  /** `%time code`, `%timeit -n 3 code`: `codeStart` is where the code begins, which may go on over several lines. */
  | {
      readonly kind: "timed";
      readonly name: "time" | "timeit";
      readonly start: number;
      readonly at: number;
      readonly codeStart: number;
      readonly end: number;
    }
  /** `!command`, or with `assigned` `x = !command`; `at` is the exclamation mark. */
  | {
      readonly kind: "shell";
      readonly start: number;
      readonly at: number;
      readonly end: number;
      readonly assigned: boolean;
    }
  | {
      readonly kind: "help";
      readonly name: string;
      readonly detail: 1 | 2;
      readonly start: number;
      readonly end: number;
    }
  /** `%%name args` on the first line; `end` is that line's end. */
  | { readonly kind: "cell"; readonly name: string; readonly start: number; readonly end: number };

/** What decides about a line that would parse as code, too. */
export interface Surroundings {
  /** Whether a variable of this name exists: then `!done` is code. */
  readonly isDefined: (name: string) => boolean;
  /** Whether a program of this name can be run: else `!dnoe` is a mistyped variable, not a command. */
  readonly isCommand: (name: string) => boolean;
}

/** Cell magics whose rest is code of the notebook; every other one gets its text. */
export const codeCells = new Set(["time", "timeit"]);

const keywords = /^(?:true|false|null|undefined|this|typeof|await|new|function|async|class|void|delete|import|super)$/;

/** All magics of `code`, from top to bottom. */
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

/** Line magics from `from` on. */
function below(code: string, from: number, surroundings: Surroundings): Magic[] {
  const body = " ".repeat(from) + code.slice(from);
  const magics = scan(body).map((candidate) => ({ candidate, magic: toMagic(body, candidate) }));
  if (magics.length === 0) return [];
  const sure = magics.filter(({ candidate }) => isSure(body, candidate, surroundings));
  if (parses(without(body, sure))) return sure.map(({ magic }) => magic);
  return magics.filter((each) => sure.includes(each) || !parses(without(body, magics, each))).map(({ magic }) => magic);
}

function toMagic(code: string, { shape, start, end }: Candidate): Magic {
  if (shape.kind === "help") return { kind: "help", name: shape.name, detail: shape.detail, start, end };
  const at = start + shape.at;
  if (shape.kind === "bang") return { kind: "shell", start, at, end, assigned: shape.assigned };
  if (!shape.assigned && (shape.name === "time" || shape.name === "timeit")) {
    const { codeStart, codeEnd } = timedExtent(code, at + 1 + shape.name.length, end);
    return { kind: "timed", name: shape.name, start, at, codeStart, end: codeEnd };
  }
  return { kind: "line", name: shape.name, start, at, end };
}

/** A line that parses as code all the same, but whose variable does not exist: as code it could only throw. */
function isSure(code: string, { shape, start, end }: Candidate, { isDefined, isCommand }: Surroundings): boolean {
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

type Found = readonly { readonly magic: Magic }[];

/** `code` with these magics blanked, `kept` excepted. */
function without(code: string, magics: Found, kept?: { readonly magic: Magic }): string {
  let text = code;
  for (const each of magics) if (each !== kept) text = blankMagic(text, each.magic);
  return text;
}

/** `code` with the magic's own text blanked, at the same length; what it times or assigns to stays. */
export function blankMagic(code: string, magic: Magic): string {
  const blank = (start: number, end: number, text = ""): string =>
    code.slice(0, start) + text + code.slice(start + text.length, end).replace(/[^\r\n]/g, " ") + code.slice(end);
  if (magic.kind === "timed") return blank(magic.start, magic.codeStart);
  const assigned =
    (magic.kind === "shell" && magic.assigned) ||
    (magic.kind === "line" && magic.at > magic.start && code.slice(magic.start, magic.at).includes("="));
  return assigned ? blank(magic.at, magic.end, "[]") : blank(magic.start, magic.end);
}

export function parses(code: string): boolean {
  return statementsOf(code) !== undefined;
}

/** The statements of `code`, or undefined where it does not parse. */
export function statementsOf(code: string): SyntaxNode[] | undefined {
  try {
    return parse(code, "magic");
  } catch {
    return undefined;
  }
}
