/** Positioned reads: files above 2 GiB work, and data that is not aligned in the file is aligned here. */
import { readSync } from "node:fs";

/** `length` bytes from `position`, in fresh memory. Throws an Error if the file ends before. */
export function readAt(file: number, position: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const count = readSync(file, bytes, done, Math.min(length - done, 2 ** 30), position + done);
    if (count === 0) throw new Error("it ended while it was read");
    done += count;
  }
  return bytes;
}
