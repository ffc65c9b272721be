/** Hashes, random ids, compression, and a check of encodings: what is done to bytes in native code. */
import { promisify } from "node:util";
import zlib from "node:zlib";

export { isUtf8 } from "node:buffer";
export { createHash, type Hash, randomUUID } from "node:crypto";
export { deflateSync } from "node:zlib";

/** Unpacks gzip on another thread. `maxOutputLength`: bytes at most; beyond, it rejects with a RangeError. */
export const gunzip: (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Promise<Buffer> = promisify(
  zlib.gunzip,
);

/** The checksum of PNG and zip. Imported by its name, it would end an older Node.js before that can say that it is too old. */
export const crc32 = (bytes: Uint8Array): number => zlib.crc32(bytes);
