/**
 * Erases TypeScript's types: they are blanked in the text. Enums, namespaces and decorators, which cannot be erased,
 * are left to lower.ts.
 */

import { child, childList, type SyntaxNode } from "../../shared/syntax.ts";
import type { Edit } from "./edit.ts";

const modifiers = /\b(public|private|protected|readonly|override|declare|abstract)\b/g;

/** Erases the types in `node` itself. Returns false where the nodes below need no look. */
export function stripTypes(edit: Edit, node: SyntaxNode): boolean {
  switch (node.type) {
    case "TSTypeAnnotation":
    case "TSTypeParameterDeclaration":
    case "TSTypeParameterInstantiation":
      edit.blank(node.start, node.end);
      return false;
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
    case "TSDeclareFunction":
    case "TSNamespaceExportDeclaration":
      edit.blankStatement(node);
      return false;
    case "TSAbstractMethodDefinition":
    case "TSAbstractPropertyDefinition":
    case "TSAbstractAccessorProperty":
    case "TSIndexSignature":
      edit.blank(node.start, node.end);
      return false;
    case "TSAsExpression":
    case "TSSatisfiesExpression":
    case "TSNonNullExpression":
      edit.blank(child(node, "expression")?.end ?? node.end, node.end);
      return true;
    case "TSTypeAssertion":
      keepAssertionTogether(edit, node);
      edit.blank(node.start, child(node, "expression")?.start ?? node.start);
      return true;
    case "TSImportEqualsDeclaration":
      if (node.importKind === "type") edit.blankStatement(node);
      else edit.out.update(node.start, node.start + "import".length, "let   ");
      return false;
    case "VariableDeclaration":
    case "TSModuleDeclaration":
    case "TSEnumDeclaration":
      if (node.declare !== true) return true;
      edit.blankStatement(node);
      return false;
    case "ClassDeclaration":
    case "ClassExpression":
      return stripClass(edit, node);
    case "PropertyDefinition":
    case "AccessorProperty":
    case "MethodDefinition":
      return stripMember(edit, node);
    case "VariableDeclarator":
      if (node.definite === true) stripMark(edit, node, "id");
      return true;
    case "Identifier":
    case "ObjectPattern":
    case "ArrayPattern":
      if (node.optional === true) stripOptional(edit, node);
      return true;
    case "FunctionDeclaration":
    case "FunctionExpression":
      stripFunctionHead(edit, node);
      return true;
    case "ArrowFunctionExpression":
      keepArrowTogether(edit, node);
      return true;
    case "TSParameterProperty":
      edit.blankWords(node.start, child(node, "parameter")?.start ?? node.start, modifiers);
      return true;
    case "TSInstantiationExpression":
    case "TSExportAssignment":
      return true;
    default:
      return !node.type.startsWith("TS"); // a type that went with the node it belongs to
  }
}

function stripClass(edit: Edit, node: SyntaxNode): boolean {
  if (node.declare === true) {
    edit.blankStatement(node);
    return false;
  }
  if (node.abstract === true) {
    const at = edit.source.indexOf("abstract", node.start);
    edit.blank(at, at + "abstract".length);
  }
  const [first, last] = [childList(node, "implements")[0], childList(node, "implements").at(-1)];
  if (first !== undefined && last !== undefined)
    edit.blank(edit.source.lastIndexOf("implements", first.start), last.end);
  return true;
}

function stripMember(edit: Edit, node: SyntaxNode): boolean {
  const key = child(node, "key");
  const value = child(node, "value");
  if (node.declare === true || value?.type === "TSEmptyBodyFunctionExpression") {
    edit.blank(node.start, node.end);
    return false;
  }
  if (key !== undefined) edit.blankWords(node.start, key.start, modifiers);
  if (node.optional === true || node.definite === true) stripMark(edit, node, "key");
  if (node.type !== "MethodDefinition" && edit.source[node.end - 1] !== ";") edit.after(node.end, ";");
  if (node.kind === "constructor" && value !== undefined) assignParameters(edit, value);
  return true;
}

/** Blanks the `?` or `!` behind a name, in front of its type. */
function stripMark(edit: Edit, node: SyntaxNode, key: "id" | "key"): void {
  const name = child(node, key);
  if (name === undefined) return;
  const type = child(node, "typeAnnotation") ?? child(name, "typeAnnotation");
  const limit = type?.start ?? child(node, "value")?.start ?? node.end;
  const start = key === "id" ? name.start : name.end;
  const mark = edit.source.slice(start, limit).search(/[?!]/);
  if (mark !== -1) edit.blank(start + mark, start + mark + 1);
}

function stripOptional(edit: Edit, node: SyntaxNode): void {
  const limit = child(node, "typeAnnotation")?.start ?? node.end;
  const mark = edit.source.lastIndexOf("?", limit - 1);
  if (mark >= node.start) edit.blank(mark, mark + 1);
}

function stripFunctionHead(edit: Edit, node: SyntaxNode): void {
  const [first, second] = childList(node, "params");
  if (first?.type === "Identifier" && first.name === "this") {
    const comma = edit.source.indexOf(",", first.end);
    edit.blank(first.start, first.start + "this".length);
    if (second !== undefined) edit.blank(comma, comma + 1);
    else if (edit.source.slice(first.end).trimStart().startsWith(",")) edit.blank(comma, comma + 1);
  }
}

/**
 * Sets the fields of `constructor(private x: number) {}` where TypeScript sets them, after `super(...)` if there is
 * one.
 */
function assignParameters(edit: Edit, method: SyntaxNode): void {
  const names = childList(method, "params")
    .filter((parameter) => parameter.type === "TSParameterProperty")
    .map((property) => {
      const parameter = child(property, "parameter");
      return String((parameter?.type === "AssignmentPattern" ? child(parameter, "left") : parameter)?.name);
    });
  const body = child(method, "body");
  if (names.length === 0 || body === undefined) return;
  const superCall = childList(body, "body").find(
    (statement) => child(child(statement, "expression") ?? statement, "callee")?.type === "Super",
  );
  const assignments = names.map((name) => `this.${name}=${name};`).join("");
  if (superCall === undefined) edit.out.appendLeft(body.start + 1, assignments);
  else edit.out.appendLeft(superCall.end, `;${assignments}`);
}

/**
 * Keeps an arrow function together whose types span several lines, as in `async <
 * T
 * >(x): Promise<
 * T
 * > => x`: JavaScript allows no line end in front of `=>` or behind `async`, so the parentheses take it in.
 */
function keepArrowTogether(edit: Edit, node: SyntaxNode): void {
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

/**
 * Keeps `return <
 * T
 * >x` together: JavaScript allows no line end behind `return` and `throw`.
 */
function keepAssertionTogether(edit: Edit, node: SyntaxNode): void {
  if (hasLineEnd(edit, node.start, child(node, "expression")?.start ?? node.end)) parenthesise(edit, node);
}

function hasLineEnd(edit: Edit, start: number, end: number): boolean {
  return edit.source.slice(start, end).includes("\n");
}

function parenthesise(edit: Edit, node: SyntaxNode): void {
  edit.before(node.start, "(");
  edit.after(node.end, ")");
}
