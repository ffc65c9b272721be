/** Values that show themselves as one table: in a notebook, in a terminal, in a string. */
import { inspect } from "node:util";
import { displaySymbol, type MimeBundle } from "./bundle.ts";
import type { Table } from "./table.ts";

export abstract class ShownAsTable {
  abstract toTable(): Table;

  toString(): string {
    return this.toTable().toString();
  }

  [displaySymbol](): MimeBundle {
    return this.toTable()[displaySymbol]();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
