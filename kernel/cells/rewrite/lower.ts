/**
 * Lowers what types cannot be erased from: enums, namespaces, decorators, accessor fields, JSX, `using`. TypeScript
 * itself compiles those statements.
 */
import { Script } from "node:vm";
import { child, childList, contains, type SyntaxNode } from "../../shared/syntax.ts";
import { isUsing } from "./guards.ts";
import { parse } from "./parse.ts";
import { lineStarts, offsetOf, placeOf, transpile } from "./transpile.ts";

const suspicious = /\b(enum|namespace|module|accessor|using)\b|@|<[\w>]/;
/** `/** @jsx h *\/` and its like hold for the whole text. */
const pragmas = /\/\*\*?\s*@jsx.*?\*\//gs;

/** Maps a place in the lowered text to the source's, both from 0. */
export type MapToSource = (line: number, column: number) => { line: number; column: number };

interface Lowered {
  readonly text: string;
  readonly statements: readonly SyntaxNode[];
  /** Maps a place in `text` to the source; absent where `text` is the source. */
  readonly back?: MapToSource;
}

/** A stretch of the lowered text with the function that maps its offsets to the source's. */
interface Piece {
  readonly text: string;
  readonly back: (offset: number) => number;
}

/** Replaces such statements in `source`, each on the lines it had. Returns the same text where there are none. */
export function lower(source: string, statements: readonly SyntaxNode[], name: string): Lowered {
  if (!suspicious.test(source)) return { text: source, statements };
  const pieces: Piece[] = [];
  const runtime = new Map<string, Set<string>>();
  const comments = (source.match(pragmas) ?? []).join("").replace(/\n/g, " ");
  let done = 0;
  const keep = (start: number, end: number): void => {
    pieces.push({ text: source.slice(start, end), back: (offset) => start + offset });
  };
  for (const statement of statements) {
    const isTop = (node: SyntaxNode): boolean => node === statement;
    if (!contains(statement, (node) => needsCompiler(node) || (isUsing(node) && !isTop(node) && !hasUsing()))) continue;
    const start = startOf(statement);
    const written = source.slice(start, statement.end);
    const { text, jsx, back } = transpile(written, comments);
    for (const [from, names] of jsx) runtime.set(from, new Set([...(runtime.get(from) ?? []), ...names]));
    keep(done, start);
    pieces.push({ text: onTheLinesOf(written, text), back: (offset) => start + back(offset) });
    done = statement.end;
  }
  if (pieces.length === 0) return { text: source, statements };
  keep(done, source.length);
  const imports = [...runtime].map(([from, names]) => `import{${[...names].join(",")}}from${JSON.stringify(from)};`);
  if (imports.length > 0) pieces.unshift({ text: imports.join(""), back: () => 0 });
  const text = pieces.map((piece) => piece.text).join("");
  return { text, statements: parse(text, name), back: backThrough(pieces, text, source) };
}

/** Returns where a statement starts: in `@d export class A {}` the decorator stands in front of it. */
function startOf(statement: SyntaxNode): number {
  const declaration = child(statement, "declaration");
  const decorator = declaration === undefined ? undefined : childList(declaration, "decorators")[0];
  return Math.min(statement.start, decorator?.start ?? statement.start);
}

function needsCompiler(node: SyntaxNode): boolean {
  if (node.type === "TSEnumDeclaration" || node.type === "TSModuleDeclaration") return node.declare !== true;
  if (node.type === "JSXElement" || node.type === "JSXFragment") return true;
  return node.type === "Decorator" || node.type === "AccessorProperty";
}

let usingIsKnown: boolean | undefined;

/** Whether this V8 knows `using`: from Node 24 on. */
function hasUsing(): boolean {
  if (usingIsKnown === undefined) {
    try {
      new Script("{ using nothing = null; }");
      usingIsKnown = true;
    } catch {
      usingIsKnown = false;
    }
  }
  return usingIsKnown;
}

/**
 * Gives the text as many lines as the original had, so that later lines keep their numbers: missing line ends are
 * added, surplus ones become spaces, unless they may belong to a template. The text's offsets stay.
 */
function onTheLinesOf(original: string, text: string): string {
  const wanted = original.split("\n").length;
  const lines = text.split("\n");
  if (lines.length <= wanted) return text + "\n".repeat(wanted - lines.length);
  if (text.includes("`")) return text;
  return `${lines.slice(0, wanted - 1).join("\n")}${wanted > 1 ? "\n" : ""}${lines.slice(wanted - 1).join(" ")}`;
}

function backThrough(pieces: readonly Piece[], text: string, source: string): MapToSource {
  const [from, to] = [lineStarts(text), lineStarts(source)];
  return (line, column) => {
    let offset = offsetOf(from, line, column);
    for (const piece of pieces) {
      if (offset < piece.text.length) return placeOf(to, piece.back(offset));
      offset -= piece.text.length;
    }
    return placeOf(to, source.length);
  };
}
