/**
 * Turns messages into ZeroMQ frames and back: identities, `<IDS|MSG>`, signature, header, parent, metadata, content, buffers.
 * The signature decides who may speak to the kernel: an HMAC over the four JSON frames, and no message twice.
 */

import { createHmac, timingSafeEqual } from "node:crypto";
import { isTooDeep, readableJson } from "./json.ts";
import type { Content, Frame, Header, Message, Outgoing } from "./message.ts";

const delimiterText = "<IDS|MSG>";
const delimiter = Buffer.from(delimiterText);
/** The longest JSON frame that is read, in bytes. Parsed it may take ten times as much memory; what is larger goes into buffers. */
const longestJson = 2 ** 26;

/** The reason why frames were not taken for a message. It never names the expected signature. */
export type Refusal =
  | "no delimiter"
  | "too few frames"
  | "too long"
  | "bad signature or replay"
  | "nested too deep"
  | "not JSON"
  | "not a message";

/**
 * Returns the message in `frames`, or why there is none. The signature is checked before anything is parsed.
 * `longest` is the most bytes of a JSON frame; by default what a kernel takes from a client.
 */
export function decode(
  frames: readonly Uint8Array[],
  signer: Signer,
  longest: number = longestJson,
): Message | Refusal {
  const at = frames.findIndex((frame) => delimiter.equals(frame));
  if (at === -1) return "no delimiter";
  const [signature, ...signed] = frames.slice(at + 1, at + 6);
  if (signature === undefined || signed.length < 4) return "too few frames";
  if (signed.some((frame) => frame.byteLength > longest)) return "too long";
  if (!signer.accept(signature, signed)) return "bad signature or replay";
  const texts = signed.map((frame) => Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString("utf8"));
  if (texts.some(isTooDeep)) return "nested too deep";
  const parts: unknown[] = [];
  try {
    for (const text of texts) parts.push(JSON.parse(text));
  } catch {
    return "not JSON";
  }
  const [header, parentHeader, metadata, content] = parts;
  if (!isHeader(header) || !isObject(parentHeader) || !isObject(metadata) || !isObject(content)) return "not a message";
  return {
    identities: frames.slice(0, at),
    header,
    parentHeader: isHeader(parentHeader) ? parentHeader : {},
    metadata,
    content,
    buffers: frames.slice(at + 6),
  };
}

/** Returns the frames to send for `message`. */
export function encode(message: Outgoing, signer: Signer): Frame[] {
  const signed = [
    readableJson(message.header),
    readableJson(message.parentHeader),
    readableJson(message.metadata ?? {}),
    readableJson(message.content, message.isFlat),
  ];
  return [...message.identities, delimiterText, signer.sign(signed), ...signed, ...(message.buffers ?? [])];
}

function isObject(value: unknown): value is Content {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isHeader(value: unknown): value is Header {
  return isObject(value) && typeof value.msg_id === "string" && typeof value.msg_type === "string";
}

/** Digests that are remembered against replay; older ones are forgotten first. */
const remembered = 65_536;

/** Signs and checks the frames of one connection. An empty key turns signing, and with it the replay check, off. */
export class Signer {
  readonly #key: string;
  readonly #hash: string;
  readonly #length: number;
  readonly #seen = new Set<string>();
  /**
   * The digests of `#seen` in a ring buffer whose oldest entry is at `#next`: to take the first out of a set gets slow once
   * many have been taken.
   */
  readonly #order: string[] = [];
  #next = 0;

  /** `scheme` is the connection file's `signature_scheme`, such as `"hmac-sha256"`. */
  constructor(key: string, scheme = "hmac-sha256") {
    this.#key = key;
    this.#hash = scheme.replace(/^hmac-/, "");
    this.#length = this.sign([]).length;
  }

  /** Returns the hexadecimal digest over `frames`; it is empty without a key. */
  sign(frames: readonly Frame[]): string {
    if (this.#key === "") return "";
    const hmac = createHmac(this.#hash, this.#key);
    for (const frame of frames) hmac.update(frame);
    return hmac.digest("hex");
  }

  /** Whether `signature` is right for `frames` and was never seen before. Takes the same time whichever digits are wrong. */
  accept(signature: Uint8Array, frames: readonly Uint8Array[]): boolean {
    if (this.#key === "") return true;
    if (signature.length !== this.#length) return false; // a length is no secret, and 64 MB need not be hashed to see it
    const expected = this.sign(frames);
    if (!timingSafeEqual(Buffer.from(expected), signature)) return false;
    if (this.#seen.has(expected)) return false;
    this.#seen.add(expected);
    this.#seen.delete(this.#order[this.#next] ?? "");
    this.#order[this.#next] = expected;
    this.#next = (this.#next + 1) % remembered;
    return true;
  }
}
