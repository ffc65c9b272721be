/** The contents of a bundle as JSON can carry them: text, base64 for bytes, plain data for JSON types. */
import { toUSVString, types } from "node:util";
import type { Bundle } from "./bundle.ts";

/** What can be sent; a type whose content cannot is left out and told to `refuse`. */
export function sendable(
  data: Bundle["data"],
  refuse: (type: string, error: unknown) => void,
): Record<string, unknown> {
  const sent: Record<string, unknown> = {};
  for (const type of Object.keys(data)) {
    try {
      const content = contentOf(type, data[type]);
      if (content !== undefined) sent[type] = content;
    } catch (error) {
      refuse(type, error);
    }
  }
  return sent;
}

/** A bundle that someone wrote to be shown: throws where a content cannot be sent. */
export function sendableBundle({ data, metadata = {} }: Bundle): Bundle {
  const refuse = (type: string, cause: unknown): never => {
    throw Object.assign(
      new TypeError(`The ${type} content of this display is nothing that JSON can carry.`, { cause }),
      {
        code: "BAD_DISPLAY",
      },
    );
  };
  return { data: sendable(data, refuse), metadata: sendable(metadata, refuse) };
}

function contentOf(type: string, value: unknown): unknown {
  if (typeof value === "string") return toUSVString(value); // half a surrogate pair makes a notebook that cannot be saved
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return toBase64(value);
  if (Array.isArray(value) && !/\bjson$/.test(type) && value.every((line) => typeof line === "string")) {
    return toUSVString(value.join("")); // as notebook files hold text: a list of lines
  }
  if (typeof value === "object" && value !== null) {
    JSON.stringify(value); // throws what sending it would throw
    return value;
  }
  if (/\bjson$/.test(type) || value === undefined) return JSON.parse(JSON.stringify(value ?? null)) ?? undefined;
  return String(value);
}

export function toBase64(bytes: ArrayBufferView | ArrayBufferLike): string {
  return asBuffer(bytes).toString("base64");
}

/** The same memory, as a `Buffer`. */
export function asBuffer(bytes: ArrayBufferView | ArrayBufferLike): Buffer {
  if (!ArrayBuffer.isView(bytes)) return Buffer.from(bytes as ArrayBuffer);
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}
