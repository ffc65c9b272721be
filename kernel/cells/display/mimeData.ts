/** The data of MIME bundles as JSON can carry it: text, base64 for bytes, plain data for JSON types. */
import { types } from "node:util";
import type { DisplayBundle, MimeBundle } from "../../../shared/mimeBundle.ts";

/**
 * Converts the contents for sending; a type whose content cannot be sent is left out and reported to `refuse`. Metadata
 * may be anything that JSON can carry.
 */
export function sendableData(
  data: MimeBundle,
  refuse: (type: string, error: unknown) => void,
  isMetadata = false,
): Record<string, unknown> {
  const sent: Record<string, unknown> = {};
  for (const type of Object.keys(data)) {
    try {
      const content = contentOf(type, data[type], isMetadata || isJson(type));
      if (content !== undefined) sent[type] = content;
    } catch (error) {
      refuse(type, error);
    }
  }
  return sent;
}

/** Converts a bundle that a cell has written by hand; throws where a content cannot be sent. */
export function sendableBundle({
  data,
  metadata,
}: {
  readonly data: unknown;
  readonly metadata?: unknown;
}): DisplayBundle {
  const refuse = (type: string, cause: unknown): never => {
    throw badDisplay(`The ${type} content of this display is nothing that JSON can carry.`, cause);
  };
  return {
    data: sendableData(asRecord(data, "data"), refuse),
    metadata: sendableData(asRecord(metadata ?? {}, "metadata"), refuse, true),
  };
}

function asRecord(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  const found = value === null ? "null" : Array.isArray(value) ? "a list" : typeof value;
  throw badDisplay(`The ${name} of a display is an object with MIME types as keys; found ${found}.`);
}

function badDisplay(message: string, cause?: unknown): TypeError {
  return Object.assign(new TypeError(message, { cause }), { code: "BAD_DISPLAY" });
}

/** Whether notebook files may hold contents of this type as anything but text. */
function isJson(type: string): boolean {
  return /^application\/(.*\+)?json$/.test(type);
}

function contentOf(type: string, value: unknown, json: boolean): unknown {
  if (typeof value === "string") return value;
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return toBase64(value);
  if (json) {
    if (typeof value !== "object" || value === null) return JSON.parse(JSON.stringify(value ?? null)) ?? undefined;
    if (JSON.stringify(value) === undefined) throw new TypeError("JSON.stringify makes nothing of it."); // it throws what sending would
    return value;
  }
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((line) => typeof line === "string")) return value.join(""); // as files hold text
  if (typeof value !== "object" || value === null) return String(value);
  if (type.endsWith("json")) return JSON.stringify(value);
  throw new TypeError(
    `${type} is text (or bytes, which become base64); found ${Array.isArray(value) ? "a list" : "an object"}.`,
  );
}

function toBase64(bytes: ArrayBufferView | ArrayBufferLike): string {
  return asBuffer(bytes).toString("base64");
}

/** Returns the same memory as a `Buffer`. */
export function asBuffer(bytes: ArrayBufferView | ArrayBufferLike): Buffer {
  if (!ArrayBuffer.isView(bytes)) return Buffer.from(bytes as ArrayBuffer);
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}

/** Whether `value` is `{ data, metadata? }` with MIME types in `data`, as someone writes it who wants to show exactly that. */
export function isBundle(value: unknown): value is DisplayBundle {
  if (typeof value !== "object" || value === null) return false;
  const { data } = value as { data?: unknown };
  if (!isData(data) || Object.keys(data).length === 0) return false;
  return Object.keys(value).every((key) => key === "data" || key === "metadata");
}

/** Whether `value` is an object that has nothing but MIME types for keys; the empty one is data that shows nothing. */
export function isData(value: unknown): value is MimeBundle {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.keys(value).every((type) => /^[\w.+-]+\/[\w.+-]/.test(type));
}
