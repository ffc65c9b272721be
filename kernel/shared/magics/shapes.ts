/** Lines that may be magics, told by their looks alone; whether they are is decided by what parses (find.ts). */

/** False for nearly every cell, and then nothing else of this folder is even loaded. */
export function mayHaveMagics(code: string): boolean {
  if (!code.includes("%") && !code.includes("!") && !code.includes("?")) return false; // 20 times as fast as a pattern
  return /^[ \t]*[%!?]|[\w$\])]\?\??[ \t]*;?[ \t]*$|=[ \t]*[!%][ \t]*[\w./~$"'({[]/m.test(code);
}

/** A line's shape; offsets are relative to the line. */
export type Shape =
  | { readonly kind: "percent"; readonly name: string; readonly at: number; readonly assigned: boolean }
  | { readonly kind: "bang"; readonly at: number; readonly assigned: boolean }
  | { readonly kind: "help"; readonly name: string; readonly detail: 1 | 2 };

const target = String.raw`(?:(?:const|let|var)\s+)?[\w$]+(?:\s*:[^=]+)?\s*=\s*`;
const percent = new RegExp(String.raw`^(\s*|\s*${target})%(%?[A-Za-z_]\w*)(?!\w)`);
const bang = new RegExp(String.raw`^(\s*|\s*${target})!{1,2}\s*[^\s!=]`);
const helpBefore = /^\s*(\?{1,2})([A-Za-z_$%][\w$.]*)\s*;?\s*$/;
const helpAfter = /^\s*(%{0,2}[A-Za-z_$][\w$.[\]"']*)(\?{1,2})\s*;?\s*$/;

/** What `line` would be if it were a magic. */
export function shapeOf(line: string): Shape | undefined {
  const help = helpBefore.exec(line);
  if (help !== null) return { kind: "help", name: help[2] ?? "", detail: help[1]?.length === 2 ? 2 : 1 };
  const after = helpAfter.exec(line);
  if (after !== null) return { kind: "help", name: after[1] ?? "", detail: after[2]?.length === 2 ? 2 : 1 };
  const named = percent.exec(line);
  if (named !== null) {
    return { kind: "percent", name: named[2] ?? "", at: named[1]?.length ?? 0, assigned: /=/.test(named[1] ?? "") };
  }
  const shell = bang.exec(line);
  return shell === null ? undefined : { kind: "bang", at: shell[1]?.length ?? 0, assigned: /=/.test(shell[1] ?? "") };
}
