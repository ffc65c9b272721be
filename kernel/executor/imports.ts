/** `import` statements become awaited calls: V8 evaluates a cell as a script, where `import` is no statement. */
import type { Edit } from "./edit.ts";
import { child, childList, type SyntaxNode } from "./syntax.ts";

/** Rewrites an ImportDeclaration. `used` are the names that the cell uses as values. */
export function rewriteImport(edit: Edit, node: SyntaxNode, used: ReadonlySet<string>): void {
  if (node.importKind === "type") {
    edit.blankStatement(node);
    return;
  }
  const specifiers = childList(node, "specifiers").filter((specifier) => specifier.importKind !== "type");
  const typesOnly = specifiers.length === 0 && childList(node, "specifiers").length > 0;
  if (typesOnly) {
    edit.blankStatement(node);
    return;
  }
  const from = sourceOf(node);
  const declared: string[] = [];
  const names: string[] = [];
  const bindings: string[] = [];
  const needed: string[] = [];
  for (const specifier of specifiers) {
    const local = String(child(specifier, "local")?.name);
    if (specifier.type === "ImportNamespaceSpecifier") {
      declared.push(`${local}=await __thaw.namespace(${from})`);
      continue;
    }
    const imported = specifier.type === "ImportDefaultSpecifier" ? "default" : nameOf(child(specifier, "imported"));
    names.push(imported);
    bindings.push(`${JSON.stringify(imported)}:${local}`);
    if (used.has(local)) needed.push(imported);
  }
  if (names.length > 0) {
    const wanted = `${JSON.stringify(names)},${JSON.stringify(needed)}`;
    declared.push(`{${bindings.join(",")}}=await __thaw.bind(${wanted},${from})`);
  }
  replace(edit, node, declared.length === 0 ? `await __thaw.load(${from});` : `let ${declared.join(",")};`);
}

/** The arguments that name a module: its specifier and, if any, its attributes. */
export function sourceOf(node: SyntaxNode): string {
  const attributes = childList(node, "attributes").map(
    (attribute) => [nameOf(child(attribute, "key")), child(attribute, "value")?.value] as const,
  );
  const specifier = JSON.stringify(child(node, "source")?.value);
  return attributes.length === 0 ? specifier : `${specifier},{with:${JSON.stringify(Object.fromEntries(attributes))}}`;
}

/** An identifier's name or a string literal's value. */
export function nameOf(node: SyntaxNode | undefined): string {
  return String(node?.name ?? node?.value);
}

/** Puts `text` on the first line of `node` and keeps the line ends of the rest. */
export function replace(edit: Edit, node: SyntaxNode, text: string): void {
  edit.out.update(node.start, node.end, text + edit.text(node).replace(/[^\n]/g, ""));
}
