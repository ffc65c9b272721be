/** The five ZeroMQ sockets of a kernel: bound, read, written in order, closed before the process ends. */
import { Publisher, Router } from "zeromq";
import { address, type Connection } from "../wire/connection.ts";
import { decode, encode } from "../wire/frames.ts";
import type { Message, Outgoing } from "../wire/message.ts";
import { Signer } from "../wire/signature.ts";
import { log } from "./log.ts";
import { SendQueue } from "./sendQueue.ts";

/** Channels on which requests arrive. */
export type RequestChannel = "shell" | "control" | "stdin";

/** No high water mark: a mark drops output. What is unsent when the kernel ends gets 500 ms. */
const unlimited = { linger: 500, sendHighWaterMark: 0, receiveHighWaterMark: 0 };

export class Sockets {
  readonly #shell = new Router(unlimited);
  readonly #control = new Router(unlimited);
  readonly #stdin = new Router(unlimited);
  readonly #iopub = new Publisher({ linger: 500, sendHighWaterMark: 0 });
  readonly #heartbeat = new Router(unlimited);
  readonly #queue = new SendQueue((error) => log(`send failed: ${String(error)}`));
  readonly #signer: Signer;
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#signer = new Signer(connection.key, connection.signature_scheme);
  }

  /** Binds all sockets; from then on `receive` gets every message that passes the signature check. */
  async open(receive: (channel: RequestChannel, message: Message) => void): Promise<void> {
    await Promise.all([
      this.#shell.bind(address(this.#connection, "shell_port")),
      this.#control.bind(address(this.#connection, "control_port")),
      this.#stdin.bind(address(this.#connection, "stdin_port")),
      this.#iopub.bind(address(this.#connection, "iopub_port")),
      this.#heartbeat.bind(address(this.#connection, "hb_port")),
    ]);
    void this.#read("shell", this.#shell, receive);
    void this.#read("control", this.#control, receive);
    void this.#read("stdin", this.#stdin, receive);
    void this.#echo();
  }

  /** Queues a message; iopub goes to every client, the others to the client named by the identities. */
  send(channel: RequestChannel | "iopub", message: Outgoing): void {
    const socket = { shell: this.#shell, control: this.#control, stdin: this.#stdin, iopub: this.#iopub }[channel];
    this.#queue.push(socket, encode(message, this.#signer));
  }

  /** Waits for everything queued, then closes: a process that ends with an open socket aborts. */
  async close(): Promise<void> {
    await this.#queue.drained();
    for (const socket of [this.#shell, this.#control, this.#stdin, this.#iopub, this.#heartbeat]) socket.close();
  }

  async #read(
    channel: RequestChannel,
    socket: Router,
    receive: (channel: RequestChannel, message: Message) => void,
  ): Promise<void> {
    for await (const frames of socket) {
      const message = decode(frames, this.#signer);
      if (typeof message === "string") log(`message on ${channel} ignored: ${message}`);
      else receive(channel, message);
    }
  }

  async #echo(): Promise<void> {
    for await (const frames of this.#heartbeat) await this.#heartbeat.send(frames);
  }
}
