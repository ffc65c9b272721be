/** Printed text on its way to the frontend: how much of it a cell may print, and in how few messages it goes. */
import { formatCount } from "../../shared/text.ts";
import type { StreamName } from "../shared/messages.ts";

/** Characters that a cell may print: a flood must not make the notebook too large to open. */
const defaultLimit = 10_000_000;

/** Reads from `THAW_OUTPUT_LIMIT` how many characters of one cell are shown; 0 there means no limit. */
export function outputLimit(setting: string | undefined = process.env.THAW_OUTPUT_LIMIT): number {
  const limit = setting === undefined || setting.trim() === "" ? defaultLimit : Number(setting);
  if (limit === 0) return Number.POSITIVE_INFINITY;
  return limit > 0 ? limit : defaultLimit;
}

/** Counts the text of one cell against its limit. */
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

  /** Returns the part of `text` that is shown: all of it, or whole lines as far as they fit. The rest is counted. */
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

  /** The sentence to print when the limit is reached. */
  get warning(): string {
    return (
      `\n[Thaw] This cell has printed ${formatCount(this.#limit)} characters: what it prints now is not shown. ` +
      "THAW_OUTPUT_LIMIT in the kernel's environment sets another limit (0: none).\n"
    );
  }

  /** The sentence that says how much was dropped; empty when nothing was. */
  get summary(): string {
    if (this.#characters === 0) return "";
    return `[Thaw] Not shown: ${formatCount(this.#lines)} lines, ${formatCount(this.#characters)} characters.\n`;
  }
}

interface Pending {
  readonly cell: number;
  readonly name: StreamName;
  text: string;
}

/** The first text waits so long for more, and messages of a flood are so far apart, in milliseconds. */
const soonMs = 5;
const apartMs = 100;
/** Text of this length does not wait, so that a cell's 10 million characters come in ten messages more than its time asks for. */
const maxCharacters = 1_000_000;

/** Gathers printed text into few messages: a flood is some ten messages a second, and one print is sent soon. */
export class StreamBuffer {
  readonly #send: (cell: number, name: StreamName, text: string) => void;
  #pending: Pending | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sentAt = 0;

  constructor(send: (cell: number, name: StreamName, text: string) => void) {
    this.#send = send;
  }

  /** Adds text behind what is waiting; text of another cell or stream never joins it. */
  add(cell: number, name: StreamName, text: string): void {
    if (this.#pending !== undefined && (this.#pending.cell !== cell || this.#pending.name !== name)) this.flush();
    if (this.#pending === undefined) {
      this.#pending = { cell, name, text };
      this.#timer = setTimeout(() => this.flush(), Math.max(soonMs, this.#sentAt + apartMs - performance.now()));
    } else {
      this.#pending.text += text;
    }
    if (this.#pending.text.length >= maxCharacters) this.flush();
  }

  /** Sends what is waiting. Called before every other message, so that order is kept. */
  flush(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    clearTimeout(this.#timer);
    this.#pending = undefined;
    this.#sentAt = performance.now();
    this.#send(pending.cell, pending.name, pending.text);
  }
}
