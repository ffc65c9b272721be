/** A cell or local file that does not parse. */

import type { Place } from "./sources.ts";

export class CellSyntaxError extends SyntaxError {
  override readonly name = "SyntaxError";
  /** In a cell or local file. */
  readonly place: Place;

  constructor(message: string, place: Place) {
    super(message);
    this.place = place;
  }

  /** `offset` in UTF-16 units into `text`, the text of `source`. */
  static at(offset: number, message: string, text: string, source: string): CellSyntaxError {
    const before = text.slice(0, offset).split("\n");
    const column = (before.at(-1)?.length ?? 0) + 1;
    return new CellSyntaxError(message, { source, line: before.length, column });
  }
}
