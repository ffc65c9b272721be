/** How much the outputs of the frozen layers may take, in memory and on the disk. The caches of a run share one. */
import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import type { ResolvedArguments } from "../train/arguments.ts";
import { bytesOf } from "../train/memorySize.ts";

export interface CacheLimits {
  /** Bytes. Default: half of the memory that is free now. */
  readonly memory?: number | undefined;
  /** Bytes. Default: half of what is free in `folder` now. */
  readonly disk?: number | undefined;
  /** Where files go. Default: the system's folder for temporary files (TMPDIR). */
  readonly folder?: string | undefined;
}

export class CacheBudget {
  readonly folder: string;
  /** Bytes left. */
  memory: number;
  disk: number;

  constructor({ memory = freeMemory() / 2, disk, folder = tmpdir() }: CacheLimits = {}) {
    this.folder = folder;
    this.memory = memory;
    this.disk = disk ?? freeDisk(folder) / 2;
  }
}

/** Bytes of memory that the caches of a run may take: as asked for, else half of what is free, or a quarter of `maxMemory`. */
export function cacheMemoryOf({ cacheMemory, maxMemory }: ResolvedArguments): number {
  if (cacheMemory !== undefined) return bytesOf(cacheMemory) as number;
  const whole = maxMemory === undefined ? undefined : bytesOf(maxMemory);
  return Math.min(freeMemory() / 2, (whole ?? Number.POSITIVE_INFINITY) / 4);
}

/** What a container leaves, where the process runs in one. */
const freeMemory = (): number => process.availableMemory();

function freeDisk(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return 0; // no such folder: nothing can be written there
  }
}
