/**
 * What is imported by name is read from the module wherever it is used, as JavaScript has it: so a variable that the module
 * changes is seen, and files that import each other work.
 */
import type { Edit } from "./edit.ts";
import { type Imported, readImport } from "./imports.ts";
import type { SyntaxNode } from "./syntax.ts";

/** Names that are written otherwise than they read. */
export interface LiveNames {
  readonly any: boolean;
  has(name: string): boolean;
  /** The expression that reads `name`; the name itself where it is no import. */
  read(name: string): string;
}

/** The imports of a local file. */
export class LiveImports implements LiveNames {
  /** Local name -> expression. */
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

  /** The variable that holds the module of an import statement. */
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
export class CellNames implements LiveNames {
  readonly #names = new Set<string>();

  get any(): boolean {
    return this.#names.size > 0;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Of a longer expression, such as `name.a.b`, the name at its beginning is read. */
  read(expression: string): string {
    const name = /^[\p{ID_Start}$_][\p{ID_Continue}$]*/u.exec(expression)?.[0] ?? "";
    return this.has(name) ? `${liveVariable(name)}.v${expression.slice(name.length)}` : expression;
  }

  /** A cell that imports and declares these names runs. */
  ran({ imported, declared }: { readonly imported: Iterable<string>; readonly declared: Iterable<string> }): void {
    for (const name of declared) this.#names.delete(name);
    for (const name of imported) this.#names.add(name);
  }

  /** Code that sets `name` to undefined, for all functions that know it. It is no import any more. */
  reset(name: string): string {
    const code = `${name}=undefined;${this.has(name) ? replaceImport(name) : ""}`;
    this.#names.delete(name);
    return code;
  }

  /** The names as a cell that imports `more` sees them. */
  with(more: Iterable<string>): CellNames {
    const names = new CellNames();
    names.ran({ imported: [...this.#names, ...more], declared: [] });
    return names;
  }
}

const prefix = "__thaw$";

function liveVariable(name: string): string {
  return `${prefix}${name}`;
}

/** What V8 says of such a variable, as it is to be said of the name. */
export function asWritten(message: string): string {
  return message.includes(prefix) ? message.replaceAll(prefix, "") : message;
}

/** Code of a cell that declares `name` anew: functions of earlier cells, which knew it as an import, see the new variable. */
export function replaceImport(name: string): string {
  return `let ${liveVariable(name)}=new(class{get v(){return ${name}}set v(w){${name}=w}});`;
}

/**
 * The declaration that an import becomes in a cell; `source` gives a function the objects that have the names. Each name has
 * a class of its own: V8 inlines its getter, so that a loop reads the name as fast as a variable. (It inlines none of an object literal.)
 */
export function declareImports(names: Imported["names"], source: string): string {
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

/** Where an identifier stands, as far as its rewriting is concerned. */
export interface Use {
  readonly parent: SyntaxNode | undefined;
  /** It is `{ name }` or `{ name = value }`, and so the name of a property too. */
  readonly shorthand: boolean;
  /** A statement in a list of them begins with it. */
  readonly begins: boolean;
}

export function rewriteUse(edit: Edit, node: SyntaxNode, live: LiveNames, { parent, shorthand, begins }: Use): void {
  const name = String(node.name);
  // called as it stands, it would have the module for its `this`
  const called = parent?.tag === node || (parent?.callee === node && parent.type !== "NewExpression");
  const expression = called ? `(0,${live.read(name)})` : live.read(name);
  edit.out.update(node.start, node.end, `${shorthand ? `${name}:` : ""}${begins && called ? ";" : ""}${expression}`);
}
