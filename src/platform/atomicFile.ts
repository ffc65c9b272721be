/** Single files that are either the old one or the new one, whole, whatever happens while they are written. */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { isSystemError, operations, syncFolder } from "./operations.ts";
import { disown, ownedName, sweep } from "./owner.ts";
import { writeFailed } from "./writeFailed.ts";

/** What a file is to hold; chunks are asked for one by one, so that not all need be in memory at once. */
export type Content = string | Uint8Array | Iterable<Uint8Array>;

/** What is told of a file by who has written or read it. */
export interface FileRecord {
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

export interface WriteOptions {
  /** Permission bits. Default: what the process gives to new files. */
  readonly mode?: number | undefined;
  /** Aborting it ends the writing; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

const prefix = ".thaw-file-";
const gatheredBytes = 2 ** 18;
/** Between two pieces of this many bytes the event loop goes on, and a signal is looked at. */
const pieceBytes = 8 * 2 ** 20;

/**
 * Writes a file beside `path`, brings it to the disk, then renames it into place. What a process that was killed has left
 * there of such writing is removed. Throws `WRITE_FAILED` with the system's reason; the file that was there before is
 * then unchanged.
 */
export async function writeFileAtomic(path: string, content: Content, options: WriteOptions = {}): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, ownedName(prefix));
  let isInPlace = false;
  try {
    await sweep(folder, prefix);
    await writeNewFile(temporary, content, options);
    await operations.rename(temporary, path);
    isInPlace = true;
    await syncFolder(folder);
  } catch (cause) {
    if (!isInPlace) await operations.unlink(temporary).catch(() => {});
    if (options.signal?.aborted) throw cause;
    const bytes = typeof content === "string" || content instanceof Uint8Array ? Buffer.byteLength(content) : 0;
    const state = isInPlace
      ? "It is there, but may be lost if the power fails now."
      : "What was there before is unchanged.";
    throw await writeFailed(cause, { path, bytes, state });
  } finally {
    disown(temporary);
  }
}

/** Writes a file that must not exist yet and brings it to the disk. The system's errors are thrown as they are. */
export async function writeNewFile(
  path: string,
  content: Content,
  { mode, signal }: WriteOptions = {},
): Promise<FileRecord> {
  const hash = createHash("sha256");
  let bytes = 0;
  const file = await operations.open(path, "wx", mode);
  try {
    if (mode !== undefined) await operations.chmod(file, mode);
    for (const chunk of chunksOf(content)) {
      for (let offset = 0; offset < chunk.byteLength; ) {
        signal?.throwIfAborted();
        // A write may take fewer bytes than it was given: 148,576 of 300,000 at a size limit.
        const taken = await operations.write(file, chunk.subarray(offset, offset + pieceBytes));
        if (taken === 0) throw new Error("the system took none of the bytes");
        hash.update(chunk.subarray(offset, offset + taken));
        offset += taken;
        bytes += taken;
      }
    }
    await operations.sync(file);
  } finally {
    await operations.close(file);
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** Length and hash of a file; undefined where there is none. `sync` brings it to the disk as well. */
export async function recordOf(path: string, { sync = false } = {}): Promise<FileRecord | undefined> {
  const hash = createHash("sha256");
  let bytes = 0;
  const file = await operations.open(path, "r").catch((error) => {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const buffer = new Uint8Array(2 ** 20);
    for (let count = await operations.read(file, buffer); count > 0; count = await operations.read(file, buffer)) {
      hash.update(buffer.subarray(0, count));
      bytes += count;
    }
    if (sync) await operations.sync(file);
  } finally {
    await operations.close(file);
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** Small chunks are put together, so that a file of many takes few calls. */
function* chunksOf(content: Content): Generator<Uint8Array> {
  if (typeof content === "string") yield new TextEncoder().encode(content);
  else if (content instanceof Uint8Array) yield content;
  else {
    let [small, bytes]: [Uint8Array[], number] = [[], 0];
    for (const chunk of content) {
      small.push(chunk);
      bytes += chunk.byteLength;
      if (bytes < gatheredBytes) continue;
      yield small.length === 1 ? chunk : Buffer.concat(small);
      [small, bytes] = [[], 0];
    }
    yield Buffer.concat(small);
  }
}
