/** The iopub socket: greets every subscriber, waits for one that is slow, and stops waiting for one that stands still. */
import { setTimeout as sleep } from "node:timers/promises";
import { XPublisher } from "zeromq";
import type { Frame } from "../wire/message.ts";
import type { Sender } from "./sendQueue.ts";

/** Messages a subscriber may be behind before output waits for it. More would be memory of the kernel's. */
const messagesAhead = 256;
/** How long output waits for one subscriber that reads nothing, and how long it then does without it, in milliseconds. */
const patienceMs = 2000;
const doWithoutMs = 60_000;
const retryMs = 1;

/** ZeroMQ's numbers of two options its TypeScript does not offer for this kind of socket. */
const [subscribe, unsubscribe] = [6, 7];

/** Subscriptions begin to count when they have been read, so that nothing can be published ahead of the welcome. */
class ManualPublisher extends XPublisher {
  /** Applies what the subscriber whose message was read last has asked for. */
  apply(frame: Uint8Array): void {
    this.setStringOption(frame[0] === 1 ? subscribe : unsubscribe, Buffer.from(frame.subarray(1)));
  }
}

export class Publisher implements Sender {
  readonly #socket = new ManualPublisher({
    linger: 500,
    sendHighWaterMark: messagesAhead,
    sendTimeout: 0,
    noDrop: true,
    manual: true,
  });
  #forgive: NodeJS.Timeout | undefined;

  /** Binds; from then on `greet` is asked what to tell those who subscribe to a topic. */
  async open(address: string, greet: (topic: Uint8Array) => Frame[]): Promise<void> {
    await this.#socket.bind(address);
    void this.#read(greet);
  }

  async send(frames: Frame[]): Promise<void> {
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

  async #read(greet: (topic: Uint8Array) => Frame[]): Promise<void> {
    for await (const [frame] of this.#socket) {
      if (frame?.[0] !== 0 && frame?.[0] !== 1) continue; // only subscriptions are of interest
      this.#socket.apply(frame);
      if (frame[0] === 1) void this.send(greet(frame.subarray(1))); // past the queue, where older messages may wait
    }
  }
}
