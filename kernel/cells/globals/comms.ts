/** Comms: two-way channels between code in cells and widgets of the frontend, as `Jupyter.comms` and as the host's `comms`. */
import { randomUUID } from "node:crypto";
import { types } from "node:util";
import { CodedError } from "../../../shared/codedError.ts";
import type { CommDelivery, CommReport } from "../../shared/messages.ts";
import { asBuffer } from "../display/mimeData.ts";
import { fromCellPromise } from "../realm/cellRealm.ts";

/** A message of either side. */
interface CommMessage {
  /** The message's data: an object, if the frontend keeps to the protocol; from Thaw's side always. */
  readonly data: unknown;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly buffers: readonly Uint8Array[];
}

/** Options of a message. */
export interface CommOptions {
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Binary frames, which are copied. A view, such as a Float32Array, is sent as its bytes. */
  readonly buffers?: readonly (ArrayBufferView | ArrayBuffer)[];
}

type CommHandler = (message: CommMessage) => unknown;
/** Called with every comm the frontend opens on a target, and with its opening message. */
type TargetHandler = (comm: Comm, message: CommMessage) => unknown;
type Send = (kind: CommReport["kind"], comm: Comm, data: unknown, options: CommOptions) => void;

/** One open channel. */
export class Comm {
  readonly id: string;
  readonly target: string;
  readonly #send: Send;
  readonly #handlers: Record<"message" | "close", CommHandler[]> = { message: [], close: [] };
  #open = true;

  /** Called by `Jupyter.comms.open` and for target handlers. */
  constructor(id: string, target: string, send: Send) {
    this.id = id;
    this.target = target;
    this.#send = send;
  }

  /** Whether neither side has closed it. */
  get isOpen(): boolean {
    return this.#open;
  }

  send(data: unknown, options: CommOptions = {}): void {
    if (!this.#open)
      throw new CommError("COMM_CLOSED", `Comm ${this.id} ("${this.target}") is closed: open another one.`);
    this.#send("comm_msg", this, data, options);
  }

  /** Closes both sides. A second call does nothing. */
  close(data: unknown = {}, options: CommOptions = {}): void {
    if (!this.#open) return;
    this.#send("comm_close", this, data, options);
    this.#open = false;
  }

  /** Adds a handler for what the frontend sends. */
  onMessage(handler: CommHandler): void {
    this.#handlers.message.push(callable(handler));
  }

  /** Adds a handler for the frontend's closing. */
  onClose(handler: CommHandler): void {
    this.#handlers.close.push(callable(handler));
  }

  /** Handles a message of the frontend, for the registry. Returns what the handlers returned. */
  receive(kind: "message" | "close", message: CommMessage): unknown[] {
    if (kind === "close") this.#open = false;
    return this.#handlers[kind].map((handler) => handler(message));
  }
}

/** The errors of comms; `code` is COMM_CLOSED, COMM_DATA, COMM_HANDLER or COMM_TARGET. */
class CommError extends CodedError {
  override readonly name = "CommError";
}

/** The comms of the kernel. */
export class Comms {
  readonly #targets = new Map<string, TargetHandler>();
  readonly #open = new Map<string, Comm>();
  readonly #post: (report: Omit<CommReport, "type" | "cell">) => void;
  readonly #onError: (error: unknown, cell: number) => void;

  /**
   * `onError` is called with what a handler threw, or its promise rejected with, and the number of the cell under which
   * it ran.
   */
  constructor(
    post: (report: Omit<CommReport, "type" | "cell">) => void,
    onError: (error: unknown, cell: number) => void,
  ) {
    this.#post = post;
    this.#onError = onError;
  }

  /** Lets the frontend open comms on `target`; a second handler replaces the first. */
  registerTarget(target: string, handler: TargetHandler): void {
    this.#targets.set(name(target), callable(handler));
  }

  unregisterTarget(target: string): void {
    this.#targets.delete(target);
  }

  /** Opens a comm on a target that the frontend has registered. */
  open(target: string, data: unknown = {}, options: CommOptions = {}): Comm {
    const comm = new Comm(randomUUID(), name(target), this.#send);
    this.#send("comm_open", comm, data, options);
    return comm;
  }

  /** Returns the open comm with this id. */
  get(id: string): Comm | undefined {
    return this.#open.get(id);
  }

  /** Delivers a message of the frontend, for the kernel. Never throws. */
  receive({ cell, kind, id, target, data, metadata, buffers }: CommDelivery): void {
    const message = structuredClone({ data, metadata, buffers }); // made of the cells' own objects
    try {
      const comm = kind === "open" ? undefined : this.#open.get(id);
      if (kind === "close") this.#open.delete(id);
      const returned = kind === "open" ? [this.#opened(id, target, message)] : (comm?.receive(kind, message) ?? []);
      for (const value of returned) {
        if (types.isPromise(value)) fromCellPromise(value).catch((error: unknown) => this.#onError(error, cell));
      }
    } catch (error) {
      this.#onError(error, cell);
      if (kind === "open") this.#open.get(id)?.close();
    }
  }

  #opened(id: string, target: string, message: CommMessage): unknown {
    const comm = new Comm(id, target, this.#send);
    this.#open.set(id, comm);
    const handler = this.#targets.get(target);
    return handler === undefined ? comm.close() : handler(comm, message);
  }

  readonly #send: Send = (kind, comm, data, options) => {
    const sent = commContent(kind, comm.id, comm.target, data, options);
    if (kind === "comm_close") this.#open.delete(comm.id);
    if (kind === "comm_open") this.#open.set(comm.id, comm);
    this.#post({ kind, id: comm.id, target: comm.target, ...sent });
  };
}

/**
 * Writes a comm message as the protocol has it. It throws where frontends would refuse it: data and metadata are JSON
 * objects.
 */
export function commContent(
  kind: CommReport["kind"],
  id: string,
  target: string,
  data: unknown,
  { metadata, buffers }: CommOptions,
): Pick<CommReport, "content" | "metadata" | "buffers"> {
  const named = JSON.stringify({ comm_id: id, ...(kind === "comm_open" && { target_name: target }) });
  return {
    content: `${named.slice(0, -1)},"data":${jsonObject("data", data)}}`,
    metadata: jsonObject("metadata", metadata),
    buffers: (buffers ?? []).map((buffer) => Uint8Array.from(asBuffer(buffer))),
  };
}

function jsonObject(what: string, value: unknown = {}): string {
  const json = JSON.stringify(value);
  if (json?.startsWith("{")) return json;
  throw new CommError(
    "COMM_DATA",
    `The ${what} of a comm's message is an object, such as { value: 5 }; found ${json?.slice(0, 100) ?? typeof value}.`,
  );
}

function callable<Handler>(handler: Handler): Handler {
  if (typeof handler === "function") return handler;
  throw new CommError("COMM_HANDLER", `A handler of a comm is a function; found ${typeof handler}.`);
}

function name(target: string): string {
  if (typeof target === "string" && target !== "") return target;
  throw new CommError("COMM_TARGET", `The target of a comm is named by a text; found ${JSON.stringify(target)}.`);
}
