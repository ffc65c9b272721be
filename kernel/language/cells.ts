/**
 * The cells as TypeScript modules. Each begins with a header that takes over what it uses from earlier cells, the newest
 * declaration of a name first, and ends with the export of all it declares. So a name may be declared again, older cells
 * keep what they saw, and a variable of an earlier cell can be assigned:
 *
 *     declare let rate: typeof import("In[1]").rate; import { step } from "In[2]";
 */
import ts from "typescript";

/** A cell as a module for the language service. */
export interface CellDocument {
  /** The name by which cells import it: `In[3]`. */
  readonly name: string;
  /** The cell's own text. */
  readonly code: string;
  /** Header, code and exports. */
  readonly text: string;
  /** The offset of the code in the text, in UTF-16 units. */
  readonly offset: number;
  /** Names that the header imports from earlier cells. */
  readonly outer: ReadonlySet<string>;
  /** Names of values (not only types) that the cell declares. */
  readonly values: readonly string[];
}

/** The way in which later cells take a name over: as a variable that may be assigned, as a constant, or by an import. */
type Manner = "let" | "const" | "import";

/** The meanings of one name in one cell. */
interface Declared {
  readonly value: Manner | undefined;
  readonly type: boolean;
  /** Whether the cell itself exports it. */
  readonly exported: boolean;
}

/** The names that a cell declares at its top level, and those that it mentions. */
interface Outline {
  readonly declared: ReadonlyMap<string, Declared>;
  /** Every identifier in the text. */
  readonly mentioned: ReadonlySet<string>;
  /** Whether it declares something for the whole program: `declare global`, `declare module "x"`. */
  readonly ambient: boolean;
  /** Whether it may change types elsewhere. */
  readonly reaching: boolean;
  /** Whether it does not parse. */
  readonly broken: boolean;
}

/** The cell that declares a name now. */
interface Source {
  readonly cell: string;
  readonly value: Manner | undefined;
  readonly type: boolean;
}

/** Comments that count only at the very top of a file. */
const pragma = /^\s*(?:\/\/\/.*|\/\*\*?\s*@jsx[\s\S]*?\*\/)[ \t]*\n?/;

/** All cells that were added, in the order in which they ran. */
export class Cells {
  readonly #documents = new Map<string, CellDocument>();
  #scope = new Map<string, Source>();
  readonly #ambient = new Set<string>();
  readonly #before = new Map<string, Map<string, Source>>();
  #reach = 0;

  get(name: string): CellDocument | undefined {
    return this.#documents.get(name);
  }

  /** Whether a cell has declared `name`. */
  declares(name: string): boolean {
    return this.#scope.has(name);
  }

  /** The cell that declares `name` now. */
  declaring(name: string): CellDocument | undefined {
    return this.#documents.get(this.#scope.get(name)?.cell ?? "");
  }

  /** Grows with every cell that may change more than what it declares: by a module it brings in, by `declare global`. */
  get reach(): number {
    return this.#reach;
  }

  /** Adds a cell behind all others. A text that does not parse declares nothing, since it is not run. */
  add(name: string, code: string): void {
    const { declared, mentioned, ambient, reaching, broken } = outline(code, `${name}.ts`);
    if (broken) return;
    const scope = new Map(this.#scope);
    const document = this.#compose(name, code, declared, mentioned);
    for (const [word, { value, type }] of declared) {
      const older = this.#scope.get(word);
      const keepsValue = value === undefined && older?.value !== undefined;
      const keepsType = !type && older?.type === true && older.value === undefined;
      const both = keepsValue || keepsType;
      scope.set(word, { cell: name, value: both ? "import" : value, type: type || keepsType });
    }
    this.#before.clear();
    this.#before.set(name, this.#scope); // the last cell may be taken back
    this.#scope = scope;
    if (reaching || this.#documents.has(name)) this.#reach++;
    this.#documents.set(name, document);
    if (ambient) this.#ambient.add(name);
  }

  /** Takes the last cell back. */
  remove(name: string): void {
    const scope = this.#before.get(name);
    if (scope !== undefined) this.#scope = scope;
    this.#ambient.delete(name);
    this.#documents.delete(name);
    this.#reach++;
  }

  /** Composes a text behind all cells, which sees every name of theirs. `kept` are cells that must be part of the program too. */
  question(name: string, code: string, kept: Iterable<string>): CellDocument {
    const { declared } = outline(code, `${name}.ts`);
    return this.#compose(name, code, declared, new Set(this.#scope.keys()), kept);
  }

  #compose(
    name: string,
    code: string,
    declared: ReadonlyMap<string, Declared>,
    mentioned: ReadonlySet<string>,
    kept: Iterable<string> = [],
  ): CellDocument {
    const imports = new Map<string, string[]>([...this.#ambient, ...kept].map((cell) => [cell, []]));
    const declarations: string[] = [];
    const outer = new Set<string>();
    for (const [word, source] of this.#scope) {
      const own = declared.get(word);
      // a name that is declared anew as a type still has its older value, and the other way round
      if (!mentioned.has(word) && own === undefined) continue;
      const wantsValue = source.value !== undefined && own?.value === undefined;
      const wantsType = source.type && own?.type !== true;
      if (own !== undefined && wantsType && source.value !== undefined) continue;
      if (!wantsValue && !wantsType) continue;
      outer.add(word);
      if (wantsValue && (source.value !== "import" || own !== undefined)) {
        const kind = source.value === "let" ? "let" : "const";
        declarations.push(`declare ${kind} ${word}: typeof import(${JSON.stringify(source.cell)}).${word};`);
      } else {
        const words = imports.get(source.cell) ?? [];
        imports.set(source.cell, words);
        words.push(own === undefined ? word : `type ${word}`);
      }
    }
    for (const [cell, words] of imports)
      declarations.push(`import { ${words.join(", ")} } from ${JSON.stringify(cell)};`);
    const head = topOf(code);
    const header = `${head}${[...declarations, "export {};"].join(" ")}\n`;
    const exported = [...declared].filter(([, own]) => !own.exported).map(([word]) => word);
    const text = `${header}${code}\n;export { ${exported.join(", ")} };`;
    const values = [...declared].filter(([, own]) => own.value !== undefined).map(([word]) => word);
    return { name, code, text, offset: header.length, outer, values };
  }
}

/** Returns the reference comments and JSX pragmas at the start of a cell, to be repeated at the start of its file. */
function topOf(code: string): string {
  let rest = code;
  for (let match = pragma.exec(rest); match !== null; match = pragma.exec(rest)) rest = rest.slice(match[0].length);
  const top = code.slice(0, code.length - rest.length);
  return top === "" ? "" : `${top.trimEnd()}\n`;
}

/** Whether a text may change types elsewhere: by `declare`, or by a module or file that it brings in and that does. */
export function mayReach(code: string): boolean {
  return /\b(?:declare|import|export)\b|\/\/\/|@jsx/.test(code);
}

/** Reads what a cell declares and mentions, without checking anything. */
function outline(code: string, fileName: string): Outline {
  const file = ts.createSourceFile(fileName, code, ts.ScriptTarget.ESNext, false);
  const declared = new Map<string, Declared>();
  const mentioned = new Set<string>();
  let ambient = false;
  const add = (name: ts.Node | undefined, value: Manner | undefined, type: boolean, exported = false): void => {
    if (name === undefined) return;
    if (ts.isObjectBindingPattern(name as ts.BindingName) || ts.isArrayBindingPattern(name as ts.BindingName)) {
      for (const element of (name as ts.BindingPattern).elements) {
        if (ts.isBindingElement(element)) add(element.name, value, type, exported);
      }
    } else if (ts.isIdentifier(name)) {
      const known = declared.get(name.text);
      declared.set(name.text, {
        value: value ?? known?.value,
        type: type || known?.type === true,
        exported: exported || known?.exported === true,
      });
    }
  };
  const addVariables = (list: ts.VariableDeclarationList, exported: boolean): void => {
    const manner = list.flags & ts.NodeFlags.BlockScoped && !(list.flags & ts.NodeFlags.Let) ? "const" : "let";
    for (const { name } of list.declarations) add(name, manner, false, exported);
  };
  for (const statement of file.statements) {
    const exported = hasModifier(statement, ts.SyntaxKind.ExportKeyword);
    if (ts.isVariableStatement(statement)) addVariables(statement.declarationList, exported);
    else if (ts.isFunctionDeclaration(statement)) add(statement.name, "import", false, exported);
    else if (ts.isClassDeclaration(statement) || ts.isEnumDeclaration(statement)) {
      add(statement.name, "import", true, exported);
    } else if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) {
      add(statement.name, undefined, true, exported);
    } else if (ts.isModuleDeclaration(statement)) {
      if (ts.isIdentifier(statement.name) && statement.name.text !== "global")
        add(statement.name, "import", true, exported);
      else ambient = true;
    } else if (ts.isImportEqualsDeclaration(statement)) add(statement.name, "import", true, exported);
    else if (ts.isImportDeclaration(statement)) {
      const clause = statement.importClause;
      const typeOnly = clause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
      add(clause?.name, typeOnly ? undefined : "import", true);
      const bindings = clause?.namedBindings;
      if (bindings !== undefined && ts.isNamespaceImport(bindings))
        add(bindings.name, typeOnly ? undefined : "import", true);
      else if (bindings !== undefined) {
        for (const one of bindings.elements) add(one.name, typeOnly || one.isTypeOnly ? undefined : "import", true);
      }
    } else if (ts.isExportDeclaration(statement) && statement.exportClause !== undefined) {
      if (ts.isNamedExports(statement.exportClause)) {
        for (const one of statement.exportClause.elements) mentionExport(declared, one.name.text);
      }
    }
  }
  const visit = (node: ts.Node, inFunction: boolean): void => {
    if (ts.isIdentifier(node)) mentioned.add(node.text);
    const below =
      inFunction || ts.isFunctionLike(node) || ts.isModuleBlock(node) || ts.isClassStaticBlockDeclaration(node);
    const isVar = ts.isVariableDeclarationList(node) && !(node.flags & ts.NodeFlags.BlockScoped);
    if (isVar && !below) addVariables(node, false);
    ts.forEachChild(node, (child) => visit(child, below));
  };
  visit(file, false);
  const { parseDiagnostics } = file as unknown as { parseDiagnostics: readonly unknown[] };
  return { declared, mentioned, ambient, reaching: ambient || mayReach(code), broken: parseDiagnostics.length > 0 };
}

/** Notes that the cell exports a name itself, by `export { a }`. */
function mentionExport(declared: Map<string, Declared>, name: string): void {
  const known = declared.get(name);
  if (known !== undefined) declared.set(name, { ...known, exported: true });
}

function hasModifier(node: ts.Node, kind: ts.SyntaxKind): boolean {
  return ts.canHaveModifiers(node) && (ts.getModifiers(node)?.some((modifier) => modifier.kind === kind) ?? false);
}
