/** Messages of the Jupyter protocol 5.3, as both threads of the kernel know them. */
import { randomUUID } from "node:crypto";

export const protocolVersion = "5.3";

/** Keys are the protocol's own, so that a header can be echoed as it came. */
export interface Header {
  readonly msg_id: string;
  readonly msg_type: string;
  readonly session: string;
  readonly username: string;
  readonly date: string;
  readonly version: string;
}

export type Content = Readonly<Record<string, unknown>>;

/** A message that has been verified and parsed. */
export interface Message {
  /** Routing frames in front of the delimiter: whom a reply goes to, or the topic on iopub. */
  readonly identities: readonly Uint8Array[];
  readonly header: Header;
  /** `{}` where a message answers nothing. */
  readonly parentHeader: Header | Record<string, never>;
  readonly metadata: Content;
  readonly content: Content;
  readonly buffers: readonly Uint8Array[];
}

/**
 * A part of a message to send. ZeroMQ copies text and frees it when it has left; of a buffer it keeps hold until the event
 * loop lets go of it, which costs time and, in a flood, much memory.
 */
export type Frame = Uint8Array | string;

/** A message about to be sent. `content` and `metadata` may be JSON text already, so that large bundles are serialised once, by their maker. */
export interface Outgoing {
  readonly identities: readonly Frame[];
  readonly header: Header;
  readonly parentHeader: Header | Record<string, never>;
  readonly metadata?: Content | string;
  readonly content: Content | string;
  /** The content is known not to nest, so that a flood of text need not be searched. Default: false. */
  readonly isFlat?: boolean;
  readonly buffers?: readonly Uint8Array[];
}

/** A header for a new message of this kernel. */
export function newHeader(type: string, session: string): Header {
  return {
    msg_id: randomUUID(),
    msg_type: type,
    session,
    username: "kernel",
    date: new Date().toISOString(),
    version: protocolVersion,
  };
}

/** What clients ask of a reply of each type beside the error that it tells. */
const besideError: Readonly<Record<string, Content>> = {
  history_reply: { history: [] },
  is_complete_reply: { status: "unknown" }, // the protocol has no other word for it
  shutdown_reply: { restart: false },
};

/** `x_request` -> `x_reply`. */
export function replyType(request: string): string {
  return request.replace(/_request$/, "_reply");
}

/** The content of a reply of this type that tells an error. */
export function errorReply(type: string, ename: string, evalue: string): Content {
  return { status: "error", ename, evalue, traceback: [`${ename}: ${evalue}`], ...besideError[type] };
}
