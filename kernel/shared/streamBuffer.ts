/** Printed text gathered into few messages: a flood is some ten messages a second, and one print is sent soon. */

export type StreamName = "stdout" | "stderr";

interface Pending {
  readonly cell: number;
  readonly name: StreamName;
  text: string;
}

/** How long the first text waits for more, and how far apart messages of a flood are, in milliseconds. */
const soonMs = 5;
const apartMs = 100;
/** Text of this length does not wait, so that a cell's 10 million characters come in ten messages more than its time asks for. */
const maxCharacters = 1_000_000;

export class StreamBuffer {
  readonly #send: (cell: number, name: StreamName, text: string) => void;
  #pending: Pending | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sentAt = 0;

  constructor(send: (cell: number, name: StreamName, text: string) => void) {
    this.#send = send;
  }

  /** Text of another cell or stream goes after what is waiting, never into it. */
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
