/** From the main thread to the protocol worker: outputs of the running cell, in the order they were made. */

import type { StreamName } from "../channels/streamBuffer.ts";
import type { FromMain, OutputKind } from "../channels/thread.ts";

const windowMs = 20;
/** Writes in one window that go over at once; beyond them text is gathered, since each message costs a few microseconds. */
const promptWrites = 50;
const maxCharacters = 65_536;

export class Reporter {
  /** The cell that runs, or ran last: whose output this is. */
  cell = 0;
  readonly #post: (message: FromMain) => void;
  #windowStart = 0;
  #writes = 0;
  #name: StreamName = "stdout";
  #text = "";
  #timer: NodeJS.Timeout | undefined;

  constructor(post: (message: FromMain) => void) {
    this.#post = post;
  }

  /** Printed text. The first writes leave at once, so that they are seen even when the code goes on to block. */
  stream(name: StreamName, text: string): void {
    if (text === "") return;
    const now = performance.now();
    if (now - this.#windowStart > windowMs) {
      this.flush();
      this.#windowStart = now;
      this.#writes = 0;
    }
    if (name !== this.#name) this.flush();
    this.#name = name;
    this.#text += text;
    if (++this.#writes <= promptWrites || this.#text.length >= maxCharacters) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), windowMs);
  }

  output(kind: OutputKind, content: object): void {
    this.post({ type: "output", cell: this.cell, kind, content: JSON.stringify(content) });
  }

  post(message: FromMain): void {
    this.flush();
    this.#post(message);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#text === "") return;
    const text = this.#text;
    this.#text = "";
    this.#post({ type: "stream", cell: this.cell, name: this.#name, text });
  }
}
