/** Types over several lines leave line ends where JavaScript allows none: in front of `=>`, behind `async`, `return` and `throw`. */
import type { Edit } from "./edit.ts";
import { child, type SyntaxNode } from "./syntax.ts";

/** `async <\nT\n>(x): Promise<\nT\n> => x`: the parentheses take the line ends in. */
export function keepArrowTogether(edit: Edit, node: SyntaxNode): void {
  const generics = child(node, "typeParameters");
  const returned = child(node, "returnType");
  const open = generics === undefined ? -1 : edit.source.indexOf("(", generics.end);
  if (generics !== undefined && hasLineEnd(edit, generics.start, open)) {
    if (node.async === true) {
      edit.before(generics.start, "(");
      edit.blank(open, open + 1);
    } else parenthesise(edit, node);
  }
  if (returned === undefined) return;
  const close = edit.source.lastIndexOf(")", returned.start);
  if (!hasLineEnd(edit, close, returned.end)) return;
  edit.blank(close, close + 1);
  edit.after(returned.end, ")");
}

/** `return <\nT\n>x` */
export function keepAssertionTogether(edit: Edit, node: SyntaxNode): void {
  if (hasLineEnd(edit, node.start, child(node, "expression")?.start ?? node.end)) parenthesise(edit, node);
}

function hasLineEnd(edit: Edit, start: number, end: number): boolean {
  return edit.source.slice(start, end).includes("\n");
}

function parenthesise(edit: Edit, node: SyntaxNode): void {
  edit.before(node.start, "(");
  edit.after(node.end, ")");
}
