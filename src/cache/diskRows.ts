/** Rows in a temporary file, for what does not fit into memory. */
import { closeSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ThawError } from "../errors.ts";
import { disown, ownedName } from "../platform/owner.ts";
import type { RowStore } from "./rowStore.ts";

/** Of the names that the files have for a moment. */
export const diskRowsPrefix = "thaw-cache-";

export class DiskRows implements RowStore {
  readonly place = "disk";
  bytes = 0;
  readonly #file: number;
  readonly #places = new Map<number, { readonly start: number; readonly length: number }>();
  #isOpen = true;

  /** Errors of the file system are thrown as they are. */
  constructor(folder: string) {
    const name = ownedName(diskRowsPrefix);
    this.#file = openSync(join(folder, name), "wx+", 0o600);
    // without a name it is gone as soon as nobody has it open any more, however this process ends
    unlinkSync(join(folder, name));
    disown(name);
  }

  write(text: number, rows: Float32Array): void {
    const bytes = new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);
    const start = this.bytes;
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#file, bytes, done, bytes.length - done, start + done); // may write less than asked for
    }
    this.#places.set(text, { start, length: rows.length });
    this.bytes += bytes.length;
  }

  read(text: number, target: Float32Array): number {
    const { start, length } = this.#places.get(text) as { start: number; length: number };
    const bytes = new Uint8Array(target.buffer, target.byteOffset, 4 * length);
    for (let done = 0; done < bytes.length; ) {
      const count = readSync(this.#file, bytes, done, bytes.length - done, start + done);
      if (count === 0) {
        throw new ThawError(
          "CACHE_LOST",
          `The temporary file with the outputs of the frozen layers ends at byte ${start + done}, but has ${this.bytes}: ` +
            "somebody has cut it. Train again; with args.cacheDisk: 0 no such file is used.",
        );
      }
      done += count;
    }
    return length;
  }

  dispose(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#file);
    this.#places.clear();
    this.bytes = 0;
  }
}
