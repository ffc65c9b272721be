/** Pictures as bytes, told by the bytes they begin with. */
import { types } from "node:util";
import { settled } from "../../cellRealm.ts";
import type { Bundle } from "../bundle.ts";
import { asBuffer } from "../contents.ts";
import { inert, pictured } from "../inert.ts";
import { pictureText } from "../textForm.ts";
import { method, type Recogniser } from "./recogniser.ts";

/** A notebook that holds more than this in one output can hardly be opened. */
const maxBytes = 32 * 2 ** 20;

const signatures: readonly [type: string, test: RegExp][] = [
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the format begins so
  ["image/png", /^\x89PNG\r\n\x1a\n/],
  ["image/jpeg", /^\xff\xd8\xff/],
  ["image/gif", /^GIF8[79]a/],
  ["image/webp", /^RIFF.{4}WEBP/s],
  ["image/svg+xml", /^(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*(<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]/s],
];

export const imageBytes: Recogniser = (value) => {
  if (types.isUint8Array(value) || types.isAnyArrayBuffer(value)) return pictureOf(asBuffer(value));
  return isBlob(value) && value.size <= maxBytes ? fromBlob(value) : undefined;
};

/** By its looks: the first mention of the class itself loads a part of Node. */
function isBlob(value: object): value is Blob {
  return (
    /^\[object (Blob|File)\]$/.test(Object.prototype.toString.call(value)) && method(value, "arrayBuffer") !== undefined
  );
}

async function fromBlob(blob: Blob): Promise<Bundle | undefined> {
  const type = imageType(Buffer.from(await settled(blob.slice(0, 1024).arrayBuffer())));
  return type === undefined ? undefined : pictureOf(Buffer.from(await settled(blob.arrayBuffer())));
}

function pictureOf(bytes: Buffer): Bundle | undefined {
  const type = imageType(bytes);
  if (type === undefined || bytes.length > maxBytes) return undefined;
  const text = pictureText(type, bytes.length);
  if (type !== "image/svg+xml") return { data: { [type]: bytes.toString("base64"), "text/plain": text } };
  const markup = bytes.toString("utf8");
  if (inert(markup)) return { data: { [type]: markup, "text/plain": text } };
  return { data: { "text/html": pictured(markup), "text/plain": text } };
}

/** The MIME type of a picture this kernel can show, or undefined. */
export function imageType(bytes: Uint8Array): string | undefined {
  const start = asBuffer(bytes).toString("latin1", 0, 1024);
  return signatures.find(([, test]) => test.test(start))?.[0];
}
