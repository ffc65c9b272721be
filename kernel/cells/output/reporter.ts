/** The cells' output on its way from the main thread to the protocol worker, in the order it was made. */

import type { DisplayBundle, DisplayOptions } from "../../../shared/mimeBundle.ts";
import type { FromMain, OutputKind, StreamName } from "../../shared/messages.ts";
import { currentCell } from "../asyncContext/currentCell.ts";
import { kernelTimers } from "../asyncContext/timers.ts";
import { withText } from "../display/textFallback.ts";

const windowMs = 20;
/**
 * The number of writes in one window that are sent at once; beyond them text is collected, since each message costs a
 * few microseconds.
 */
const promptWrites = 50;
const maxCharacters = 65_536;

/** Posts the output of the cells to the protocol worker. */
export class Reporter {
  readonly #post: (message: FromMain) => void;
  #windowStart = 0;
  #writes = 0;
  #cell = 0;
  #name: StreamName = "stdout";
  readonly #text = new TextBuffer();
  readonly #muted = new Set<number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(post: (message: FromMain) => void) {
    this.#post = post;
  }

  /** Sends printed text. The first writes leave at once, so that they are seen even when the code goes on to block. */
  stream(name: StreamName, text: string): void {
    const cell = currentCell();
    if (text === "" || this.#muted.has(cell)) return;
    const now = performance.now();
    if (now - this.#windowStart > windowMs || cell !== this.#cell) {
      this.flush();
      this.#windowStart = now;
      this.#writes = 0;
    }
    if (name !== this.#name || cell !== this.#cell) this.flush();
    this.#name = name;
    this.#cell = cell;
    this.#text.add(text);
    if (++this.#writes <= promptWrites || this.#text.length >= maxCharacters) this.flush();
    else this.#timer ??= kernelTimers.setTimeout(() => this.flush(), windowMs);
  }

  /** Shows a MIME bundle whose contents are JSON; adds a plain text if it has none. */
  display({ data, metadata = {} }: DisplayBundle, { displayId, update = false }: DisplayOptions = {}): void {
    const transient = displayId === undefined ? {} : { display_id: String(displayId) };
    this.output(update ? "update_display_data" : "display_data", { data: withText(data), metadata, transient });
  }

  output(kind: OutputKind, content: object): void {
    const cell = currentCell();
    if (!this.#muted.has(cell)) this.post({ type: "output", cell, kind, content: JSON.stringify(content) });
  }

  /**
   * Drops the further output of `cell`: it was interrupted, and work that it left behind must not print or show
   * anything.
   */
  mute(cell: number): void {
    this.flush();
    this.#muted.add(cell);
  }

  post(message: FromMain): void {
    this.flush();
    this.#post(message);
  }

  flush(): void {
    kernelTimers.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#text.length === 0) return;
    this.#post({ type: "stream", cell: this.#cell, name: this.#name, text: this.#text.take() });
  }
}

/**
 * The number of pieces that are joined at a time. `text += piece` alone makes a chain of as many strings as there are
 * pieces, and what of it outlives collections makes V8 enlarge the memory for young objects: in a flood of lines by 17
 * MB.
 */
const piecesAtMost = 64;

/** Collects text in short pieces and leaves little behind for the garbage collector to copy. */
export class TextBuffer {
  /** The length of the text in UTF-16 units. */
  length = 0;
  #text = "";
  #pieces: string[] = [];

  add(piece: string): void {
    this.length += piece.length;
    this.#pieces.push(piece);
    if (this.#pieces.length === piecesAtMost) this.#join();
  }

  /** Returns all of the text and forgets it. */
  take(): string {
    this.#join();
    const text = this.#text;
    this.#text = "";
    this.length = 0;
    return text;
  }

  #join(): void {
    this.#text += this.#pieces.join("");
    this.#pieces.length = 0;
  }
}
