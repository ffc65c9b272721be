/** Where running code can be stopped, and where it reaches the kernel: loops, awaits, `import()`, `import.meta`. */
import type { Edit } from "./edit.ts";
import { child, type SyntaxNode } from "./syntax.ts";

/** Notebooks written for Deno use `Deno.jupyter`; a global `Deno` would make libraries believe that they run there. */
const deno = '(typeof Deno==="undefined"?globalThis[Symbol.for("thaw.deno")]:Deno)';

const loops = new Set(["ForStatement", "ForInStatement", "ForOfStatement", "WhileStatement", "DoWhileStatement"]);

/** Opens the rewriting of `node`; `closeGuard` is called when everything below it is done. */
export function openGuard(edit: Edit, node: SyntaxNode): void {
  const body = child(node, "body");
  if (loops.has(node.type) && body !== undefined) {
    if (body.type === "BlockStatement") edit.out.appendLeft(body.start + 1, "__thaw.tick();");
    else edit.before(body.start, "{__thaw.tick();");
    const values = child(node, "right");
    if (node.await === true && values !== undefined) edit.before(values.start, "__thaw.stream(");
  } else if (node.type === "AwaitExpression") {
    edit.before(node.start, "__thaw.check(__thaw.epoch,");
  } else if (node.type === "ImportExpression") {
    edit.out.update(node.start, node.start + "import".length, "__thaw.load");
  } else if (node.type === "MetaProperty" && edit.text(node).startsWith("import")) {
    edit.out.update(node.start, node.end, "__thaw.meta");
  } else if (node.type === "MemberExpression" && child(node, "object")?.name === "Deno") {
    const [object, property] = [child(node, "object"), child(node, "property")];
    if (object !== undefined && property?.name === "jupyter") edit.out.update(object.start, object.end, deno);
  }
}

export function closeGuard(edit: Edit, node: SyntaxNode): void {
  const body = child(node, "body");
  if (loops.has(node.type) && body !== undefined) {
    if (body.type !== "BlockStatement") edit.after(body.end, "}");
    const values = child(node, "right");
    if (node.await === true && values !== undefined) edit.after(values.end, ")");
  } else if (node.type === "AwaitExpression") {
    edit.after(node.end, ")");
  }
}
