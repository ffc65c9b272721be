/**
 * What a local file imports by name is read from the other module wherever it is used, as JavaScript has it: so files that
 * import each other work, and a variable that the other module changes is seen.
 */
import type { Edit } from "./edit.ts";
import { readImport } from "./imports.ts";
import type { SyntaxNode } from "./syntax.ts";

export class LiveImports {
  /** Local name -> expression. */
  readonly #expressions = new Map<string, string>();
  readonly #modules = new Map<SyntaxNode, string>();

  constructor(statements: readonly SyntaxNode[]) {
    for (const statement of statements) {
      const imported = statement.type === "ImportDeclaration" ? readImport(statement) : undefined;
      if (imported === undefined) continue;
      const module = `__thaw${this.#modules.size}`;
      this.#modules.set(statement, module);
      for (const { imported: name, local } of imported.names) {
        this.#expressions.set(local, /^\w+$/.test(name) ? `${module}.${name}` : `${module}[${JSON.stringify(name)}]`);
      }
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

  /** How a top-level name is read: what is exported may be an import. */
  read(name: string): string {
    return this.#expressions.get(name) ?? name;
  }

  /** Rewrites a use of an import. `begins` says that a statement in a list of them begins with it. */
  rewrite(edit: Edit, node: SyntaxNode, parent: SyntaxNode | undefined, begins: boolean): void {
    const name = String(node.name);
    const shorthand = parent?.type === "Property" && parent.shorthand === true;
    // called as it stands, it would have the module for its `this`
    const called = parent?.tag === node || (parent?.callee === node && parent.type !== "NewExpression");
    const expression = called ? `(0,${this.read(name)})` : this.read(name);
    edit.out.update(node.start, node.end, `${shorthand ? `${name}:` : ""}${begins && called ? ";" : ""}${expression}`);
  }
}
