/** Values that show themselves as one table: in a notebook, in a terminal, in a string. */
import { inspect } from "node:util";
import { displaySymbol, type MimeBundle } from "./bundle.ts";
import type { Table } from "./table.ts";

/** Gives a value that can be told as a table its forms for notebooks, terminals and logs. */
export abstract class ShownAsTable {
  /** Makes the table that the value is shown as. */
  abstract toTable(): Table;

  /** Writes the table as aligned text. */
  toString(): string {
    return this.toTable().toString();
  }

  /** Shows the table where a cell ends with the value. */
  [displaySymbol](): MimeBundle {
    return this.toTable()[displaySymbol]();
  }

  /** Writes the table as aligned text for `console.log`. */
  [inspect.custom](): string {
    return this.toString();
  }
}
