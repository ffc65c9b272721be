/** The protocol worker's half of comms: it knows which are open, and which messages of the frontend the main thread still works on. */
import type { CommDelivery, CommReport } from "../shared/messages.ts";
import type { Outbox } from "./outbox.ts";
import type { Content, Message } from "./wire/message.ts";

const kinds = { comm_open: "open", comm_msg: "message", comm_close: "close" } as const;
type CommType = keyof typeof kinds;

/** The comms that are open. */
export class CommTable {
  readonly #outbox: Outbox;
  readonly #deliver: (delivery: CommDelivery) => void;
  /** Comm id -> target. */
  readonly #open = new Map<string, string>();
  /** Cell number -> the message delivered under it, oldest first. */
  readonly #delivered = new Map<number, Message>();

  constructor(outbox: Outbox, deliver: (delivery: CommDelivery) => void) {
    this.#outbox = outbox;
    this.#deliver = deliver;
  }

  /** Returns the content of `comm_info_reply`. */
  info({ target_name }: Content): Content {
    const wanted = [...this.#open].filter(([, target]) => (target_name ?? target) === target);
    return { status: "ok", comms: Object.fromEntries(wanted.map(([id, target]) => [id, { target_name: target }])) };
  }

  /** Delivers a message of the frontend. What its handlers cause counts as output of the cell numbered `cell`. */
  receive(message: Message, cell: number): void {
    const { header, content, metadata, buffers } = message;
    const type = header.msg_type as CommType;
    const id = String(content.comm_id);
    const target = type === "comm_open" ? String(content.target_name) : (this.#open.get(id) ?? "");
    if (type === "comm_open") this.#open.set(id, target);
    else if (type === "comm_close") this.#open.delete(id);
    this.#outbox.adopt(cell, message);
    this.#outbox.status("busy", message);
    this.#deliver({ type: "comm", cell, kind: kinds[type], id, target, data: content.data ?? {}, metadata, buffers });
    this.#delivered.set(cell, message);
  }

  /** Passes on what code on the main thread says on a comm. */
  report({ cell, kind, id, target, content, metadata, buffers }: CommReport): void {
    if (kind === "comm_open") this.#open.set(id, target);
    else if (kind === "comm_close") this.#open.delete(id);
    this.#outbox.comm(cell, kind, content, metadata, buffers);
  }

  /**
   * The main thread is done with the message delivered as `cell`. It takes them in order, so earlier ones are over too,
   * even where a handler was ended by force and could not say so. Returns the messages that are over.
   */
  handled(cell: number): Message[] {
    const over = [...this.#delivered].filter(([delivered]) => delivered <= cell);
    for (const [delivered] of over) {
      this.#delivered.delete(delivered);
      this.#outbox.closing(delivered);
    }
    return over.map(([, message]) => message);
  }
}
