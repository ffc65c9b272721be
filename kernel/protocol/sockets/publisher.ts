/** The iopub socket, which greets every subscriber, waits for one that is slow, and stops waiting for one that stands still. */
import { setTimeout as sleep } from "node:timers/promises";
import { XPublisher } from "zeromq";
import { logError } from "../../shared/log.ts";
import type { Frame } from "../wire/message.ts";
import type { Sender } from "./oneSocket.ts";
import { arriving } from "./oneSocket.ts";

/** Messages a subscriber may be behind before output waits for it. More would be memory of the kernel's. */
const messagesAhead = 256;
/** Output waits so long for one subscriber that reads nothing, and then does so long without it, in milliseconds. */
const patienceMs = 2000;
const doWithoutMs = 60_000;
const retryMs = 1;
/** The longest subscription, in bytes. */
const longestTopic = 65_536;

/** ZeroMQ's numbers of two options its TypeScript does not offer for this kind of socket. */
const [subscribe, unsubscribe] = [6, 7];

const failed = logError("a subscriber could not be greeted");

/** A publisher whose subscriptions begin to count when they have been read, so that nothing is published ahead of the welcome. */
class ManualPublisher extends XPublisher {
  /** Applies what the subscriber whose message was read last has asked for. */
  apply(frame: Uint8Array): void {
    this.setStringOption(frame[0] === 1 ? subscribe : unsubscribe, Buffer.from(frame.subarray(1)));
  }
}

/** Publishes to the subscribers of iopub. */
export class Publisher implements Sender {
  readonly #socket = new ManualPublisher({
    linger: 500,
    sendHighWaterMark: messagesAhead,
    sendTimeout: 0,
    noDrop: true,
    manual: true,
    maxMessageSize: longestTopic,
  });
  #forgive: NodeJS.Timeout | undefined;
  #reader: Promise<void> | undefined;

  /** Binds; from then on `greet` is asked what to tell those who subscribe to a topic. */
  async open(address: string, greet: (topic: Uint8Array) => Frame[]): Promise<void> {
    await this.#socket.bind(address);
    this.#reader = this.#read(greet);
  }

  /** Resolves when every subscriber has room for the message, or is done without. */
  async send(frames: Frame[]): Promise<void> {
    const deadline = performance.now() + patienceMs;
    while (!this.#socket.closed) {
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

  /** Closes the socket, and resolves when nothing reads it any more. What waits to be sent is dropped. */
  async close(): Promise<void> {
    clearTimeout(this.#forgive);
    this.#socket.close();
    await this.#reader;
  }

  /** From now on messages for a full subscriber are dropped; the others get them all. */
  #doWithout(): void {
    this.#socket.noDrop = false;
    this.#forgive = setTimeout(() => {
      this.#socket.noDrop = true;
    }, doWithoutMs);
  }

  async #read(greet: (topic: Uint8Array) => Frame[]): Promise<void> {
    for await (const [frame] of arriving(this.#socket)) {
      if (frame?.[0] !== 0 && frame?.[0] !== 1) continue; // only subscriptions are of interest
      try {
        this.#socket.apply(frame);
        // past the queue, where older messages may wait
        if (frame[0] === 1) this.send(greet(frame.subarray(1))).catch(failed);
      } catch (error) {
        failed(error);
      }
    }
  }
}
