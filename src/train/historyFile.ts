/** The log of a run as a file `history.jsonl` that grows as the run goes on: one row a line, in JSON. */
import { appendFileSync, dirname, expandHome, join, mkdirSync, writeFileSync } from "../platform/files.ts";
import type { HistoryRow } from "./runRecord.ts";

/** Writes the rows of a run to `history.jsonl` in its output folder. */
export class HistoryFile {
  readonly #path: string;
  /** The rows that a run that goes on has already; undefined once they are written. */
  #before: readonly HistoryRow[] | undefined;

  /** `before`: the rows of a run that goes on. The file is begun with the first row that is appended. */
  constructor(folder: string, before: readonly HistoryRow[]) {
    this.#path = join(expandHome(folder), "history.jsonl");
    this.#before = [...before];
  }

  /**
   * Adds a row at the end of the file. Returns a sentence if that fails, which is no reason to stop: the record of the run has all
   * rows.
   */
  append(row: HistoryRow): string | undefined {
    const lineOf = (each: HistoryRow) => `${JSON.stringify(each)}\n`;
    try {
      if (this.#before !== undefined) {
        mkdirSync(dirname(this.#path), { recursive: true });
        writeFileSync(this.#path, this.#before.map(lineOf).join(""));
        this.#before = undefined;
      }
      appendFileSync(this.#path, lineOf(row));
      return undefined;
    } catch (error) {
      return `${this.#path} lacks rows of the log (${error instanceof Error ? error.message : error}); run.history has them all.`;
    }
  }
}
