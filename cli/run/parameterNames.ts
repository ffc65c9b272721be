/** Which parameters a notebook has, told without running it. */
import { child, childList, children, type SyntaxNode } from "../../kernel/cells/rewrite/syntax.ts";
import { maskMagics } from "../../kernel/shared/magics/mask.ts";
import { statementsOf } from "../../kernel/shared/magics/statements.ts";
import type { Notebook } from "./notebook.ts";

/** Names of the cell tagged `parameters` and of `params({...})`; undefined where there is neither, or no list of names. */
export function parameterNames({ cells }: Notebook): string[] | undefined {
  const names: string[] = [];
  let told = false;
  for (const cell of cells) {
    if (cell.cell_type !== "code" || cell.metadata.tags?.includes("injected-parameters")) continue;
    const isTagged = cell.metadata.tags?.includes("parameters") === true;
    if (!isTagged && !/\bparams\s*[<(]/.test(cell.source)) continue;
    const statements = statementsOf(maskMagics(cell.source)) ?? [];
    if (isTagged) {
      told = true;
      names.push(...statements.flatMap(declaredNames));
    }
    for (const call of statements.flatMap(callsOfParams)) {
      const keys = literalKeys(call);
      if (keys === undefined) return undefined;
      told = true;
      names.push(...keys);
    }
  }
  return told ? [...new Set(names)] : undefined;
}

function declaredNames(statement: SyntaxNode): string[] {
  const declaration = child(statement, "declaration") ?? statement;
  return childList(declaration, "declarations").flatMap((declarator) => {
    const name = child(declarator, "id")?.name;
    return typeof name === "string" ? [name] : [];
  });
}

function callsOfParams(node: SyntaxNode): SyntaxNode[] {
  const own = node.type === "CallExpression" && child(node, "callee")?.name === "params" ? [node] : [];
  return [...own, ...children(node).flatMap(callsOfParams)];
}

function literalKeys(call: SyntaxNode): string[] | undefined {
  const [defaults] = childList(call, "arguments");
  if (defaults?.type !== "ObjectExpression") return undefined;
  const keys = childList(defaults, "properties").map((property) => {
    const key = property.computed === true ? undefined : child(property, "key");
    return key?.name ?? key?.value;
  });
  return keys.every((key) => typeof key === "string") ? (keys as string[]) : undefined;
}
