/**
 * Writes single files so that each is the old one or the new one, whole, whatever happens meanwhile; and says why one
 * could not be written.
 */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { ThawError } from "../errors.ts";
import { isSystemError, operations, syncFolder } from "./files.ts";
import { disown, ownedName, sweep } from "./owner.ts";

/** The content of a file. Chunks are asked for one by one, so that not all of them need be in memory at once. */
export type Content = string | Uint8Array | Iterable<Uint8Array>;

/** The length and the hash of a file, as whoever has written or read it tells them. */
export interface FileRecord {
  readonly bytes: number;
  /** Hash of the content, in hexadecimal. */
  readonly sha256: string;
}

export interface WriteOptions {
  /** Permission bits of the file. Default: those that the process gives to new files. */
  readonly mode?: number | undefined;
  /** Aborting it ends the writing; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

const prefix = ".thaw-file-";
const gatheredBytes = 2 ** 18;
/** A write takes at most so many bytes at once: after each the event loop goes on, and a signal is looked at. */
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

/**
 * Reads a file and gives its length and hash, or undefined where there is none. `sync` brings it to the disk as well.
 */
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

/** The parts of the message besides the system's reason. */
export interface FailedWrite {
  /** The file or folder that was to be written, as the user named it. */
  readonly path: string;
  /** A folder on the disk that was written to. Default: the folder of `path`. */
  readonly place?: string;
  /** Bytes that all of it takes; 0 where that is not known. */
  readonly bytes?: number;
  /** A sentence that says what stands there now. */
  readonly state: string;
}

/**
 * Makes a `WRITE_FAILED` of the system's error: what failed, why, what stands there now, and what to do. An error of
 * this library comes back as it is.
 */
export async function writeFailed(cause: unknown, failed: FailedWrite): Promise<ThawError> {
  if (cause instanceof ThawError) return cause;
  const { path, place = dirname(path), bytes = 0, state } = failed;
  if (isSystemError(cause, "ENOSPC", "EDQUOT")) {
    const free = await operations.freeBytes(place).catch(() => undefined);
    return noSpace(path, bytes, free, state, cause);
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  const limit = isSystemError(cause, "EFBIG")
    ? ` Files may not grow beyond a limit here (\`ulimit -f\` shows it)${bytes > 0 ? `, and ${counted(bytes)} bytes are to be written` : ""}.`
    : "";
  return new ThawError("WRITE_FAILED", `Could not write ${path}: ${reason}.${limit} ${state} ${adviceFor(cause)}`, {
    cause,
  });
}

/** Makes the `WRITE_FAILED` of a full disk. `free` is undefined where the file system does not say. */
export function noSpace(
  path: string,
  bytes: number,
  free: number | undefined,
  state: string,
  cause?: unknown,
): ThawError {
  const atLeast = free !== undefined && free >= bytes ? "at least " : ""; // names take room too, and may be used up
  const needed = bytes > 0 ? `${atLeast}${counted(bytes)} bytes are needed` : "more bytes are needed";
  const found = free === undefined ? "the file system does not say how many are free" : `${counted(free)} are free`;
  return new ThawError(
    "WRITE_FAILED",
    `Could not write ${path}: its disk is full, or a quota is used up: ${needed}, ${found}. ${state} ` +
      "Free some space there, or save to another disk.",
    { cause },
  );
}

function adviceFor(cause: unknown): string {
  if (isSystemError(cause, "EACCES", "EPERM"))
    return "Make the folder and its files writable for this user, or save elsewhere.";
  if (isSystemError(cause, "EROFS")) return "That disk is mounted read-only: save elsewhere.";
  if (isSystemError(cause, "EFBIG")) return "Raise the limit, or save on another file system.";
  if (isSystemError(cause, "EIO")) return "The disk reports a fault: save to another one.";
  return "Save again when that is mended, or save elsewhere.";
}

function counted(bytes: number): string {
  return Math.ceil(bytes).toLocaleString("en-US");
}
