/** What types cannot be erased from: enums, namespaces, decorators, accessor fields, JSX, `using`. TypeScript itself rewrites those statements. */
import { createRequire } from "node:module";
import { Script } from "node:vm";
import type TypeScript from "typescript";
import { isUsing } from "./guards.ts";
import { contains, parse, type SyntaxNode } from "./syntax.ts";

const suspicious = /\b(enum|namespace|module|accessor|using)\b|@|<[\w>]/;
/** `/** @jsx h *\/` and its like hold for the whole text. */
const pragmas = /\/\*\*?\s*@jsx.*?\*\//gs;

/** `source` with such statements replaced, each on the lines it had; the same text where there are none. */
export function lower(
  source: string,
  statements: readonly SyntaxNode[],
  name: string,
): [string, readonly SyntaxNode[]] {
  if (!suspicious.test(source)) return [source, statements];
  let lowered = source;
  for (const statement of [...statements].reverse()) {
    const isTop = (node: SyntaxNode): boolean => node === statement;
    if (!contains(statement, (node) => needsCompiler(node) || (isUsing(node) && !isTop(node) && !hasUsing()))) continue;
    const text = source.slice(statement.start, statement.end);
    const output = onTheLinesOf(text, transpile(text, (source.match(pragmas) ?? []).join("")));
    lowered = lowered.slice(0, statement.start) + output + lowered.slice(statement.end);
  }
  return lowered === source ? [source, statements] : [lowered, parse(lowered, name)];
}

function needsCompiler(node: SyntaxNode): boolean {
  if (node.type === "TSEnumDeclaration" || node.type === "TSModuleDeclaration") return node.declare !== true;
  if (node.type === "JSXElement" || node.type === "JSXFragment") return true;
  return node.type === "Decorator" || node.type === "AccessorProperty";
}

let usingIsKnown: boolean | undefined;

/** Whether this V8 knows `using`: from Node 24 on. */
function hasUsing(): boolean {
  if (usingIsKnown === undefined) {
    try {
      new Script("{ using nothing = null; }");
      usingIsKnown = true;
    } catch {
      usingIsKnown = false;
    }
  }
  return usingIsKnown;
}

function transpile(text: string, jsx: string): string {
  const ts = createRequire(import.meta.url)("typescript") as typeof TypeScript; // 300 ms to load, so only when needed
  const { outputText } = ts.transpileModule(`${jsx}${text}`, {
    fileName: "cell.tsx",
    compilerOptions: {
      jsx: ts.JsxEmit.React,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      removeComments: true,
      preserveConstEnums: true,
      verbatimModuleSyntax: true,
    },
  });
  return outputText.trimEnd();
}

/** Later lines of the cell must keep their numbers: missing line ends are added, surplus ones become spaces. */
function onTheLinesOf(original: string, text: string): string {
  const wanted = original.split("\n").length;
  const lines = text.split("\n");
  if (lines.length <= wanted) return text + "\n".repeat(wanted - lines.length);
  return `${lines.slice(0, wanted - 1).join("\n")}${wanted > 1 ? "\n" : ""}${lines.slice(wanted - 1).join(" ")}`;
}
