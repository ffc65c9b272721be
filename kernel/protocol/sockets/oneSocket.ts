/** Reads the messages that arrive on one ZeroMQ socket, and sends those that go out, one at a time and in order. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { envelope } from "../../shared/backpressure.ts";
import { logError } from "../../shared/log.ts";
import type { Frame } from "../wire/message.ts";

/** The part of a ZeroMQ socket that reading needs. */
export interface Receiver {
  readonly closed: boolean;
  receive(): Promise<Buffer[]>;
}

/**
 * Yields the messages of `socket`, until it is closed. A receive that fails costs one message and is logged. When the socket is
 * closed the one under way fails, some only in the event loop's next turn: so nothing of it is left when this has ended.
 */
export async function* arriving(socket: Receiver): AsyncGenerator<Buffer[]> {
  while (!socket.closed) {
    const frames = await next(socket);
    if (frames === undefined) await nextTurn();
    else yield frames;
  }
}

async function next(socket: Receiver): Promise<Buffer[] | undefined> {
  try {
    return await socket.receive();
  } catch (error) {
    if (!socket.closed) logError("a message could not be received")(error);
    return undefined;
  }
}

/** The part of a ZeroMQ socket the queue needs. */
export interface Sender {
  send(frames: Frame[]): Promise<void>;
}

interface Waiting {
  readonly frames: Frame[];
  readonly weight: number;
  readonly failed: ((error: unknown) => void) | undefined;
}

/** Sends after which the event loop gets a turn: ZeroMQ takes messages without ever giving way, and heartbeats must be read. */
const sendsPerTurn = 256;

/** Queues the messages of one socket. */
export class SendQueue {
  /** The size of what waits to be sent: bytes, characters where it is text, and an envelope for each message. */
  weight = 0;
  readonly #socket: Sender;
  readonly #onError: (error: unknown) => void;
  readonly #onEmpty: () => void;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  /** `onError` hears of what `push` was given no handler for; `onEmpty` is called whenever nothing waits any more. */
  constructor(socket: Sender, onError: (error: unknown) => void, onEmpty: () => void = () => {}) {
    this.#socket = socket;
    this.#onError = onError;
    this.#onEmpty = onEmpty;
  }

  /** Sends a message behind all others; `failed` is told when it cannot be sent. */
  push(frames: Frame[], failed?: (error: unknown) => void): void {
    let weight = envelope;
    for (const frame of frames) weight += typeof frame === "string" ? frame.length : frame.byteLength;
    this.weight += weight;
    this.#waiting.push({ frames, weight, failed });
    this.#running ??= this.#run();
  }

  /** Resolves when everything pushed so far has been handed to ZeroMQ. */
  async drained(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    let sends = 0;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = []; // taking messages off the front of a long list one by one would move all the others
      for (const { frames, weight, failed } of batch) {
        try {
          await this.#socket.send(frames);
        } catch (error) {
          (failed ?? this.#onError)(error); // one client that left must not stop the output of the others
        }
        this.weight -= weight;
        if (++sends % sendsPerTurn === 0) await nextTurn();
      }
    }
    this.#running = undefined;
    this.#onEmpty();
  }
}
