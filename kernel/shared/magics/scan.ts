/**
 * Finds the lines of a cell that look like magics: never one inside a string, template or comment. Whether they are magics is
 * decided by what parses (find.ts).
 */

/** Whether a cell may have magics. False for nearly every cell, which then need not be searched. */
export function mayHaveMagics(code: string): boolean {
  if (!code.includes("%") && !code.includes("!") && !code.includes("?")) return false; // 20 times as fast as a pattern
  return /^[ \t]*[%!?]|[\w$\])]\?\??[ \t]*;?[ \t]*$|=[ \t]*[!%][ \t]*[\w./~$"'({[]/m.test(code);
}

/** The kind of magic that a line looks like; offsets are relative to the line. */
export type Shape =
  | { readonly kind: "percent"; readonly name: string; readonly at: number; readonly assigned: boolean }
  | { readonly kind: "bang"; readonly at: number; readonly assigned: boolean }
  | { readonly kind: "help"; readonly name: string };

const target = String.raw`(?:(?:const|let|var)\s+)?[\w$]+(?:\s*:[^=]+)?\s*=\s*`;
const percent = new RegExp(String.raw`^(\s*|\s*${target})%(%?[A-Za-z_]\w*)(?!\w)`);
const bang = new RegExp(String.raw`^(\s*|\s*${target})!{1,2}\s*[^\s!=]`);
const helpBefore = /^\s*\?{1,2}([A-Za-z_$%][\w$.]*)\s*;?\s*$/;
const helpAfter = /^\s*(%{0,2}[A-Za-z_$][\w$.[\]"']*)\?{1,2}\s*;?\s*$/;

/** Tells what `line` would be if it were a magic. */
export function shapeOf(line: string): Shape | undefined {
  const help = helpBefore.exec(line) ?? helpAfter.exec(line);
  if (help !== null) return { kind: "help", name: help[1] ?? "" };
  const named = percent.exec(line);
  if (named !== null) {
    return { kind: "percent", name: named[2] ?? "", at: named[1]?.length ?? 0, assigned: /=/.test(named[1] ?? "") };
  }
  const shell = bang.exec(line);
  return shell === null ? undefined : { kind: "bang", at: shell[1]?.length ?? 0, assigned: /=/.test(shell[1] ?? "") };
}

/** A line that looks like a magic. Offsets into the cell; `end` is behind its last character, before the line end. */
export interface CandidateLine {
  readonly shape: Shape;
  readonly start: number;
  readonly end: number;
}

/** Returns the candidates from top to bottom. What follows a candidate's first character on its line is taken for its own text. */
export function scan(code: string): CandidateLine[] {
  const found: CandidateLine[] = [];
  /** The number of braces that are open inside the `${` of each template literal that is open. */
  const templates: number[] = [];
  let index = 0;
  let lineStart = true;
  while (index < code.length) {
    if (lineStart && templates.length === 0) {
      const end = lineEnd(code, index);
      const shape = shapeOf(code.slice(index, end));
      if (shape !== undefined) {
        const last = shape.kind === "bang" ? continued(code, end) : end;
        found.push({ shape, start: index, end: last });
        index = last;
      }
    }
    lineStart = code[index] === "\n";
    index = step(code, index, templates);
  }
  return found;
}

/** Whether what is typed at `cursor` is code: no part of a comment, string, pattern or template's text. */
export function isCode(code: string, cursor: number): boolean {
  const before = `${code.slice(0, cursor)} `; // what is open reaches over this blank, a word ends in front of it
  const templates: number[] = [];
  let index = 0;
  while (index < cursor) index = step(before, index, templates);
  return index === cursor;
}

/** Returns where the string that is open at `cursor` begins, behind its quote; undefined where none is. */
export function openString(code: string, cursor: number): number | undefined {
  const before = `${code.slice(0, cursor)} `;
  const templates: number[] = [];
  let token = 0;
  for (let index = 0; index < cursor; ) {
    token = index;
    index = step(before, index, templates);
    if (index > cursor && /["'`]/.test(before[token] ?? "")) return token + 1;
  }
  return undefined;
}

/** Returns the offset past the token that starts at `index`. */
function step(code: string, index: number, templates: number[]): number {
  const character = code[index];
  switch (character) {
    case '"':
    case "'":
      return past(code, index, /["'\n\\]/g, character);
    case "`":
      return inTemplate(code, index + 1, templates);
    case "{":
      if (templates.length > 0) templates[templates.length - 1] = (templates.at(-1) ?? 0) + 1;
      return index + 1;
    case "}": {
      const open = templates.at(-1);
      if (open === undefined) return index + 1;
      if (open === 0) {
        templates.pop();
        return inTemplate(code, index + 1, templates);
      }
      templates[templates.length - 1] = open - 1;
      return index + 1;
    }
    case "/":
      if (code[index + 1] === "/") return lineEnd(code, index);
      if (code[index + 1] === "*") return after(code, "*/", index + 2);
      return startsPattern(code, index) ? past(code, index, /[/[\n\\]/g, "/") : index + 1;
    default:
      return index + 1;
  }
}

/** Returns the offset past a string or pattern that `close` ends; a line end ends it too. */
function past(code: string, start: number, stops: RegExp, close: string): number {
  stops.lastIndex = start + 1;
  for (let stop = stops.exec(code); stop !== null; stop = stops.exec(code)) {
    const at = stop.index;
    if (code[at] === "\n") return at;
    if (code[at] === close) return at + 1;
    if (code[at] === "\\") stops.lastIndex = at + 2;
    else if (code[at] === "[") stops.lastIndex = after(code, "]", at + 1);
  }
  return code.length;
}

/** Returns the offset past the template's end, or inside its next `${`. */
function inTemplate(code: string, start: number, templates: number[]): number {
  for (let index = start; index < code.length; index++) {
    if (code[index] === "\\") index++;
    else if (code[index] === "`") return index + 1;
    else if (code[index] === "$" && code[index + 1] === "{") {
      templates.push(0);
      return index + 2;
    }
  }
  return code.length;
}

/** Whether a slash begins a pattern: it does where a value may begin. */
function startsPattern(code: string, index: number): boolean {
  const before = code.slice(Math.max(0, index - 40), index).trimEnd();
  return before === "" || /[=(,:;!&|?{}[\n+\-*%<>~^]$|\b(?:return|typeof|case|in|of|await|void|yield)$/.test(before);
}

function after(code: string, text: string, from: number): number {
  const at = code.indexOf(text, from);
  return at === -1 ? code.length : at + text.length;
}

/** Returns where the line of `from` ends, before its line feed. */
export function lineEnd(code: string, from: number): number {
  const at = code.indexOf("\n", from);
  return at === -1 ? code.length : at;
}

/** Returns where a command ends: it goes on behind a backslash at its line's end. */
function continued(code: string, end: number): number {
  let last = end;
  while (code[last - 1] === "\\" && last < code.length) last = lineEnd(code, last + 1);
  return last;
}
