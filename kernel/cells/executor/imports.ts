/** `import` statements become calls: V8 evaluates a cell as a script, where `import` is no statement. */
import type { Edit } from "./edit.ts";
import { declareImports, type LiveImports } from "./liveImports.ts";
import { child, childList, type SyntaxNode } from "./syntax.ts";

/** What an import statement brings. */
export interface Imported {
  /** The arguments that name the module. */
  readonly from: string;
  /** `* as local` */
  readonly whole: string | undefined;
  readonly names: readonly { readonly imported: string; readonly local: string }[];
}

/** The runtime as imports call it: a file that is required cannot wait. */
export type Via = "await __thaw" | "__thaw.atOnce";

/** A call of the loader. Behind an `await` an interrupt may have come. */
export function loaderCall(via: Via, method: string, from: string): string {
  const call = `${via}.${method}(${from})`;
  return via === "await __thaw" ? `__thaw.check(__thaw.epoch,${call})` : call;
}

/** An ImportDeclaration; undefined where it brings types only. */
export function readImport(node: SyntaxNode): Imported | undefined {
  const all = childList(node, "specifiers");
  const specifiers = all.filter((specifier) => specifier.importKind !== "type");
  if (node.importKind === "type" || (specifiers.length === 0 && all.length > 0)) return undefined;
  const localOf = (specifier: SyntaxNode): string => String(child(specifier, "local")?.name);
  const whole = specifiers.find(({ type }) => type === "ImportNamespaceSpecifier");
  return {
    from: sourceOf(node),
    whole: whole === undefined ? undefined : localOf(whole),
    names: specifiers
      .filter((specifier) => specifier !== whole)
      .map((specifier) => ({
        imported: specifier.type === "ImportDefaultSpecifier" ? "default" : nameOf(child(specifier, "imported")),
        local: localOf(specifier),
      })),
  };
}

/** In a cell the names become variables that later cells have too. `used` are those that the cell uses as values. */
export function importIntoCell(edit: Edit, node: SyntaxNode, used: ReadonlySet<string>): void {
  rewrite(edit, node, "await __thaw", (imported) =>
    declareImports(imported.names, loaderCall("await __thaw", "bind", wanted(imported, used))),
  );
}

/** In a local file they are read from the module each time. */
export function importIntoModule(
  edit: Edit,
  node: SyntaxNode,
  used: ReadonlySet<string>,
  live: LiveImports,
  via: Via,
): void {
  rewrite(
    edit,
    node,
    via,
    (imported) => `const ${live.moduleOf(node)}=${loaderCall(via, "link", wanted(imported, used))}`,
  );
}

function rewrite(edit: Edit, node: SyntaxNode, via: Via, named: (imported: Imported) => string): void {
  const imported = readImport(node);
  if (imported === undefined) {
    edit.blankStatement(node);
    return;
  }
  const { from, whole, names } = imported;
  const parts = [
    ...(whole === undefined ? [] : [`let ${whole}=${loaderCall(via, "namespace", from)}`]),
    ...(names.length === 0 ? [] : [named(imported)]),
  ];
  replace(edit, node, `${parts.length === 0 ? loaderCall(via, "load", from) : parts.join(";")};`);
}

/** The names, those of them that must be there, and the module. */
function wanted({ from, names }: Imported, used: ReadonlySet<string>): string {
  const needed = names.filter(({ local }) => used.has(local)).map(({ imported }) => imported);
  return `${JSON.stringify(names.map(({ imported }) => imported))},${JSON.stringify(needed)},${from}`;
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
