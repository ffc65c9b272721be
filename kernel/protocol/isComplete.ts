/** Decides whether a frontend's console should run what was typed or wait for more lines. */
import { mayBeTooDeep } from "../shared/nesting.ts";
import type { Content } from "./wire/message.ts";

/** Returns the content of `is_complete_reply`: `complete`, `incomplete` with the indentation to continue with, `invalid`, or `unknown`. */
export async function isComplete(cell: string): Promise<Content> {
  if (mayBeTooDeep(cell)) return { status: "unknown" }; // the parser would end the process, and this thread's stack is small
  const { parseSync } = await import("oxc-parser"); // 50 ms to load, asked for by consoles only
  const { maskMagics } = await import("../shared/magics/find.ts");
  const code = maskMagics(cell);
  const { errors, program } = parseSync("cell.ts", code, { lang: "ts", sourceType: "module" });
  const end = code.trimEnd().length;
  const error = errors[0];
  if (error === undefined) {
    const last = program.body.at(-1);
    const headOnly = last?.type === "TSDeclareFunction" && !last.declare && !code.trimEnd().endsWith(";");
    return headOnly ? { status: "incomplete", indent: indentAfter(code) } : { status: "complete" };
  }
  const openTemplate = error.message === "Unterminated string" && /^[`}]/.test(code.slice(error.labels[0]?.start));
  const openEnd = error.labels.some((label) => label.start >= end) && !/semicolon/.test(error.message);
  if (openTemplate || openEnd || error.message.startsWith("Unterminated multiline comment")) {
    return { status: "incomplete", indent: indentAfter(code) };
  }
  return { status: "invalid" };
}

/** Returns the last line's indentation, and two spaces more after an opening bracket. */
function indentAfter(code: string): string {
  const line = code.split("\n").at(-1) ?? "";
  const indent = /^\s*/.exec(line)?.[0] ?? "";
  return /[{([]\s*$/.test(line) ? `${indent}  ` : indent;
}
