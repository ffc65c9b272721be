/** ZeroMQ frames <-> messages: identities, `<IDS|MSG>`, signature, header, parent, metadata, content, buffers. */
import { isTooDeep, readableJson } from "./json.ts";
import type { Content, Frame, Header, Message, Outgoing } from "./message.ts";
import type { Signer } from "./signature.ts";

const delimiterText = "<IDS|MSG>";
const delimiter = Buffer.from(delimiterText);
/** The longest JSON frame that is read, in bytes. Parsed it may take ten times as much memory; what is larger goes into buffers. */
const longestJson = 2 ** 26;

/** Why frames were not taken for a message. Never names the expected signature. */
export type Refusal =
  | "no delimiter"
  | "too few frames"
  | "too long"
  | "bad signature or replay"
  | "nested too deep"
  | "not JSON"
  | "not a message";

/**
 * The message in `frames`, or why there is none. The signature is checked before anything is parsed. `longest`: bytes of a
 * JSON frame; by default what a kernel takes from a client.
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

/** The frames to send for `message`. */
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
