/** Makes the messages that a session sends, in the order in which things happen: streams are flushed before any other message. */

import type { StreamName } from "../shared/messages.ts";
import { outputLimit, StreamBuffer, TextBudget } from "./printedText.ts";
import type { RequestChannel } from "./sockets/sockets.ts";
import { type Content, type Message, newHeader, type Outgoing, replyType } from "./wire/message.ts";

/** Sends a message on a channel. `failed` is called when it cannot be delivered. */
export type Send = (channel: RequestChannel | "iopub", message: Outgoing, failed?: (error: unknown) => void) => void;

/** The request that a message answers or is caused by: only its header is kept, since its buffers may be large. */
type Parent = Pick<Message, "header">;

/** The request whose output a cell's is, and how much text that may be. */
interface Cell {
  readonly parent: Parent;
  readonly budget: TextBudget;
  /** First halves of surrogate pairs, which wait for the second to be printed; undefined once the cell has ended. */
  halves: Partial<Record<StreamName, string>> | undefined;
}

/** Cells whose late output (a timer, an update of a display) still finds its parent. */
const rememberedCells = 4096;
/** Characters that are made JSON at once. Each may become six, and V8's strings end at 500 million. */
const longestPiece = 200_000;

/** The messages of one session. */
export class Outbox {
  readonly #send: Send;
  readonly #session: string;
  readonly #limit = outputLimit();
  readonly #cells = new Map<number, Cell>();
  /** Gathers text that is inside JSON's quotation marks already: a megabyte is not made twice, as text and as JSON. */
  readonly #streams = new StreamBuffer((cell, name, text) =>
    this.#publish("stream", `{"name":"${name}","text":"${text}"}`, this.#cells.get(cell)?.parent, { isFlat: true }),
  );

  constructor(send: Send, session: string) {
    this.#send = send;
    this.#session = session;
  }

  /** Output of `cell` is a child of `request` from now on. */
  adopt(cell: number, { header }: Message): void {
    this.#cells.set(cell, { parent: { header }, budget: new TextBudget(this.#limit), halves: {} });
    if (this.#cells.size > rememberedCells) this.#cells.delete(this.#cells.keys().next().value as number);
  }

  /** Sends printed text, up to the cell's limit. */
  stream(cell: number, name: StreamName, text: string): void {
    const known = this.#cells.get(cell);
    const whole = known?.halves === undefined ? text : completed(known.halves, name, text);
    if (whole === "") return;
    const wasExceeded = known?.budget.exceeded === true;
    const shown = known?.budget.admit(whole) ?? whole;
    if (shown !== "") this.#print(cell, name, shown);
    if (known?.budget.exceeded === true && !wasExceeded) this.#print(cell, "stderr", known.budget.warning);
  }

  /** The cell is about to be answered: what it printed by halves, and how much of its text was dropped, comes now. */
  closing(cell: number): void {
    const known = this.#cells.get(cell);
    if (known === undefined) return;
    const { halves = {} } = known;
    known.halves = undefined;
    for (const name of ["stdout", "stderr"] as const) this.stream(cell, name, halves[name] ?? "");
    if (known.budget.summary !== "") this.#print(cell, "stderr", known.budget.summary);
  }

  /** Publishes a message as output of its cell. */
  output(cell: number, type: string, content: Content | string): void {
    this.publish(type, content, this.#cells.get(cell)?.parent);
  }

  /** Publishes what code says on a comm, as output of its cell. */
  comm(cell: number, type: string, content: string, metadata: string, buffers: readonly Uint8Array[]): void {
    this.#streams.flush();
    this.#publish(type, content, this.#cells.get(cell)?.parent, { metadata, buffers });
  }

  status(state: "starting" | "busy" | "idle", parent: Parent | undefined): void {
    this.publish("status", { execution_state: state }, parent);
  }

  publish(type: string, content: Content | string, parent: Parent | undefined): void {
    this.#streams.flush();
    this.#publish(type, content, parent);
  }

  /** Replies to `request` with the type its name asks for: `x_request` gets `x_reply`. */
  reply(channel: RequestChannel, request: Message, content: Content | string, metadata: Content = {}): void {
    this.#streams.flush();
    this.#send(channel, {
      identities: request.identities,
      header: newHeader(replyType(request.header.msg_type), this.#session),
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

  /** Makes the message for those who subscribe to messages whose topic begins with `topic` (JEP 65): they miss nothing from now on. */
  welcome(topic: Uint8Array): Outgoing {
    const content = { subscription: Buffer.from(topic).toString() };
    return { identities: [topic], header: newHeader("iopub_welcome", this.#session), parentHeader: {}, content };
  }

  #print(cell: number, name: StreamName, text: string): void {
    for (let start = 0, end = 0; start < text.length; start = end) {
      end = start + longestPiece;
      if (end < text.length && isFirstHalf(text, end - 1)) end--;
      this.#streams.add(cell, name, JSON.stringify(text.slice(start, end)).slice(1, -1));
    }
  }

  #publish(
    type: string,
    content: Content | string,
    parent: Parent | undefined,
    extra: Pick<Outgoing, "metadata" | "buffers" | "isFlat"> = {},
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

/** Joins `text` to the half of a pair that waits for it; if it ends with half a pair itself, that waits now. */
function completed(halves: Partial<Record<StreamName, string>>, name: StreamName, text: string): string {
  const whole = (halves[name] ?? "") + text;
  const isCut = isFirstHalf(whole, whole.length - 1);
  halves[name] = isCut ? whole.slice(-1) : "";
  return isCut ? whole.slice(0, -1) : whole;
}

function isFirstHalf(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xd800;
}
