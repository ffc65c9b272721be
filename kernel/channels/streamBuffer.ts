/** Printed text gathered into few messages: a loop of 20,000 prints is a handful of sends, and one print is sent soon. */

export type StreamName = "stdout" | "stderr";

interface Pending {
  readonly cell: number;
  readonly name: StreamName;
  text: string;
}

const delayMs = 20;
const maxCharacters = 65_536;

export class StreamBuffer {
  readonly #send: (cell: number, name: StreamName, text: string) => void;
  #pending: Pending | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (cell: number, name: StreamName, text: string) => void) {
    this.#send = send;
  }

  /** Text of another cell or stream goes after what is waiting, never into it. */
  add(cell: number, name: StreamName, text: string): void {
    if (this.#pending !== undefined && (this.#pending.cell !== cell || this.#pending.name !== name)) this.flush();
    if (this.#pending === undefined) {
      this.#pending = { cell, name, text };
      this.#timer = setTimeout(() => this.flush(), delayMs);
    } else {
      this.#pending.text += text;
    }
    if (this.#pending.text.length >= maxCharacters) this.flush();
  }

  /** Sends what is waiting. Called before every other message, so that order is kept. */
  flush(): void {
    clearTimeout(this.#timer);
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending !== undefined) this.#send(pending.cell, pending.name, pending.text);
  }
}
