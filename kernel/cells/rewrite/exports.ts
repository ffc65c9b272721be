/**
 * `export` statements of local files become getters on the module's namespace, so that importers see what the file
 * sees.
 */

import { child, childList, type SyntaxNode } from "../../shared/syntax.ts";
import type { Edit } from "./edit.ts";
import type { FileImports } from "./imports.ts";
import { type ImportMode, loaderCall, nameOf, replace, sourceOf } from "./imports.ts";
import { declaredNames } from "./scope.ts";

/** The exported names, each with the expression that reads it. */
export type Getters = Map<string, string>;

/** Removes `export` from a statement and adds its exported names to `getters`. */
export function rewriteExport(
  edit: Edit,
  node: SyntaxNode,
  getters: Getters,
  live: FileImports,
  mode: ImportMode,
): void {
  const declaration = child(node, "declaration");
  if (node.exportKind === "type" || declaration?.type === "TSInterfaceDeclaration") {
    edit.blankStatement(node);
    return;
  }
  if (node.type === "TSExportAssignment") {
    const value = child(node, "expression");
    for (const name of ["default", "module.exports"]) getters.set(name, "__default");
    edit.out.update(node.start, value?.start ?? node.end, "const __default=");
    return;
  }
  if (node.type === "ExportAllDeclaration") {
    const as = child(node, "exported");
    const names = as === undefined ? "undefined" : JSON.stringify(nameOf(as));
    replace(edit, node, `__thaw.exportAll(${loaderCall(mode, "namespace", sourceOf(node))},${names});`);
    return;
  }
  if (node.type === "ExportDefaultDeclaration" && declaration !== undefined) {
    const name = child(declaration, "id")?.name;
    getters.set("default", typeof name === "string" ? name : "__default");
    if (typeof name === "string" && /Declaration$/.test(declaration.type)) edit.blank(node.start, declaration.start);
    else edit.out.update(node.start, declaration.start, "const __default=");
    if (typeof name !== "string") edit.after(declaration.end, ";"); // `export default function () {}` ends without one
    return;
  }
  if (declaration !== undefined) {
    edit.blank(node.start, declaration.start);
    for (const name of declaredNames(declaration)) getters.set(name, name);
    return;
  }
  const specifiers = childList(node, "specifiers").filter((specifier) => specifier.exportKind !== "type");
  const pairs = specifiers.map((specifier) => [
    nameOf(child(specifier, "local")),
    nameOf(child(specifier, "exported")),
  ]);
  if (child(node, "source") !== undefined) {
    replace(
      edit,
      node,
      `__thaw.exportFrom(${loaderCall(mode, "namespace", sourceOf(node))},${JSON.stringify(pairs)});`,
    );
    return;
  }
  for (const [local, exported] of pairs) getters.set(exported as string, live.read(local as string));
  edit.blankStatement(node);
}
