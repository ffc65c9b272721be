/**
 * The members of some expressions depend on the cells alone, whatever else stands in the text in question. They can be
 * asked for in a text of their own, `tf.`, and kept, where the whole text would cost a new program and a new checker.
 *
 * That holds for a chain of names `root.a.b` before a dot, in a text in which `root` is mentioned nowhere else (for
 * `root` alone, more is allowed: see `isSteady`):
 * - `root` is no variable, parameter, import or type of the text, and is assigned nowhere in it: these mention it. It
 *   is what the cells have declared, or a global.
 * - No type along the chain is narrowed: conditions, assertions and aliases of conditions mention the root.
 * - The text changes no type elsewhere: that takes `declare` or a module that it brings in (`import`, `export ... from`,
 *   a reference or JSX comment).
 * - Which members are accessible does not depend on the place: that takes a class around it.
 * - The place is one for values: the parser has made a property access of it, which it does neither in comments,
 *   strings and types nor in `import a = b.c`; `<` before it in its statement could be the begin of type arguments.
 */
import ts from "typescript";
import { mayReach } from "./cells.ts";

/** A receiver as it is written, `tf.layers` or `shape?.points`, and the dot behind it, `.` or `?.`. */
export interface Receiver {
  readonly text: string;
  /** The text to ask for its members with: receiver and dot. */
  readonly probe: string;
  /** The first name. */
  readonly root: string;
  /** Whether the text also takes other members of the root: then its type has to be steady. */
  readonly shared: boolean;
}

const chain =
  /(?<![\p{ID_Continue}$.#])([\p{ID_Start}$_][\p{ID_Continue}$]*)((?:\??\.[\p{ID_Start}$_][\p{ID_Continue}$]*)*)\??\.$/u;
/** A place where private members are accessible; a dot in a declaration; names that are written otherwise than they read. */
const obscure = /\b(?:class|namespace|module)\b|\\u/;
/** Words that stand for something else in each place. */
const elsewhere = new Set(["this", "super", "arguments", "new"]);

/** Returns the receiver whose members are asked for where a word begins at `wordStart`, if they depend on the cells alone. */
export function receiverAt(code: string, wordStart: number): Receiver | undefined {
  const before = code.slice(0, wordStart);
  const match = chain.exec(before);
  const [probe, root] = [match?.[0], match?.[1]];
  if (probe === undefined || root === undefined || elsewhere.has(root)) return undefined;
  if (mayReach(code) || obscure.test(code)) return undefined;
  const shared = mentions(code, root, "") > 1;
  if (shared && (probe !== `${root}.` || mentions(code, root, "") > mentions(code, root, "\\."))) return undefined;
  const file = ts.createSourceFile("question.ts", code, ts.ScriptTarget.ESNext, true);
  const access = accessAt(file, wordStart);
  const text = probe.replace(/\??\.$/, "");
  if (access?.expression.getText(file) !== text) return undefined;
  const statement = ts.findAncestor(access, ts.isStatement) ?? access;
  const isPlain = ts.findAncestor(access, ts.isHeritageClause) === undefined;
  return isPlain && !code.slice(statement.getStart(file), wordStart).includes("<")
    ? { text, probe, root, shared }
    : undefined;
}

/**
 * Whether no `root.name` in a text can change what `root.` offers: taking members of it declares and assigns nothing,
 * and narrows only unions, and what has a method that says `this is ...`.
 */
export function isSteady(checker: ts.TypeChecker, root: ts.Expression): boolean {
  const type = checker.getTypeAtLocation(root);
  const { Any, Unknown, Union, Instantiable } = ts.TypeFlags;
  if (type.flags & (Any | Unknown | Union | Instantiable)) return false;
  const methods = type.getProperties().flatMap((member) => checker.getTypeOfSymbol(member).getCallSignatures());
  return !methods.some(({ declaration }) => {
    const returned = declaration?.type;
    return returned !== undefined && ts.isTypePredicateNode(returned) && ts.isThisTypeNode(returned.parameterName);
  });
}

function mentions(code: string, name: string, next: string): number {
  const escaped = name.replaceAll("$", "\\$");
  return code.match(new RegExp(`(?<![\\p{ID_Continue}$])${escaped}(?![\\p{ID_Continue}$])${next}`, "gu"))?.length ?? 0;
}

/** Returns the property access whose dot ends at `dotEnd`. */
export function accessAt(file: ts.SourceFile, dotEnd: number): ts.PropertyAccessExpression | undefined {
  const visit = (node: ts.Node): ts.PropertyAccessExpression | undefined => {
    if (node.pos > dotEnd || node.end < dotEnd) return undefined;
    const isIt = ts.isPropertyAccessExpression(node) && node.name.pos === dotEnd;
    return isIt ? node : ts.forEachChild(node, visit);
  };
  return visit(file);
}
