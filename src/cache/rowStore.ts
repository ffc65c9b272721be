/** Holds the outputs of the frozen layers: in memory as far as the budget of a run goes, then in a temporary file. */
import { ThawError } from "../errors.ts";
import { bytesOf } from "../options.ts";
import type { ResolvedArguments } from "../plan/arguments.ts";
import {
  closeSync,
  existsSync,
  freeBytesAt,
  join,
  openSync,
  readSync,
  tmpdir,
  unlinkSync,
  writeSync,
} from "../platform/files.ts";
import { disown, ownedName } from "../platform/owner.ts";

/** The limits of the caches of a run. */
interface CacheLimits {
  /** Bytes in memory. Default: half of the memory that is free now. */
  readonly memory?: number | undefined;
  /** Bytes on the disk. Default: half of what is free in `folder` now. */
  readonly disk?: number | undefined;
  /** The folder of the files. Default: the system's folder for temporary files (TMPDIR). */
  readonly folder?: string | undefined;
}

/**
 * The bytes left for the outputs of the frozen layers, in memory and on the disk. The caches of a run share one budget.
 */
export class CacheBudget {
  readonly folder: string;
  /** Bytes of memory that are left. */
  memory: number;
  /** Bytes on the disk that are left. */
  disk: number;

  constructor({ memory = freeMemory() / 2, disk, folder = tmpdir() }: CacheLimits = {}) {
    this.folder = folder;
    this.memory = memory;
    this.disk = disk ?? freeDisk(folder) / 2;
  }
}

/**
 * Returns the memory in bytes that the caches of a run may take: the user's setting, else half of the free memory or a
 * quarter of `maxMemory`, whichever is less.
 */
export function cacheMemoryOf({
  cacheMemory,
  maxMemory,
}: Pick<ResolvedArguments, "cacheMemory" | "maxMemory">): number {
  if (cacheMemory !== undefined) return bytesOf(cacheMemory) as number;
  const whole = maxMemory === undefined ? undefined : bytesOf(maxMemory);
  return Math.min(freeMemory() / 2, (whole ?? Number.POSITIVE_INFINITY) / 4);
}

/** Bytes that the process can still get: those that a container leaves, where it runs in one. */
const freeMemory = (): number => process.availableMemory();

/** Bytes that the disk of a folder can still take: none without a folder, and no limit where its file system names none. */
function freeDisk(folder: string): number {
  if (!existsSync(folder)) return 0;
  return freeBytesAt(folder) ?? Number.MAX_SAFE_INTEGER;
}

/** A store of float32 rows by example. */
export interface RowStore {
  /** Bytes in use. */
  readonly bytes: number;
  /** The place of these bytes. */
  readonly place: "memory" | "disk";
  /** Stores the rows of one example, once; the caller must not change the array afterwards. */
  write(text: number, rows: Float32Array): void;
  /** Copies the rows of one example to the start of `target`, and returns their number of values. */
  read(text: number, target: Float32Array): number;
  dispose(): void;
}

/** Rows in memory. */
export class MemoryRows implements RowStore {
  readonly place = "memory";
  bytes = 0;
  readonly #rows = new Map<number, Float32Array>();

  write(text: number, rows: Float32Array): void {
    this.#rows.set(text, rows);
    this.bytes += rows.byteLength;
  }

  read(text: number, target: Float32Array): number {
    const rows = this.#rows.get(text) as Float32Array;
    target.set(rows);
    return rows.length;
  }

  dispose(): void {
    this.#rows.clear();
    this.bytes = 0;
  }
}

/** Prefix of the temporary file names. */
export const diskRowsPrefix = "thaw-cache-";

/** Rows in a temporary file, for what does not fit into memory. */
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
