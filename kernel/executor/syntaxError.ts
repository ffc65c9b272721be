/** A cell or local file that does not parse. */

export class CellSyntaxError extends SyntaxError {
  override readonly name = "SyntaxError";
  /** `In[3]`, or a file's path. */
  readonly source: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;

  /** `offset` in UTF-16 units into `text`. */
  constructor(message: string, text: string, source: string, offset: number) {
    super(message);
    const before = text.slice(0, offset).split("\n");
    this.source = source;
    this.line = before.length;
    this.column = (before.at(-1)?.length ?? 0) + 1;
  }
}
