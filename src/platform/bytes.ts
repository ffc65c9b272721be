/** Hashes, compression and a check of encodings: what native code does to bytes. */
import { promisify } from "node:util";
import zlib from "node:zlib";

export { isUtf8 } from "node:buffer";
export { createHash, type Hash } from "node:crypto";
export { deflateSync } from "node:zlib";

/** Unpacks gzip on another thread. Rejects with a RangeError where more than `maxOutputLength` bytes come out. */
export const gunzip: (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Promise<Buffer> = promisify(
  zlib.gunzip,
);

/**
 * Computes the checksum of PNG and zip. An older Node.js does not have it: an import by name would end that before it
 * can say that it is too old.
 */
export const crc32 = (bytes: Uint8Array): number => zlib.crc32(bytes);
