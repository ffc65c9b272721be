/** The names that declarations and scopes declare. */
import { child, childList, children, type SyntaxNode, walk } from "../../shared/syntax.ts";

/** Returns the names in a pattern: `{ a, b: [c], ...d }` -> a, c, d. */
function patternNames(pattern: SyntaxNode | undefined): string[] {
  switch (pattern?.type) {
    case "Identifier":
      return [String(pattern.name)];
    case "ObjectPattern":
      return childList(pattern, "properties").flatMap((property) =>
        patternNames(child(property, "value") ?? child(property, "argument")),
      );
    case "ArrayPattern":
      return childList(pattern, "elements").flatMap(patternNames);
    case "AssignmentPattern":
      return patternNames(child(pattern, "left"));
    case "RestElement":
      return patternNames(child(pattern, "argument"));
    case "TSParameterProperty":
      return patternNames(child(pattern, "parameter"));
    default:
      return [];
  }
}

/** Returns the names that a declaration declares. */
export function declaredNames(declaration: SyntaxNode): string[] {
  if (declaration.type === "VariableDeclaration") {
    return childList(declaration, "declarations").flatMap((declarator) => patternNames(child(declarator, "id")));
  }
  return /^(Function|Class|TSImportEquals)/.test(declaration.type) ? patternNames(child(declaration, "id")) : [];
}

/** Returns the names of the scope that `node` opens; none where it opens none. */
export function scopeNames(node: SyntaxNode): string[] {
  switch (node.type) {
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return [
        ...childList(node, "params").flatMap(patternNames),
        ...(node.type === "FunctionExpression" ? patternNames(child(node, "id")) : []),
        ...hoistedNames(child(node, "body")),
      ];
    case "ClassExpression":
      return patternNames(child(node, "id"));
    case "CatchClause":
      return patternNames(child(node, "param"));
    case "SwitchStatement":
      return childList(node, "cases").flatMap((one) => childList(one, "consequent").flatMap(declaredNames));
    default:
      // the statements of a block, the head of a loop
      return children(node).flatMap(declaredNames);
  }
}

/** Returns the names that `var` declares anywhere in a function. */
export function hoistedNames(node: SyntaxNode | undefined): string[] {
  const names: string[] = [];
  if (node === undefined) return names;
  walk(node, (each) => {
    if (each.type === "VariableDeclaration" && each.kind === "var") names.push(...declaredNames(each));
    return !/Function/.test(each.type);
  });
  return names;
}
