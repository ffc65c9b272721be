/** The syntax tree of TypeScript code, as loosely typed as a walk over every node needs it. */
import { parseSync, visitorKeys } from "oxc-parser";

/** An ESTree node (TypeScript flavour); offsets are UTF-16 units. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** Parses `code` as TypeScript, or, with tags in it, as TypeScript with JSX. Returns undefined where it does not parse. */
export function statementsOf(code: string): SyntaxNode[] | undefined {
  for (const lang of /<\/|\/>/.test(code) ? (["ts", "tsx"] as const) : (["ts"] as const)) {
    const { program, errors } = parseSync("magic", code, { lang, sourceType: "module" });
    if (errors.length === 0) return program.body as unknown as SyntaxNode[];
  }
  return undefined;
}

/** Returns the child of `node` under `key`, if there is one. */
export function child(node: SyntaxNode, key: string): SyntaxNode | undefined {
  const value = node[key];
  return isNode(value) ? value : undefined;
}

/** Returns the list of children under `key`; holes are left out. */
export function childList(node: SyntaxNode, key: string): SyntaxNode[] {
  const value = node[key];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** Returns all children of `node`, in source order. A list may have more of them than a call takes arguments. */
export function children(node: SyntaxNode): SyntaxNode[] {
  const all: SyntaxNode[] = [];
  for (const key of visitorKeys[node.type] ?? []) {
    const value = node[key];
    if (isNode(value)) all.push(value);
    else if (Array.isArray(value)) for (const each of value as unknown[]) if (isNode(each)) all.push(each);
  }
  return all;
}

/**
 * Walks `node` and all below it in source order. `enter` says whether to go below a node, and may return a function to
 * call when all below it is done. There is no recursion: a sum of ten thousand terms is a tree as deep.
 */
export function walk(node: SyntaxNode, enter: (node: SyntaxNode) => boolean | (() => void)): void {
  const ahead: (SyntaxNode | (() => void))[] = [node];
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    if (typeof next === "function") {
      next();
      continue;
    }
    const below = enter(next);
    if (below === false) continue;
    if (below !== true) ahead.push(below);
    const nodes = children(next);
    for (let index = nodes.length - 1; index >= 0; index--) ahead.push(nodes[index] as SyntaxNode);
  }
}

/** Whether `node` or anything below it satisfies `test`. Nothing is looked at below a node that satisfies `isApart`. */
export function contains(
  node: SyntaxNode,
  test: (node: SyntaxNode) => boolean,
  isApart: (node: SyntaxNode) => boolean = () => false,
): boolean {
  let found = false;
  walk(node, (each) => {
    found ||= !isApart(each) && test(each);
    return !found && !isApart(each);
  });
  return found;
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && typeof (value as SyntaxNode).type === "string";
}
