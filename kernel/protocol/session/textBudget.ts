/** How much text a cell may print: a flood must not make the notebook too large to open. */

const defaultLimit = 10_000_000;

/** Characters of one cell that are shown, from `THAW_OUTPUT_LIMIT`; 0 there means no limit. */
export function outputLimit(setting: string | undefined = process.env.THAW_OUTPUT_LIMIT): number {
  const limit = setting === undefined || setting.trim() === "" ? defaultLimit : Number(setting);
  if (limit === 0) return Number.POSITIVE_INFINITY;
  return limit > 0 ? limit : defaultLimit;
}

/** The budget of one cell. */
export class TextBudget {
  readonly #limit: number;
  #left: number;
  #lines = 0;
  #characters = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#left = limit;
  }

  /** Whether some text did not fit. */
  get exceeded(): boolean {
    return this.#left === 0;
  }

  /** What of `text` is shown: all of it, or whole lines as far as they fit. The rest is counted. */
  admit(text: string): string {
    if (text.length <= this.#left) {
      this.#left = Math.max(1, this.#left - text.length);
      return text;
    }
    const shown = this.#left > 1 ? text.slice(0, text.lastIndexOf("\n", this.#left - 1) + 1) : "";
    this.#left = 0;
    this.#characters += text.length - shown.length;
    for (let at = text.indexOf("\n", shown.length); at !== -1; at = text.indexOf("\n", at + 1)) this.#lines++;
    return shown;
  }

  /** What to say when the limit is reached. */
  get warning(): string {
    return (
      `\n[Thaw] This cell has printed ${spoken(this.#limit)} characters: what it prints now is not shown. ` +
      "THAW_OUTPUT_LIMIT in the kernel's environment sets another limit (0: none).\n"
    );
  }

  /** How much was dropped; empty when nothing was. */
  get summary(): string {
    if (this.#characters === 0) return "";
    return `[Thaw] Not shown: ${spoken(this.#lines)} lines, ${spoken(this.#characters)} characters.\n`;
  }
}

function spoken(count: number): string {
  return count.toLocaleString("en");
}
