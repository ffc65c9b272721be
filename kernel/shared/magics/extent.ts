/** How far the code behind `%time` reaches: one line, or as many as it takes to be whole. */

import { lineEnd } from "./scan.ts";
import { parses } from "./statements.ts";

/** `from` is behind the magic's name, `end` its line's end. Options such as `-n 100 -r 3 -q` are no code. */
export function timedExtent(code: string, from: number, end: number): { codeStart: number; codeEnd: number } {
  const options = /^(?:[ \t]+-(?:[nr][ \t]*\d+|[qo])(?![\w$]))*[ \t]*/.exec(code.slice(from, end))?.[0] ?? "";
  const codeStart = from + options.length;
  for (let codeEnd = end; ; codeEnd = lineEnd(code, codeEnd + 1)) {
    if (parses(code.slice(codeStart, codeEnd))) return { codeStart, codeEnd };
    if (codeEnd >= code.length) return { codeStart, codeEnd: end };
  }
}
