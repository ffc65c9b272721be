/** Edits a source text in place: types become blanks, so that lines and most columns stay where they were. */
import MagicString from "magic-string";
import type { SyntaxNode } from "../../shared/syntax.ts";

/** A source text with its edits. */
export class Edit {
  readonly source: string;
  readonly out: MagicString;

  constructor(source: string) {
    this.source = source;
    this.out = new MagicString(source);
  }

  text(node: SyntaxNode): string {
    return this.source.slice(node.start, node.end);
  }

  /** Replaces everything from `start` to `end` but line ends by spaces. */
  blank(start: number, end: number): void {
    if (start < end) this.out.update(start, end, this.source.slice(start, end).replace(/[^\r\n]/g, " "));
  }

  /** Blanks a statement. The semicolon keeps the lines around it apart. */
  blankStatement(node: SyntaxNode): void {
    const blanks = this.source.slice(node.start, node.end).replace(/[^\r\n]/g, " ");
    this.out.update(node.start, node.end, `;${blanks.slice(1)}`);
  }

  /** Blanks each of `words` that stands between `start` and `end`. */
  blankWords(start: number, end: number, words: RegExp): void {
    for (const match of this.source.slice(start, end).matchAll(words)) {
      this.blank(start + match.index, start + match.index + match[0].length);
    }
  }

  /** Inserts in front of the node that starts at `index`; what is inserted later comes nearer to the node. */
  before(index: number, text: string): void {
    this.out.appendRight(index, text);
  }

  /** Inserts behind the node that ends at `index`; what is inserted later comes farther from the node. */
  after(index: number, text: string): void {
    this.out.appendLeft(index, text);
  }
}
