/** Whether a text is code: TypeScript, or with tags in it TypeScript with JSX. */
import { parseSync } from "oxc-parser";
import type { SyntaxNode } from "../../cells/rewrite/syntax.ts";

export function parses(code: string): boolean {
  return statementsOf(code) !== undefined;
}

/** The statements of `code`, or undefined where it does not parse. */
export function statementsOf(code: string): SyntaxNode[] | undefined {
  for (const lang of /<\/|\/>/.test(code) ? (["ts", "tsx"] as const) : (["ts"] as const)) {
    const { program, errors } = parseSync("magic", code, { lang, sourceType: "module" });
    if (errors.length === 0) return program.body as unknown as SyntaxNode[];
  }
  return undefined;
}
