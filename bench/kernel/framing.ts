/** Frames of the Jupyter protocol with nothing checked: what is timed must not be the client. */
import { createHmac, randomUUID } from "node:crypto";

/** A message as it came; its content is parsed by whoever reads it. */
export interface Arrival {
  readonly type: string;
  /** Id of the request it answers; empty where it answers none. */
  readonly parent: string;
  /** `performance.now()` when its frames were read. */
  readonly at: number;
  readonly contentFrame: Buffer;
}

const delimiter = Buffer.from("<IDS|MSG>");
const empty = Buffer.from("{}");

export function encode(
  { type, id = randomUUID(), parent = empty }: { type: string; id?: string; parent?: Buffer },
  content: unknown,
  key: string,
): Buffer[] {
  const header = { msg_id: id, msg_type: type, session: "bench", username: "bench", date: new Date().toISOString() };
  const frames = [
    Buffer.from(JSON.stringify({ ...header, version: "5.3" })),
    parent,
    empty,
    Buffer.from(JSON.stringify(content)),
  ];
  const hmac = createHmac("sha256", key);
  for (const frame of frames) hmac.update(frame);
  return [delimiter, Buffer.from(hmac.digest("hex")), ...frames];
}

/** The parts after the delimiter: header and content as they came. */
export function parts(frames: readonly Buffer[]): { at: number; header: Buffer; parent: Buffer; content: Buffer } {
  const at = frames.findIndex((frame) => frame.equals(delimiter));
  const [header = empty, parent = empty, , content = empty] = frames.slice(at + 2);
  return { at, header, parent, content };
}

export function decode(frames: readonly Buffer[]): Arrival {
  const { header, parent, content } = parts(frames);
  const { msg_type: type } = JSON.parse(String(header)) as { msg_type: string };
  const { msg_id = "" } = JSON.parse(String(parent)) as { msg_id?: string };
  return { type, parent: msg_id, at: performance.now(), contentFrame: content };
}

export function contentOf(arrival: Arrival): Record<string, unknown> {
  return JSON.parse(String(arrival.contentFrame)) as Record<string, unknown>;
}
