/**
 * `import` statements become calls, since V8 evaluates a cell as a script. What is imported by name is read from the
 * module wherever it is used, as JavaScript has it: so a variable that the module changes is seen, and files that
 * import each other work.
 */

import { child, childList, type SyntaxNode } from "../../shared/syntax.ts";
import type { Edit } from "./edit.ts";

/** The names of an import statement. */
export interface Imported {
  /** The arguments of the loader that name the module. */
  readonly from: string;
  /** The local name of `* as local`. */
  readonly whole: string | undefined;
  readonly names: readonly { readonly imported: string; readonly local: string }[];
}

/** The expression through which imports reach the runtime: a file that is required cannot wait. */
export type ImportMode = "await __thaw" | "__thaw.atOnce";

/** Writes a call of the loader. Behind an `await` an interrupt may have come. */
export function loaderCall(mode: ImportMode, method: string, from: string): string {
  const call = `${mode}.${method}(${from})`;
  return mode === "await __thaw" ? `__thaw.check(__thaw.epoch,${call})` : call;
}

/** Reads an ImportDeclaration; undefined where it imports types only. */
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

/**
 * Rewrites an import of a cell: the names become variables that later cells have too. `used` are those that the cell
 * uses as values.
 */
export function importIntoCell(edit: Edit, node: SyntaxNode, used: ReadonlySet<string>): void {
  rewrite(edit, node, "await __thaw", (imported) =>
    declareImports(imported.names, loaderCall("await __thaw", "bind", bindArguments(imported, used))),
  );
}

/** Rewrites an import of a local file: the names are read from the module each time. */
export function importIntoModule(
  edit: Edit,
  node: SyntaxNode,
  used: ReadonlySet<string>,
  live: FileImports,
  mode: ImportMode,
): void {
  rewrite(
    edit,
    node,
    mode,
    (imported) => `const ${live.moduleOf(node)}=${loaderCall(mode, "link", bindArguments(imported, used))}`,
  );
}

function rewrite(edit: Edit, node: SyntaxNode, mode: ImportMode, named: (imported: Imported) => string): void {
  const imported = readImport(node);
  if (imported === undefined) {
    edit.blankStatement(node);
    return;
  }
  const { from, whole, names } = imported;
  const parts = [
    ...(whole === undefined ? [] : [`let ${whole}=${loaderCall(mode, "namespace", from)}`]),
    ...(names.length === 0 ? [] : [named(imported)]),
  ];
  replace(edit, node, `${parts.length === 0 ? loaderCall(mode, "load", from) : parts.join(";")};`);
}

/** Writes the loader's arguments: the names, those of them that must exist, and the module. */
function bindArguments({ from, names }: Imported, used: ReadonlySet<string>): string {
  const needed = names.filter(({ local }) => used.has(local)).map(({ imported }) => imported);
  return `${JSON.stringify(names.map(({ imported }) => imported))},${JSON.stringify(needed)},${from}`;
}

/** Writes the arguments that name a module: its specifier and, if any, its attributes. */
export function sourceOf(node: SyntaxNode): string {
  const attributes = childList(node, "attributes").map(
    (attribute) => [nameOf(child(attribute, "key")), child(attribute, "value")?.value] as const,
  );
  const specifier = JSON.stringify(child(node, "source")?.value);
  return attributes.length === 0 ? specifier : `${specifier},{with:${JSON.stringify(Object.fromEntries(attributes))}}`;
}

/** Returns an identifier's name or a string literal's value. */
export function nameOf(node: SyntaxNode | undefined): string {
  return String(node?.name ?? node?.value);
}

/** Replaces `node` by `text` on its first line and keeps the line ends of the rest. */
export function replace(edit: Edit, node: SyntaxNode, text: string): void {
  edit.out.update(node.start, node.end, text + edit.text(node).replace(/[^\n]/g, ""));
}

/** Imported names, whose uses are rewritten. */
export interface ImportedNames {
  readonly any: boolean;
  has(name: string): boolean;
  /** Returns the expression that reads `name`; the name itself where it is no import. */
  read(name: string): string;
}

/** The imported names of a local file. */
export class FileImports implements ImportedNames {
  /** The expressions that read the names, by local name. */
  readonly #expressions = new Map<string, string>();
  readonly #modules = new Map<SyntaxNode, string>();

  constructor(statements: readonly SyntaxNode[]) {
    for (const statement of statements) {
      const imported = statement.type === "ImportDeclaration" ? readImport(statement) : undefined;
      if (imported === undefined) continue;
      const module = `__thaw${this.#modules.size}`;
      this.#modules.set(statement, module);
      for (const { imported: name, local } of imported.names) this.#expressions.set(local, property(module, name));
    }
  }

  /** Returns the variable that holds the module of an import statement. */
  moduleOf(statement: SyntaxNode): string {
    return this.#modules.get(statement) ?? "";
  }

  get any(): boolean {
    return this.#expressions.size > 0;
  }

  has(name: string): boolean {
    return this.#expressions.has(name);
  }

  read(name: string): string {
    return this.#expressions.get(name) ?? name;
  }
}

/**
 * The names that cells have imported. Beside each there is a variable `__thaw$name`, an object whose `v` is the name's value
 * in its module: functions of all cells read and assign it there, and see it when a later cell imports or declares the name
 * anew. A variable of the name itself is there for what is not rewritten, such as `eval`.
 */
export class CellImports implements ImportedNames {
  readonly #names = new Set<string>();

  get any(): boolean {
    return this.#names.size > 0;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /**
   * Returns the expression that reads `expression`; of a longer one, such as `name.a.b`, the name at its beginning is
   * rewritten.
   */
  read(expression: string): string {
    const name = /^[\p{ID_Start}$_][\p{ID_Continue}$]*/u.exec(expression)?.[0] ?? "";
    return this.has(name) ? `${liveVariable(name)}.v${expression.slice(name.length)}` : expression;
  }

  /** Records the names that a cell imports and declares when it runs. */
  ran({ imported, declared }: { readonly imported: Iterable<string>; readonly declared: Iterable<string> }): void {
    for (const name of declared) this.#names.delete(name);
    for (const name of imported) this.#names.add(name);
  }

  /** Writes code that sets `name` to undefined, for all functions that know it. It is no import any more. */
  reset(name: string): string {
    const code = `${name}=undefined;${this.has(name) ? replaceImport(name) : ""}`;
    this.#names.delete(name);
    return code;
  }

  /** Returns the names as a cell that imports `more` sees them. */
  with(more: Iterable<string>): CellImports {
    const names = new CellImports();
    names.ran({ imported: [...this.#names, ...more], declared: [] });
    return names;
  }
}

const prefix = "__thaw$";

function liveVariable(name: string): string {
  return `${prefix}${name}`;
}

/** Puts the names into a message of V8 about such variables. */
export function asWritten(message: string): string {
  return message.includes(prefix) ? message.replaceAll(prefix, "") : message;
}

/**
 * Writes the code of a cell that declares `name` anew: functions of earlier cells, which knew it as an import, see the
 * new variable.
 */
export function replaceImport(name: string): string {
  return `let ${liveVariable(name)}=new(class{get v(){return ${name}}set v(w){${name}=w}});`;
}

/**
 * Writes the declaration that an import becomes in a cell; `source` gives a function the objects that have the names.
 * Each name has a class of its own: V8 inlines its getter, so that a loop reads the name as fast as a variable. (It
 * inlines none of an object literal.)
 */
function declareImports(names: Imported["names"], source: string): string {
  const sources = names.map((_, index) => `s${index}`);
  const pattern = names.flatMap(({ local }) => [local, liveVariable(local)]);
  const fields = names.flatMap(({ imported, local }, index) => {
    const value = property(`s${index}`, imported);
    const live = `new(class{get v(){return ${value}}set v(w){__thaw.assign(this,w)}})`;
    return [`${local}:${value}`, `${liveVariable(local)}:${live}`];
  });
  return `let {${pattern.join(",")}}=(${source})((${sources.join(",")})=>({${fields.join(",")}}))`;
}

function property(object: string, name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `${object}.${name}` : `${object}[${JSON.stringify(name)}]`;
}

/** The position of an identifier, as far as its rewriting is concerned. */
export interface Use {
  readonly parent: SyntaxNode | undefined;
  /** Whether it is `{ name }` or `{ name = value }`, and so the name of a property too. */
  readonly shorthand: boolean;
  /** Whether a statement in a list of statements begins with it. */
  readonly begins: boolean;
}

/** Rewrites one use of an imported name. */
export function rewriteUse(
  edit: Edit,
  node: SyntaxNode,
  live: ImportedNames,
  { parent, shorthand, begins }: Use,
): void {
  const name = String(node.name);
  // called as it stands, it would have the module for its `this`
  const called = parent?.tag === node || (parent?.callee === node && parent.type !== "NewExpression");
  const expression = called ? `(0,${live.read(name)})` : live.read(name);
  edit.out.update(node.start, node.end, `${shorthand ? `${name}:` : ""}${begins && called ? ";" : ""}${expression}`);
}
