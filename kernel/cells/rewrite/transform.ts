/**
 * A cell or a local file becomes JavaScript: types are erased, imports awaited, loops and awaits made interruptible,
 * and lines kept.
 */
import type MagicString from "magic-string";
import { child, childList, children, type SyntaxNode, walk } from "../../shared/syntax.ts";
import { Edit } from "./edit.ts";
import { type Getters, rewriteExport } from "./exports.ts";
import {
  awaits,
  closeGuard,
  functionScope,
  type GuardScope,
  isUsing,
  openGuard,
  scopeBelow,
  topScope,
} from "./guards.ts";
import {
  CellImports,
  FileImports,
  type ImportedNames,
  type ImportMode,
  importIntoCell,
  importIntoModule,
  readImport,
  replaceImport,
  rewriteUse,
} from "./imports.ts";
import { lower, type MapToSource } from "./lower.ts";
import { asExpression, parse } from "./parse.ts";
import { declaredNames, hoistedNames, scopeNames } from "./scope.ts";
import { stripTypes } from "./stripTypes.ts";

/** A rewritten text with the way back from its positions to the source's. */
interface Transformed {
  readonly code: string;
  readonly edit: MagicString;
  /** Maps places that `edit` knows to the source's, where TypeScript's compiler stood between them. */
  readonly back?: MapToSource;
}

/** A rewritten cell with the names that it brings to later ones. */
interface TransformedCell extends Transformed {
  /** The names whose variables live in a module. */
  readonly imported: readonly string[];
  readonly declared: readonly string[];
}

/**
 * Rewrites a cell for V8's REPL mode: variables outlive it, and the value of its last expression goes to
 * `__thaw.result`. `names` are those that earlier cells have imported.
 */
export function transformCell(source: string, name: string, names = new CellImports()): TransformedCell {
  const written = asExpression(source);
  const { text, statements, ...way } = lower(written, parse(written, name), name);
  const edit = new Edit(text);
  const { imported, declared } = namesOf(statements);
  const used = rewriteStatements(edit, statements, topScope, names.with(imported), new Set(declared));
  const bare = statements.map((statement) => cellStatement(edit, statement, used));
  makeRedeclarable(edit, bare);
  const last = statements.at(-1);
  const value = last?.type === "ExpressionStatement" ? child(last, "expression") : undefined;
  if (value !== undefined) {
    const object = printing(text, value);
    edit.out.prependRight(value.start, `__thaw.result=(${object === undefined ? "" : `__thaw.shown(${object},`}`);
    edit.after(value.end, object === undefined ? ")" : "))");
  }
  edit.out.prepend(
    declared
      .filter((name) => names.has(name))
      .map(replaceImport)
      .join(""),
  );
  return { code: edit.out.toString(), edit: edit.out, imported, declared, ...way };
}

function namesOf(statements: readonly SyntaxNode[]): { imported: string[]; declared: string[] } {
  const imports = statements.flatMap((statement) =>
    statement.type === "ImportDeclaration" ? (readImport(statement) ?? []) : [],
  );
  const declared = statements.flatMap((statement) => {
    const declaration = child(statement, "declaration") ?? statement;
    return declaration.declare === true ? [] : [...declaredNames(declaration), ...hoistedNames(declaration)];
  });
  return {
    imported: imports.flatMap(({ names }) => names.map(({ local }) => local)),
    declared: [...new Set([...declared, ...imports.flatMap(({ whole }) => whole ?? [])])],
  };
}

/** Returns the object of a call such as `process.stdout.write("x")`, made for its effect on a stream. */
function printing(text: string, value: SyntaxNode): string | undefined {
  const callee = value.type === "CallExpression" ? text.slice(value.start, child(value, "callee")?.end) : "";
  return /^((?:process\.)?\w+)\.(?:write|end|cursorTo|moveCursor|clearLine|clearScreenDown)$/.exec(callee)?.[1];
}

/**
 * Rewrites a local file as the body of a function that has its own `__thaw`: an async one, unless the file is required.
 */
export function transformModule(source: string, path: string, mode: ImportMode = "await __thaw"): Transformed {
  const written = source.replace(/^#!/, "//");
  const { text, statements, ...way } = lower(written, parse(written, path), path);
  if (mode === "__thaw.atOnce" && statements.some(awaits)) {
    const message = `require() cannot load ${path}, which awaits at its top level. Use await import() instead.`;
    throw Object.assign(new Error(message), { code: "ERR_REQUIRE_ASYNC_MODULE" });
  }
  const edit = new Edit(text);
  const live = new FileImports(statements);
  const used = rewriteStatements(edit, statements, functionScope, live);
  const getters: Getters = new Map();
  for (const statement of statements) {
    if (statement.type === "ImportDeclaration") importIntoModule(edit, statement, used, live, mode);
    else if (isExport(statement)) rewriteExport(edit, statement, getters, live, mode);
  }
  const exported = [...getters].map(([name, expression]) => `${JSON.stringify(name)}:()=>${expression}`);
  edit.out.prepend(`__thaw.exports({${exported.join(",")}});`);
  return { code: edit.out.toString(), edit: edit.out, ...way };
}

/** Rewrites everything below the import and export statements. Returns the names used as values. */
function rewriteStatements(
  edit: Edit,
  statements: readonly SyntaxNode[],
  scope: GuardScope,
  live: ImportedNames,
  own: ShadowedNames = new Set(),
): Set<string> {
  const used = new Set<string>();
  /** The names in patterns such as `{ name = value } = object`. */
  const shorthands = new Set<SyntaxNode>();
  const last = statements.at(-1);
  const starts = new Set<number>(); // of statements in lists
  /** The surroundings of a node, as its parent has set them. */
  interface Surroundings {
    readonly parent: SyntaxNode | undefined;
    readonly scope: GuardScope;
    readonly hidden: ShadowedNames;
  }
  const above = new Map<SyntaxNode, Surroundings>();
  const enter = (node: SyntaxNode): boolean | (() => void) => {
    const { parent, scope, hidden } = above.get(node) as Surroundings;
    above.delete(node);
    if (node.type === "ImportDeclaration" || isTypeExport(node)) return false;
    if (!stripTypes(edit, node)) return false;
    if (isUse(node, parent)) {
      const name = String(node.name);
      used.add(name);
      const shorthand = shorthands.has(node) || (parent?.type === "Property" && parent.shorthand === true);
      const use = { parent, shorthand, begins: starts.has(node.start) };
      if (live.has(name) && !hidden.has(name)) rewriteUse(edit, node, live, use);
    }
    const target = node.type === "Property" && node.shorthand === true ? child(node, "value") : undefined;
    const named = target?.type === "AssignmentPattern" ? child(target, "left") : undefined;
    if (named !== undefined) shorthands.add(named);
    openGuard(edit, node, scope);
    const below = scopeBelow(node, parent, scope);
    const shadowed = live.any ? scopeNames(node).filter((name) => live.has(name)) : [];
    const hiddenBelow = shadowed.length === 0 ? hidden : new Set([...hidden, ...shadowed]);
    const isValue = node === last && scope.top; // something is put in front of it
    if (node.type === "ExpressionStatement" && isList(parent) && !isValue) starts.add(node.start);
    const inner = children(node);
    const seen = { parent: node, scope: below, hidden: hiddenBelow };
    for (const each of inner) above.set(each, seen);
    const needsEnd = node.type === "ExpressionStatement" && node !== last && edit.source[node.end - 1] !== ";";
    if (inner.length === 0 && !needsEnd) {
      closeGuard(edit, node, scope);
      return false;
    }
    return () => {
      closeGuard(edit, node, scope);
      if (needsEnd) edit.after(node.end, ";"); // a type that ended the statement is gone, and with it what told the next line apart
    };
  };
  for (const statement of statements) {
    above.set(statement, { parent: undefined, scope, hidden: own });
    walk(statement, enter);
  }
  return used;
}

/** Imported names that mean something else here, since a scope declares them. */
type ShadowedNames = ReadonlySet<string>;

/** Whether the statements of `parent` follow each other; those of a file have none. */
function isList(parent: SyntaxNode | undefined): boolean {
  return parent === undefined || /^(BlockStatement|StaticBlock|SwitchCase)$/.test(parent.type);
}

function isTypeExport(node: SyntaxNode): boolean {
  return node.exportKind === "type";
}

/** Whether an identifier stands for a value, and not for the name of a property, an export or a label. */
function isUse(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  if (node.type !== "Identifier") return false;
  switch (parent?.type) {
    case "MemberExpression":
      return parent.property !== node || parent.computed === true;
    case "Property":
      return parent.value === node || parent.computed === true;
    case "MethodDefinition":
    case "PropertyDefinition":
      return parent.key !== node || parent.computed === true;
    case "ExportSpecifier":
    case "MetaProperty":
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
      return false;
    default:
      return true;
  }
}

/** Rewrites an import or export of a cell; exports become plain declarations. Returns the declaration itself. */
function cellStatement(edit: Edit, statement: SyntaxNode, used: ReadonlySet<string>): SyntaxNode {
  if (statement.type === "ImportDeclaration") importIntoCell(edit, statement, used);
  const declaration = child(statement, "declaration");
  if (!isExport(statement)) return statement;
  if (declaration === undefined || isTypeExport(statement)) {
    edit.blankStatement(statement);
    return statement;
  }
  edit.blank(statement.start, declaration.start);
  if (statement.type === "ExportDefaultDeclaration" && child(declaration, "id") === undefined) {
    edit.before(declaration.start, "(");
    edit.after(declaration.end, ");");
  }
  return declaration;
}

function isExport({ type }: SyntaxNode): boolean {
  return type.startsWith("Export") || type === "TSExportAssignment";
}

/**
 * Makes the declarations of a cell redeclarable: V8 lets `let` redeclare `let` across cells, and nothing else, so
 * `const`, `var` and functions become `let`. Functions move to the top, where JavaScript would have hoisted them.
 */
function makeRedeclarable(edit: Edit, statements: readonly SyntaxNode[]): void {
  const declarations = statements.filter(({ type }) => /^(Variable|Function|Class)Declaration$/.test(type));
  const names = (node: SyntaxNode): string[] =>
    [child(node, "id"), ...childList(node, "declarations").map((declarator) => child(declarator, "id"))]
      .map((id) => id?.name)
      .filter((name) => typeof name === "string");
  const times = new Map<string, number>();
  for (const name of declarations.flatMap(names)) times.set(name, (times.get(name) ?? 0) + 1);
  for (const statement of declarations) {
    const once = names(statement).every((name) => times.get(name) === 1);
    if (statement.declare === true) continue;
    if (isUsing(statement)) {
      keepUntilEnd(edit, statement);
      continue;
    }
    if (statement.type === "VariableDeclaration" && (once || statement.kind !== "var")) {
      const kind = String(statement.kind);
      edit.out.update(statement.start, statement.start + kind.length, "let".padEnd(kind.length));
    }
    const id = child(statement, "id");
    if (statement.type === "FunctionDeclaration" && id !== undefined && once) {
      edit.blank(id.start, id.end);
      edit.out.prependRight(statement.start, `let ${String(id.name)}=`);
      edit.after(statement.end, ";");
      if (statement.start > 0) edit.out.move(statement.start, statement.end, 0);
    }
  }
}

/**
 * Rewrites `using` at the top of a cell, whose scope is the cell. The variable stays readable, though its value has
 * been disposed of.
 */
function keepUntilEnd(edit: Edit, statement: SyntaxNode): void {
  const first = childList(statement, "declarations")[0];
  if (first !== undefined) edit.out.update(statement.start, first.start, "let ");
  for (const declarator of childList(statement, "declarations")) {
    const value = child(declarator, "init");
    if (value === undefined) continue;
    edit.before(value.start, statement.kind === "using" ? "__thaw.use(false," : "__thaw.use(true,");
    edit.after(value.end, ")");
  }
}
