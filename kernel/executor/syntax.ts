/** The syntax tree of a cell, as loosely typed as a walk over every node needs it. */
import { parseSync, visitorKeys } from "oxc-parser";
import { CellSyntaxError } from "./syntaxError.ts";

/** An ESTree node (TypeScript flavour); offsets are UTF-16 units. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** The statements of `source`. Throws `CellSyntaxError` at the first error. */
export function parse(source: string, name: string): SyntaxNode[] {
  const { program, errors } = parseSync("cell.ts", source, { lang: "ts", sourceType: "module" });
  const error = errors[0];
  if (error !== undefined) throw CellSyntaxError.at(error.labels[0]?.start ?? 0, error.message, source, name);
  return program.body as unknown as SyntaxNode[];
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && typeof (value as SyntaxNode).type === "string";
}

/** The child of `node` under `key`, if there is one. */
export function child(node: SyntaxNode, key: string): SyntaxNode | undefined {
  const value = node[key];
  return isNode(value) ? value : undefined;
}

/** The list of children under `key`; holes left out. */
export function childList(node: SyntaxNode, key: string): SyntaxNode[] {
  const value = node[key];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** All children of `node`, in source order. */
export function children(node: SyntaxNode): SyntaxNode[] {
  const all: SyntaxNode[] = [];
  for (const key of visitorKeys[node.type] ?? []) {
    const value = node[key];
    if (isNode(value)) all.push(value);
    else if (Array.isArray(value)) all.push(...value.filter(isNode));
  }
  return all;
}

/** Whether `node` or anything below it satisfies `test`. */
export function contains(node: SyntaxNode, test: (node: SyntaxNode) => boolean): boolean {
  return test(node) || children(node).some((below) => contains(below, test));
}
