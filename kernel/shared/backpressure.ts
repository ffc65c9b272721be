/** Keeps output that is made faster than it can be sent from piling up: the main thread waits while the worker is far behind. */
import { type Flags, flag } from "./flags.ts";
import type { FromMain } from "./messages.ts";

/** Characters of output, and bytes of buffers, that may be on their way. */
const allowance = 4_000_000;
/**
 * The number of characters that each message counts for beside its text, so that at most some sixty messages are on their
 * way. With more, so many outlive V8's young collections that it moves them to the old heap: in a flood that costs 15 MB
 * with five hundred on their way, and 200 MB without a limit.
 */
export const envelope = 65_536;
/** The worker says how far it is each time it has dealt with so much more: to wake a thread for every message is slow. */
const step = allowance / 8;
const lookEveryMs = 50;
/** A worker that makes no progress for this long is not waited for, in milliseconds. */
const patienceMs = 5000;

/** The main thread's half, which holds what was posted against what the worker says it has dealt with. */
export class Poster {
  readonly #flags: Flags;
  #posted = 0;

  constructor(flags: Flags) {
    this.#flags = flags;
  }

  /** Counts a message that was posted. Returns when there is room for many more, or the cell is to stop. */
  posted(message: FromMain): void {
    this.#posted = (this.#posted + weight(message)) | 0;
    let room = allowance;
    let waitedMs = 0;
    for (;;) {
      const taken = Atomics.load(this.#flags, flag.taken);
      if (((this.#posted - taken) | 0) <= room || Atomics.load(this.#flags, flag.pending) !== 0) return;
      room = allowance / 2;
      const progress = Atomics.wait(this.#flags, flag.taken, taken, lookEveryMs) !== "timed-out";
      waitedMs = progress ? 0 : waitedMs + lookEveryMs;
      if (waitedMs >= patienceMs) return;
    }
  }
}

/** The worker's half, which tells how much it has dealt with. */
export class Taker {
  readonly #flags: Flags;
  /** Returns the size of what waits to be published. */
  readonly #unpublished: () => number;
  #taken = 0;
  #told = 0;

  constructor(flags: Flags, unpublished: () => number) {
    this.#flags = flags;
    this.#unpublished = unpublished;
  }

  /** Counts a message that was dealt with. */
  took(message: FromMain): void {
    this.#taken = (this.#taken + weight(message)) | 0;
    if (this.#unpublished() < allowance) this.relieve();
  }

  /** Says that everything taken so far has left, or little enough waits. */
  relieve(): void {
    if (((this.#taken - this.#told) | 0) < step) return;
    this.#told = this.#taken;
    Atomics.store(this.#flags, flag.taken, this.#taken);
    Atomics.notify(this.#flags, flag.taken);
  }
}

function weight(message: FromMain): number {
  let characters = envelope;
  if ("text" in message) characters += message.text.length;
  if ("content" in message) characters += message.content.length;
  if ("buffers" in message) for (const buffer of message.buffers) characters += buffer.byteLength;
  return characters;
}
