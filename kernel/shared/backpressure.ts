/** Keeps output that is made faster than it can be sent from piling up: the main thread waits while the worker is far behind. */
import { type Flags, flag } from "./flags.ts";
import type { FromMain } from "./messages.ts";

/** Largest amount of output in transit to the worker, in characters of text plus bytes of buffers. */
const allowance = 4_000_000;
/**
 * Number of characters that each message counts in addition to its text, so that at most about sixty messages are in
 * transit. With more, many survive V8's young collections and move to the old heap: a flood then costs 15 MB with five
 * hundred in transit, and 200 MB without a limit.
 */
export const envelope = 65_536;
/**
 * Amount of handled output after which the worker reports its progress, since waking a thread for every message is
 * slow.
 */
const step = allowance / 8;
const lookEveryMs = 50;
/** Time in milliseconds after which the main thread stops waiting for a worker without progress. */
const patienceMs = 5000;

/** The main thread's half, which compares the posted amount with the amount that the worker has handled. */
export class Poster {
  readonly #flags: Flags;
  #posted = 0;

  constructor(flags: Flags) {
    this.#flags = flags;
  }

  /** Counts a posted message. Returns when there is room for more, or when the cell must stop. */
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

/** The worker's half, which reports the amount that it has handled. */
export class Taker {
  readonly #flags: Flags;
  /** Returns the size of the output that waits to be published. */
  readonly #unpublished: () => number;
  #taken = 0;
  #told = 0;

  constructor(flags: Flags, unpublished: () => number) {
    this.#flags = flags;
    this.#unpublished = unpublished;
  }

  /** Counts a handled message. */
  took(message: FromMain): void {
    this.#taken = (this.#taken + weight(message)) | 0;
    if (this.#unpublished() < allowance) this.relieve();
  }

  /** Reports progress when everything taken so far has been published, or little of it waits. */
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
