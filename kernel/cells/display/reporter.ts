/** From the main thread to the protocol worker: the output of each cell, in the order it was made. */

import type { FromMain, OutputKind, StreamName } from "../../shared/messages.ts";
import { currentCell } from "../parents/currentCell.ts";
import { kernelTimers } from "../parents/timers.ts";
import type { Bundle, DisplayOptions } from "./bundle.ts";
import { Gathered } from "./gathered.ts";
import { withText } from "./textForm.ts";

const windowMs = 20;
/** Writes in one window that go over at once; beyond them text is gathered, since each message costs a few microseconds. */
const promptWrites = 50;
const maxCharacters = 65_536;

export class Reporter {
  readonly #post: (message: FromMain) => void;
  #windowStart = 0;
  #writes = 0;
  #cell = 0;
  #name: StreamName = "stdout";
  readonly #text = new Gathered();
  readonly #muted = new Set<number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(post: (message: FromMain) => void) {
    this.#post = post;
  }

  /** Printed text. The first writes leave at once, so that they are seen even when the code goes on to block. */
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

  /** Shows a bundle whose contents JSON can carry; where it has no plain text it is given one. */
  display({ data, metadata = {} }: Bundle, { displayId, update = false }: DisplayOptions = {}): void {
    const transient = displayId === undefined ? {} : { display_id: String(displayId) };
    this.output(update ? "update_display_data" : "display_data", { data: withText(data), metadata, transient });
  }

  output(kind: OutputKind, content: object): void {
    const cell = currentCell();
    if (!this.#muted.has(cell)) this.post({ type: "output", cell, kind, content: JSON.stringify(content) });
  }

  /** What `cell` prints or shows from now on is dropped: it was interrupted, and what it left behind must not speak. */
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
