/** Binds the five ZeroMQ sockets of a kernel, reads them, writes to them in order, and closes them before the process ends. */
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { Router } from "zeromq";
import { address, type Connection } from "../../shared/connection.ts";
import { log, logError } from "../../shared/log.ts";
import { decode, encode, type Refusal, Signer } from "../wire/frames.ts";
import { errorReply, type Message, type Outgoing } from "../wire/message.ts";
import { arriving, SendQueue } from "./oneSocket.ts";
import { Publisher } from "./publisher.ts";

/** Channels on which requests arrive. */
export type RequestChannel = "shell" | "control" | "stdin";

/** The handlers that the sockets call. */
interface SocketEvents {
  /** A message that passed the signature check. */
  readonly receive: (channel: RequestChannel, message: Message) => void;
  /** A client subscribed to iopub, to messages whose topic begins with `topic`. Returns the message to send it first. */
  readonly subscribed: (topic: Uint8Array) => Outgoing;
  /** Nothing waits to be published any more. */
  readonly published: () => void;
}

/** The largest part of a message, in bytes, buffers included. ZeroMQ closes the connection of whoever sends a larger one. */
const largestPart = 2 ** 28;
const largestHeartbeat = 1024;
/** Options without a high water mark, which would drop replies. What is unsent when the kernel ends gets 500 ms. Sends never wait. */
const unlimited = {
  linger: 500,
  sendHighWaterMark: 0,
  receiveHighWaterMark: 0,
  sendTimeout: 0,
  maxMessageSize: largestPart,
};
/** The end waits so long for what is queued, in milliseconds: a client may read slowly, or not at all. */
const drainMs = 1500;

/** The sockets of one kernel. */
export class Sockets {
  readonly #shell = new Router(unlimited);
  readonly #control = new Router(unlimited);
  /** Sends to it fail where the client has no such socket (`mandatory`): a cell that asks for input must hear of that. */
  readonly #stdin = new Router({ ...unlimited, mandatory: true });
  readonly #iopub = new Publisher();
  readonly #heartbeat = new Router({ ...unlimited, maxMessageSize: largestHeartbeat });
  readonly #events: SocketEvents;
  readonly #queues: Readonly<Record<RequestChannel | "iopub", SendQueue>>;
  readonly #signer: Signer;
  readonly #connection: Connection;
  readonly #refused = new Map<Refusal, number>();
  /** The number of messages that have been read. */
  #arrived = 0;
  /** One promise for each socket that is read; it settles once that socket is closed. */
  #readers: readonly Promise<void>[] = [];
  #closing = false;

  /** Logs an error, unless the sockets are being closed: what is under way then fails, which nobody needs to know. */
  readonly #failed = (error: unknown): void => {
    if (!this.#closing) logError("a message could not be sent")(error);
  };

  constructor(connection: Connection, events: SocketEvents) {
    this.#connection = connection;
    this.#events = events;
    this.#signer = new Signer(connection.key, connection.signature_scheme);
    this.#queues = {
      shell: new SendQueue(this.#shell, this.#failed),
      control: new SendQueue(this.#control, this.#failed),
      stdin: new SendQueue(this.#stdin, this.#failed),
      iopub: new SendQueue(this.#iopub, this.#failed, events.published),
    };
  }

  /** The size of what waits to be published, as `SendQueue` weighs it. */
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
    this.#readers = [
      this.#read("shell", this.#shell),
      this.#read("control", this.#control),
      this.#read("stdin", this.#stdin),
      this.#echo(),
    ];
  }

  /**
   * Queues a message; iopub goes to every client, the others to the client named by the identities. One that cannot be made
   * into frames costs itself only: `failed` is told, and a request gets an error for its reply.
   */
  send(channel: RequestChannel | "iopub", message: Outgoing, failed?: (error: unknown) => void): void {
    if (this.#closing) return;
    const queue = this.#queues[channel];
    try {
      queue.push(encode(message, this.#signer), failed);
    } catch (error) {
      logError(`${message.header.msg_type} could not be sent`)(error);
      failed?.(error);
      if (message.header.msg_type.endsWith("_reply")) queue.push(encode(unsendable(message, error), this.#signer));
    }
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

  /**
   * Takes no more messages from either side, waits for what is queued, closes, and resolves when nothing of ZeroMQ is
   * under way in this thread: a process that ends before aborts.
   */
  async close(): Promise<void> {
    this.#closing = true;
    const drained = Promise.all(Object.values(this.#queues).map((queue) => queue.drained()));
    await Promise.race([drained, sleep(drainMs)]);
    for (const socket of [this.#shell, this.#control, this.#stdin, this.#heartbeat]) socket.close();
    await Promise.all([...this.#readers, this.#iopub.close()]);
    await nextTurn(); // what was closed is freed at the end of this turn
  }

  async #read(channel: RequestChannel, socket: Router): Promise<void> {
    for await (const frames of arriving(socket)) {
      if (this.#closing) continue;
      this.#arrived++;
      try {
        const message = decode(frames, this.#signer);
        if (typeof message === "string") this.#refuse(channel, message);
        else this.#events.receive(channel, message);
      } catch (error) {
        logError(`a message on ${channel} failed`)(error);
      }
    }
  }

  /** Logs a refused message. A client that sends many must not fill the log: the 1st to 4th, 8th, 16th ... time is named. */
  #refuse(channel: RequestChannel, refusal: Refusal): void {
    const times = (this.#refused.get(refusal) ?? 0) + 1;
    this.#refused.set(refusal, times);
    if (times > 4 && !Number.isInteger(Math.log2(times))) return;
    log(`message on ${channel} ignored: ${refusal}${times > 4 ? ` (${times} times so far)` : ""}`);
  }

  async #echo(): Promise<void> {
    for await (const frames of arriving(this.#heartbeat)) {
      try {
        await this.#heartbeat.send(frames);
      } catch (error) {
        this.#failed(error);
      }
    }
  }
}

/** Makes a reply in place of one that cannot be sent, for a client that waits for it. */
function unsendable(message: Outgoing, error: unknown): Outgoing {
  const evalue = `The kernel could not send its reply: ${String(error)}`;
  return { ...message, metadata: {}, content: errorReply(message.header.msg_type, "KernelError", evalue) };
}
