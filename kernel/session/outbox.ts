/** Everything a session says, in the order it is said: streams are flushed before any other message. */
import type { RequestChannel } from "../channels/sockets.ts";
import { StreamBuffer, type StreamName } from "../channels/streamBuffer.ts";
import { type Content, type Message, newHeader, type Outgoing } from "../wire/message.ts";

/** Where the outbox puts its messages. */
export type Send = (channel: RequestChannel | "iopub", message: Outgoing) => void;

/** Cells whose late output (a timer, an update of a display) still finds its parent. */
const rememberedCells = 4096;

export class Outbox {
  readonly #send: Send;
  readonly #session: string;
  readonly #cells = new Map<number, Message>();
  readonly #streams = new StreamBuffer((cell, name, text) =>
    this.#publish("stream", { name, text }, this.#cells.get(cell)),
  );

  constructor(send: Send, session: string) {
    this.#send = send;
    this.#session = session;
  }

  /** Output of `cell` is a child of `request` from now on. */
  adopt(cell: number, request: Message): void {
    this.#cells.set(cell, request);
    if (this.#cells.size > rememberedCells) this.#cells.delete(this.#cells.keys().next().value as number);
  }

  stream(cell: number, name: StreamName, text: string): void {
    this.#streams.add(cell, name, text);
  }

  output(cell: number, type: string, content: Content | string): void {
    this.publish(type, content, this.#cells.get(cell));
  }

  status(state: "starting" | "busy" | "idle", parent: Message | undefined): void {
    this.publish("status", { execution_state: state }, parent);
  }

  publish(type: string, content: Content | string, parent: Message | undefined): void {
    this.#streams.flush();
    this.#publish(type, content, parent);
  }

  /** Replies to `request` with the type its name asks for: `x_request` gets `x_reply`. */
  reply(channel: RequestChannel, request: Message, content: Content | string): void {
    this.#streams.flush();
    this.#send(channel, {
      identities: request.identities,
      header: newHeader(request.header.msg_type.replace(/_request$/, "_reply"), this.#session),
      parentHeader: request.header,
      content,
    });
  }

  #publish(type: string, content: Content | string, parent: Message | undefined): void {
    this.#send("iopub", {
      identities: [Buffer.from(`kernel.${this.#session}.${type}`)],
      header: newHeader(type, this.#session),
      parentHeader: parent?.header ?? {},
      content,
    });
  }
}
