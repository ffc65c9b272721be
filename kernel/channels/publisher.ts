/** The iopub socket: greets every subscriber, waits for one that is slow, and stops waiting for one that stands still. */
import { setTimeout as sleep } from "node:timers/promises";
import { XPublisher } from "zeromq";
import type { Sender } from "./sendQueue.ts";

/** Messages a subscriber may be behind before output waits for it. More would be memory of the kernel's. */
const messagesAhead = 256;
/** How long output waits for one subscriber that reads nothing, and how long it then does without it, in milliseconds. */
const patienceMs = 2000;
const doWithoutMs = 60_000;
const retryMs = 1;

export class Publisher implements Sender {
  readonly #socket = new XPublisher({
    linger: 500,
    sendHighWaterMark: messagesAhead,
    sendTimeout: 0,
    noDrop: true,
    verbosity: "allSubs",
  });
  #forgive: NodeJS.Timeout | undefined;

  /** Binds; from then on `greet` gets the topic of every subscription. */
  async open(address: string, greet: (topic: Uint8Array) => void): Promise<void> {
    await this.#socket.bind(address);
    void this.#read(greet);
  }

  async send(frames: Uint8Array[]): Promise<void> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      try {
        await this.#socket.send(frames);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
        if (performance.now() > deadline) this.#doWithout();
        else await sleep(retryMs);
      }
    }
  }

  close(): void {
    clearTimeout(this.#forgive);
    this.#socket.close();
  }

  /** From now on messages for a full subscriber are dropped; the others get them all. */
  #doWithout(): void {
    this.#socket.noDrop = false;
    this.#forgive = setTimeout(() => {
      this.#socket.noDrop = true;
    }, doWithoutMs);
  }

  async #read(greet: (topic: Uint8Array) => void): Promise<void> {
    for await (const [frame] of this.#socket) {
      if (frame?.[0] === 1) greet(frame.subarray(1));
    }
  }
}
