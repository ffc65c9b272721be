/** Messages of the Jupyter protocol 5.3: their parts, the fields of each request, and replies that tell an error. */
import { randomUUID } from "node:crypto";

/** The version of the protocol that headers name. */
export const protocolVersion = "5.3";

/** The header of a message. Its keys are the protocol's own, so that it can be echoed as it came. */
export interface Header {
  readonly msg_id: string;
  readonly msg_type: string;
  readonly session: string;
  readonly username: string;
  readonly date: string;
  readonly version: string;
}

/** The content of a message, or its metadata. */
export type Content = Readonly<Record<string, unknown>>;

/** A message that has been verified and parsed. */
export interface Message {
  /** The routing frames in front of the delimiter: they name the client that a reply goes to, or the topic on iopub. */
  readonly identities: readonly Uint8Array[];
  readonly header: Header;
  /** The header of the request it answers; `{}` where it answers none. */
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
  /** Whether the content is known not to nest, so that a flood of text need not be searched. Default: false. */
  readonly isFlat?: boolean;
  readonly buffers?: readonly Uint8Array[];
}

/** Makes the header of a new message of this kernel. */
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

/** Fields that clients expect in a reply of each type, beside the error that it tells. */
const besideError: Readonly<Record<string, Content>> = {
  history_reply: { history: [] },
  is_complete_reply: { status: "unknown" }, // the protocol has no other word for it
  shutdown_reply: { restart: false },
};

/** Names the reply to a request: `x_request` -> `x_reply`. */
export function replyType(request: string): string {
  return request.replace(/_request$/, "_reply");
}

/** Makes the content of a reply of this type that tells an error. */
export function errorReply(type: string, ename: string, evalue: string): Content {
  return { status: "error", ename, evalue, traceback: [`${ename}: ${evalue}`], ...besideError[type] };
}

type Kind = "string" | "number" | "boolean" | "object";

/** The fields of each type of request; those ending in `?` may be absent or null. */
const fields: Readonly<Record<string, Readonly<Record<string, Kind | `${Kind}?`>>>> = {
  execute_request: {
    code: "string",
    silent: "boolean?",
    store_history: "boolean?",
    user_expressions: "object?",
    allow_stdin: "boolean?",
    stop_on_error: "boolean?",
  },
  complete_request: { code: "string", cursor_pos: "number?" },
  inspect_request: { code: "string", cursor_pos: "number?", detail_level: "number?" },
  is_complete_request: { code: "string" },
  history_request: {
    hist_access_type: "string",
    output: "boolean?",
    raw: "boolean?",
    session: "number?",
    start: "number?",
    stop: "number?",
    n: "number?",
    pattern: "string?",
    unique: "boolean?",
  },
  comm_info_request: { target_name: "string?" },
  shutdown_request: { restart: "boolean?" },
  comm_open: { comm_id: "string", target_name: "string" },
  comm_msg: { comm_id: "string" },
  comm_close: { comm_id: "string" },
};

/**
 * Checks that a request's content is what its type promises: once, at the border; inside it is trusted. Returns a sentence
 * about the first field that is wrong, or undefined. Fields the protocol does not know are left alone.
 */
export function problemOf(type: string, content: Content): string | undefined {
  for (const [field, wanted] of Object.entries(fields[type] ?? {})) {
    const value = content[field];
    if (value === undefined || value === null) {
      if (wanted.endsWith("?")) continue;
      return `${type} lacks "${field}", which should be of type ${wanted}.`;
    }
    const kind = Array.isArray(value) ? "array" : typeof value;
    const right = wanted.replace("?", "");
    if (kind !== right) return `${type} has "${field}" of type ${kind}; it should be of type ${right}.`;
  }
  return undefined;
}
