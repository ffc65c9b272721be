/**
 * Checks that make running code interruptible: at loops, awaits, and callbacks of promises. `import()` and
 * `import.meta` are led to the kernel here too.
 */

import { child, childList, contains, type SyntaxNode } from "../../shared/syntax.ts";
import type { Edit } from "./edit.ts";

/** The surroundings of a node within its function, as far as an interrupt is concerned. */
export interface GuardScope {
  /** Whether the node is outside all functions. */
  readonly top: boolean;
  /** Whether a `finally` or a disposal is to run where the code is abandoned here. */
  readonly needsCleanup: boolean;
  /** Whether the node is inside a `finally` block, which runs to its end while an interrupt is pending. */
  readonly inFinally: boolean;
}

/** The scope of a cell's own statements. */
export const topScope: GuardScope = { top: true, needsCleanup: false, inFinally: false };
/** The scope of a function's statements. */
export const functionScope: GuardScope = { top: false, needsCleanup: false, inFinally: false };

/**
 * The object that cells have for `Deno` in `Deno.jupyter`; a global `Deno` would make libraries believe that they run
 * there.
 */
const deno = '(typeof Deno==="undefined"?globalThis[Symbol.for("thaw.deno")]:Deno)';

const loops = new Set(["ForStatement", "ForInStatement", "ForOfStatement", "WhileStatement", "DoWhileStatement"]);
const functions = new Set([
  "FunctionDeclaration",
  "FunctionExpression",
  "ArrowFunctionExpression",
  "StaticBlock",
  "PropertyDefinition",
  "AccessorProperty",
]);

/** Returns the scope of the nodes below `node`, a child of `parent` in `scope`. */
export function scopeBelow(node: SyntaxNode, parent: SyntaxNode | undefined, scope: GuardScope): GuardScope {
  if (functions.has(node.type)) return functionScope;
  if (node.type === "TryStatement")
    return child(node, "finalizer") === undefined ? scope : { ...scope, needsCleanup: true };
  if (node.type !== "BlockStatement") return scope;
  if (parent?.type === "TryStatement" && parent.finalizer === node) return { ...scope, inFinally: true };
  return childList(node, "body").some(isUsing) ? { ...scope, needsCleanup: true } : scope;
}

/** Whether the node is a declaration by `using` or `await using`. */
export function isUsing(node: SyntaxNode): boolean {
  return node.type === "VariableDeclaration" && String(node.kind).endsWith("using");
}

/** Whether code outside functions awaits something. */
export function awaits(node: SyntaxNode): boolean {
  const isAwait = ({ type, await: waits, kind }: SyntaxNode): boolean =>
    type === "AwaitExpression" || waits === true || kind === "await using";
  return contains(node, isAwait, ({ type }) => functions.has(type));
}

/** Inserts the beginnings of the checks of `node`; `closeGuard` is called when everything below it is done. */
export function openGuard(edit: Edit, node: SyntaxNode, scope: GuardScope): void {
  switch (node.type) {
    case "AwaitExpression":
      if (scope.inFinally) return;
      if (scope.needsCleanup) edit.out.update(node.start, node.start + "await".length, "__thaw.raced(__thaw.race(");
      else edit.before(node.start, "__thaw.check(__thaw.epoch,");
      if (scope.top && !scope.needsCleanup) edit.before(child(node, "argument")?.start ?? node.end, "__thaw.hold(");
      return;
    case "CatchClause":
      openCatch(edit, node);
      return;
    case "CallExpression":
      for (const reaction of reactions(node)) edit.before(reaction.start, "__thaw.reaction(");
      return;
    case "ImportExpression":
      edit.out.update(node.start, node.start + "import".length, "__thaw.load");
      return;
    case "MetaProperty":
      if (edit.text(node).startsWith("import")) edit.out.update(node.start, node.end, "__thaw.meta");
      return;
    case "MemberExpression":
      openDeno(edit, node);
      return;
    default:
      if (loops.has(node.type)) openLoop(edit, node, scope);
  }
}

/** Inserts the ends of the checks of `node`. */
export function closeGuard(edit: Edit, node: SyntaxNode, scope: GuardScope): void {
  if (loops.has(node.type)) closeLoop(edit, node, scope);
  else if (node.type === "AwaitExpression" && !scope.inFinally) {
    edit.after(node.end, scope.needsCleanup ? "),await __thaw.racing)" : scope.top ? "))" : ")");
  } else if (node.type === "CallExpression") {
    for (const reaction of reactions(node)) edit.after(reaction.end, ")");
  }
}

function openDeno(edit: Edit, node: SyntaxNode): void {
  const object = child(node, "object");
  if (object?.name !== "Deno" || child(node, "property")?.name !== "jupyter") return;
  edit.out.update(object.start, object.end, deno);
}

function openLoop(edit: Edit, node: SyntaxNode, scope: GuardScope): void {
  const body = child(node, "body");
  const values = child(node, "right");
  if (node.await === true && values !== undefined) edit.before(values.start, "__thaw.stream(");
  if (body === undefined || scope.inFinally) return;
  if (body.type === "BlockStatement") edit.out.appendLeft(body.start + 1, "__thaw.tick();");
  else edit.before(body.start, "{__thaw.tick();");
}

function closeLoop(edit: Edit, node: SyntaxNode, scope: GuardScope): void {
  const body = child(node, "body");
  const values = child(node, "right");
  if (body !== undefined && body.type !== "BlockStatement" && !scope.inFinally) edit.after(body.end, "}");
  if (node.await === true && values !== undefined) edit.after(values.end, ")");
}

/** Throws interrupts on at the head of a `catch`: code that retries whatever failed would go on for good. */
function openCatch(edit: Edit, node: SyntaxNode): void {
  const body = child(node, "body");
  const parameter = child(node, "param");
  if (body === undefined) return;
  if (parameter === undefined) edit.before(body.start, "(__thawed)");
  const name = parameter === undefined ? "__thawed" : parameter.type === "Identifier" ? String(parameter.name) : "";
  edit.out.appendLeft(body.start + 1, `__thaw.rethrow(${name});`);
}

/** Returns the callbacks of `promise.then(f, g)` and `promise.catch(g)`, which go on where an `await` would. */
function reactions(node: SyntaxNode): SyntaxNode[] {
  const callee = child(node, "callee");
  if (callee?.type !== "MemberExpression" || callee.computed === true) return [];
  const name = child(callee, "property")?.name;
  if (name !== "then" && name !== "catch") return [];
  return childList(node, "arguments").filter(({ type }) => type !== "SpreadElement" && type !== "Literal");
}
