/** What a cell declares at its top level, and which names it mentions. */
import ts from "typescript";

/** How later cells take a name over: as a variable that may be assigned, as a constant, or by an import. */
export type Manner = "let" | "const" | "import";

/** The meanings of one name in one cell. */
export interface Declared {
  readonly value: Manner | undefined;
  readonly type: boolean;
  /** Exported by the cell itself. */
  readonly exported: boolean;
}

export interface Outline {
  readonly declared: ReadonlyMap<string, Declared>;
  /** Every identifier in the text. */
  readonly mentioned: ReadonlySet<string>;
  /** Declares something for the whole program: `declare global`, `declare module "x"`. */
  readonly ambient: boolean;
  readonly reaching: boolean;
  readonly broken: boolean;
}

/** Whether a text may change types elsewhere: by `declare`, or by a module or file that it brings in and that does. */
export function mayReach(code: string): boolean {
  return /\b(?:declare|import|export)\b|\/\/\/|@jsx/.test(code);
}

export function outline(code: string, fileName: string): Outline {
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

/** `export { a }` in a cell: the cell exports `a` itself. */
function mentionExport(declared: Map<string, Declared>, name: string): void {
  const known = declared.get(name);
  if (known !== undefined) declared.set(name, { ...known, exported: true });
}

function hasModifier(node: ts.Node, kind: ts.SyntaxKind): boolean {
  return ts.canHaveModifiers(node) && (ts.getModifiers(node)?.some((modifier) => modifier.kind === kind) ?? false);
}
