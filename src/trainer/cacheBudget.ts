/** How much the outputs of the frozen layers may take, in memory and on the disk. The caches of a run share one. */
import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";

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

  constructor({ memory = process.availableMemory() / 2, disk, folder = tmpdir() }: CacheLimits = {}) {
    this.folder = folder;
    this.memory = memory;
    this.disk = disk ?? freeDisk(folder) / 2;
  }
}

function freeDisk(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return 0; // no such folder: nothing can be written there
  }
}
