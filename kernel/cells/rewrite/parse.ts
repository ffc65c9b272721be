/** Parses cells and local files. */
import { parseSync } from "oxc-parser";
import { isTooDeep } from "../../shared/nesting.ts";
import type { SyntaxNode } from "../../shared/syntax.ts";
import { fromCellArray } from "../realm/cellRealm.ts";

/** Parses the statements of `source`, with JSX where it has some. Throws `CellSyntaxError` at the first error. */
export function parse(source: string, name: string): SyntaxNode[] {
  if (isTooDeep(source)) throw CellSyntaxError.at(0, "The code is nested too deeply to be parsed", source, name);
  const lang = /\.[mc]?js$/.test(name) ? "js" : "ts";
  const plain = parseSync("cell", source, { lang, sourceType: "module" });
  const error = fromCellArray(plain.errors)[0];
  if (error === undefined) return plain.program.body as unknown as SyntaxNode[];
  if (/<[\w>]/.test(source)) {
    const withJsx = parseSync("cell.tsx", source, { lang: "tsx", sourceType: "module" });
    if (withJsx.errors.length === 0) return withJsx.program.body as unknown as SyntaxNode[];
  }
  throw CellSyntaxError.at(fromCellArray(error.labels)[0]?.start ?? 0, error.message, source, name);
}

/** Puts a cell that is nothing but `{ a: 1 }` into parentheses: it means the object, though it reads as a block. */
export function asExpression(source: string): string {
  const text = source.trim();
  if (!text.startsWith("{") || !text.endsWith("}") || isTooDeep(source)) return source;
  const start = source.indexOf("{");
  const wrapped = `${source.slice(0, start)}(${text})${source.slice(start + text.length)}`;
  return parseSync("cell.ts", wrapped, { lang: "ts", sourceType: "module" }).errors.length === 0 ? wrapped : source;
}

/** A place in a cell or local file; line and column from 1. */
export interface Place {
  readonly source: string;
  readonly line: number;
  readonly column: number;
}

/** The error of a cell or local file that does not parse. */
export class CellSyntaxError extends SyntaxError {
  override readonly name = "SyntaxError";
  /** The place in the cell or local file. */
  readonly place: Place;

  constructor(message: string, place: Place) {
    super(message);
    this.place = place;
  }

  /** Creates the error at `offset` (in UTF-16 units) of `text`, the text of `source`. */
  static at(offset: number, message: string, text: string, source: string): CellSyntaxError {
    const before = text.slice(0, offset).split("\n");
    const column = (before.at(-1)?.length ?? 0) + 1;
    return new CellSyntaxError(message, { source, line: before.length, column });
  }
}
