/** The five ZeroMQ sockets of a kernel: bound, read, written in order, closed before the process ends. */
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { Router } from "zeromq";
import { address, type Connection } from "../wire/connection.ts";
import { decode, encode, type Refusal } from "../wire/frames.ts";
import type { Message, Outgoing } from "../wire/message.ts";
import { Signer } from "../wire/signature.ts";
import { log } from "./log.ts";
import { Publisher } from "./publisher.ts";
import { SendQueue } from "./sendQueue.ts";

/** Channels on which requests arrive. */
export type RequestChannel = "shell" | "control" | "stdin";

/** What the sockets report. */
export interface SocketEvents {
  /** A message that passed the signature check. */
  readonly receive: (channel: RequestChannel, message: Message) => void;
  /** A client subscribed to iopub, to messages whose topic begins with `topic`: what to tell it first. */
  readonly subscribed: (topic: Uint8Array) => Outgoing;
  /** Nothing waits to be published any more. */
  readonly published: () => void;
}

/** No high water mark: a mark drops replies. What is unsent when the kernel ends gets 500 ms. Sends never wait. */
const unlimited = { linger: 500, sendHighWaterMark: 0, receiveHighWaterMark: 0, sendTimeout: 0 };
const failed = (error: unknown): void => log(`send failed: ${String(error)}`);

export class Sockets {
  readonly #shell = new Router(unlimited);
  readonly #control = new Router(unlimited);
  /** Mandatory: a cell that asks for input must hear that its client has no such socket. */
  readonly #stdin = new Router({ ...unlimited, mandatory: true });
  readonly #iopub = new Publisher();
  readonly #heartbeat = new Router(unlimited);
  readonly #events: SocketEvents;
  readonly #queues: Readonly<Record<RequestChannel | "iopub", SendQueue>>;
  readonly #signer: Signer;
  readonly #connection: Connection;
  readonly #refused = new Map<Refusal, number>();
  /** How many messages have been read. */
  #arrived = 0;

  constructor(connection: Connection, events: SocketEvents) {
    this.#connection = connection;
    this.#events = events;
    this.#signer = new Signer(connection.key, connection.signature_scheme);
    this.#queues = {
      shell: new SendQueue(this.#shell, failed),
      control: new SendQueue(this.#control, failed),
      stdin: new SendQueue(this.#stdin, failed),
      iopub: new SendQueue(this.#iopub, failed, events.published),
    };
  }

  /** What waits to be published, by the weight of `SendQueue`. */
  get unpublished(): number {
    return this.#queues.iopub.weight;
  }

  /** Binds all sockets and begins to read. */
  async open(): Promise<void> {
    await Promise.all([
      this.#shell.bind(address(this.#connection, "shell_port")),
      this.#control.bind(address(this.#connection, "control_port")),
      this.#stdin.bind(address(this.#connection, "stdin_port")),
      this.#iopub.open(address(this.#connection, "iopub_port"), (topic) =>
        encode(this.#events.subscribed(topic), this.#signer),
      ),
      this.#heartbeat.bind(address(this.#connection, "hb_port")),
    ]);
    void this.#read("shell", this.#shell);
    void this.#read("control", this.#control);
    void this.#read("stdin", this.#stdin);
    void this.#echo();
  }

  /** Queues a message; iopub goes to every client, the others to the client named by the identities. */
  send(channel: RequestChannel | "iopub", message: Outgoing, failed?: (error: unknown) => void): void {
    this.#queues[channel].push(encode(message, this.#signer), failed);
  }

  /** Resolves when nothing has arrived for `ms`, or after `longestMs`. */
  async quiet(ms: number, longestMs: number): Promise<void> {
    const end = performance.now() + longestMs;
    let seen = -1;
    while (seen !== this.#arrived && performance.now() < end) {
      seen = this.#arrived;
      await sleep(ms);
      await nextTurn(); // a thread that was not let run meanwhile reads what has come before it looks at the clock
    }
  }

  /** Waits for everything queued, then closes: a process that ends with an open socket aborts. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.#queues).map((queue) => queue.drained()));
    for (const socket of [this.#shell, this.#control, this.#stdin, this.#iopub, this.#heartbeat]) socket.close();
  }

  async #read(channel: RequestChannel, socket: Router): Promise<void> {
    for await (const frames of socket) {
      this.#arrived++;
      const message = decode(frames, this.#signer);
      if (typeof message === "string") this.#refuse(channel, message);
      else this.#events.receive(channel, message);
    }
  }

  /** Whoever sends nonsense in numbers must not fill the log: the 1st to 4th, 8th, 16th ... time is named. */
  #refuse(channel: RequestChannel, refusal: Refusal): void {
    const times = (this.#refused.get(refusal) ?? 0) + 1;
    this.#refused.set(refusal, times);
    if (times > 4 && !Number.isInteger(Math.log2(times))) return;
    log(`message on ${channel} ignored: ${refusal}${times > 4 ? ` (${times} times so far)` : ""}`);
  }

  async #echo(): Promise<void> {
    for await (const frames of this.#heartbeat) await this.#heartbeat.send(frames);
  }
}
