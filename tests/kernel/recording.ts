/** Keeps what kernels send in tests, for readers in other languages: `THAW_RECORD_MESSAGES` names the folder. */
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";

const folder = process.env.THAW_RECORD_MESSAGES;
const delimiter = Buffer.from("<IDS|MSG>");
const charactersAtOnce = 1_000_000;

let lines = "";

/** One line a message: its four JSON frames as they came. They hold no line ends, since `JSON.stringify` makes none. */
export function record(frames: readonly Uint8Array[]): void {
  if (folder === undefined) return;
  const at = frames.findIndex((frame) => delimiter.equals(frame));
  const [header, parent, metadata, content] = frames
    .slice(at + 2, at + 6)
    .map((frame) => Buffer.from(frame).toString());
  lines += `{"header":${header},"parent_header":${parent},"metadata":${metadata},"content":${content}}\n`;
  if (lines.length > charactersAtOnce) keep();
}

/** Writes what has been recorded. */
export function keep(): void {
  if (folder === undefined || lines === "") return;
  mkdirSync(folder, { recursive: true });
  appendFileSync(join(folder, `${process.pid}.jsonl`), lines);
  lines = "";
}
