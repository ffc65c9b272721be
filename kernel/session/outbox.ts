/** Everything a session says, in the order it is said: streams are flushed before any other message. */
import type { RequestChannel } from "../channels/sockets.ts";
import { StreamBuffer, type StreamName } from "../channels/streamBuffer.ts";
import { type Content, type Message, newHeader, type Outgoing } from "../wire/message.ts";
import { outputLimit, TextBudget } from "./textBudget.ts";

/** Where the outbox puts its messages. `failed` is called when one cannot be delivered. */
export type Send = (channel: RequestChannel | "iopub", message: Outgoing, failed?: (error: unknown) => void) => void;

/** Who gets the output of a cell, and how much text that may be. */
interface Cell {
  readonly request: Message;
  readonly budget: TextBudget;
}

/** Cells whose late output (a timer, an update of a display) still finds its parent. */
const rememberedCells = 4096;

export class Outbox {
  readonly #send: Send;
  readonly #session: string;
  readonly #limit = outputLimit();
  readonly #cells = new Map<number, Cell>();
  /** Its text is inside JSON's quotation marks already: a megabyte is not made twice, as text and as JSON. */
  readonly #streams = new StreamBuffer((cell, name, text) =>
    this.#publish("stream", `{"name":"${name}","text":"${text}"}`, this.#cells.get(cell)?.request),
  );

  constructor(send: Send, session: string) {
    this.#send = send;
    this.#session = session;
  }

  /** Output of `cell` is a child of `request` from now on. */
  adopt(cell: number, request: Message): void {
    this.#cells.set(cell, { request, budget: new TextBudget(this.#limit) });
    if (this.#cells.size > rememberedCells) this.#cells.delete(this.#cells.keys().next().value as number);
  }

  /** Printed text, up to the cell's limit. */
  stream(cell: number, name: StreamName, text: string): void {
    const budget = this.#cells.get(cell)?.budget;
    const wasExceeded = budget?.exceeded === true;
    const shown = budget?.admit(text) ?? text;
    if (shown !== "") this.#print(cell, name, shown);
    if (budget?.exceeded === true && !wasExceeded) this.#print(cell, "stderr", budget.warning);
  }

  /** The cell is about to be answered: how much of its text was dropped is the last thing it prints. */
  closing(cell: number): void {
    const summary = this.#cells.get(cell)?.budget.summary;
    if (summary) this.#print(cell, "stderr", summary);
  }

  output(cell: number, type: string, content: Content | string): void {
    this.publish(type, content, this.#cells.get(cell)?.request);
  }

  /** What code says on a comm, as output of its cell. */
  comm(cell: number, type: string, content: Content | string, metadata: Content, buffers: readonly Uint8Array[]): void {
    this.#streams.flush();
    this.#publish(type, content, this.#cells.get(cell)?.request, { metadata, buffers });
  }

  status(state: "starting" | "busy" | "idle", parent: Message | undefined): void {
    this.publish("status", { execution_state: state }, parent);
  }

  publish(type: string, content: Content | string, parent: Message | undefined): void {
    this.#streams.flush();
    this.#publish(type, content, parent);
  }

  /** Replies to `request` with the type its name asks for: `x_request` gets `x_reply`. */
  reply(channel: RequestChannel, request: Message, content: Content | string, metadata: Content = {}): void {
    this.#streams.flush();
    this.#send(channel, {
      identities: request.identities,
      header: newHeader(request.header.msg_type.replace(/_request$/, "_reply"), this.#session),
      parentHeader: request.header,
      metadata,
      content,
    });
  }

  /** Asks the client whose request runs for input. Returns the id of the question. */
  input(request: Message, content: Content, failed: (error: unknown) => void): string {
    this.#streams.flush();
    const header = newHeader("input_request", this.#session);
    const { identities } = request;
    this.#send("stdin", { identities, header, parentHeader: request.header, content }, failed);
    return header.msg_id;
  }

  /** The message for those who subscribe to messages whose topic begins with `topic` (JEP 65): they miss nothing from now on. */
  welcome(topic: Uint8Array): Outgoing {
    const content = { subscription: Buffer.from(topic).toString() };
    return { identities: [topic], header: newHeader("iopub_welcome", this.#session), parentHeader: {}, content };
  }

  #print(cell: number, name: StreamName, text: string): void {
    this.#streams.add(cell, name, JSON.stringify(text).slice(1, -1));
  }

  #publish(
    type: string,
    content: Content | string,
    parent: Message | undefined,
    extra: Pick<Outgoing, "metadata" | "buffers"> = {},
  ): void {
    this.#send("iopub", {
      identities: [`kernel.${this.#session}.${type}`],
      header: newHeader(type, this.#session),
      parentHeader: parent?.header ?? {},
      content,
      ...extra,
    });
  }
}
