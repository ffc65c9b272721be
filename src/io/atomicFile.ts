/** Files that are either the old one or the new one, whole, whatever happens while they are written. */
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { ThawError } from "../errors.ts";

let temporaryCount = 0;

/** A name beside `path` that no other writer, in this process or another, uses at the same time. */
export function temporaryBeside(path: string, kind = "tmp"): string {
  return `${path}.${kind}-${process.pid}-${temporaryCount++}`;
}

/**
 * Writes a file beside `path`, brings it to the disk, then renames it into place.
 * Throws `WRITE_FAILED` with the system's reason; the file that was there before is then unchanged.
 */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array | Iterable<Uint8Array>,
): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    const file = await open(temporary, "wx");
    try {
      if (typeof content === "string") await writeAll(file, new TextEncoder().encode(content));
      else if (content instanceof Uint8Array) await writeAll(file, content);
      else for (const chunk of content) await writeAll(file, chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (cause) {
    await rm(temporary, { force: true });
    throw writeFailed(path, cause);
  }
}

/** Brings the names in a directory to the disk: without it a rename may be lost at a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

export function writeFailed(path: string, cause: unknown): ThawError {
  if (cause instanceof ThawError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ThawError(
    "WRITE_FAILED",
    `Could not write ${path}: ${reason}. What was there before is unchanged. Check free space and permissions, then save again.`,
    { cause },
  );
}

/** A write may take fewer bytes than it was given (148,576 of 300,000 at a size limit), so it is repeated until all are taken. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let offset = 0;
  while (offset < bytes.byteLength) {
    // One call takes at most 2^31 - 1 bytes.
    const { bytesWritten } = await file.write(bytes, offset, Math.min(bytes.byteLength - offset, 2 ** 30));
    offset += bytesWritten;
  }
}
