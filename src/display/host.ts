/** What the kernel offers to a library that runs in one of its cells, found without importing the kernel. */
import type { DisplayBundle } from "./bundle.ts";

/** How a bundle is shown: under a name that later updates refer to, or as such an update. */
export interface DisplayOptions {
  /** Name of this display; an update with the same name replaces it, also after the cell has ended. */
  readonly displayId?: string;
  /** Replace the display called `displayId` instead of adding one. Default: false. */
  readonly update?: boolean;
}

/** The kernel's side of the contract; the kernel sets it at `globalThis[hostSymbol]` before the first cell runs. */
export interface Host {
  display(bundle: DisplayBundle, options?: DisplayOptions): void;
  /**
   * Aborted when the running cell is interrupted; while no cell runs, by an interrupt of what cells have left running. Long
   * loops check it once per step, and ask for it anew: a later cell may be the one that waits for them.
   */
  readonly signal: AbortSignal | undefined;
  /** Bytes that the kernel's own threads are expected to take yet within so many seconds. Default: none. */
  readonly pendingMemory?: (seconds: number) => number;
}

export const hostSymbol: unique symbol = Symbol.for("thaw.host") as never;

/** The kernel around this process, or undefined in plain Node (and in kernels that know nothing of Thaw). */
export function currentHost(): Host | undefined {
  return (globalThis as { [hostSymbol]?: Host })[hostSymbol];
}
