/** The contract between this kernel and a library that runs in one of its cells: neither imports the other. */
import type { DisplayBundle, DisplayOptions } from "./mimeBundle.ts";

/** The services of the kernel; it puts them at `globalThis[hostSymbol]` before the first cell runs. */
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

/** The key of the host on the global object. */
export const hostSymbol: unique symbol = Symbol.for("thaw.host") as never;

/** Returns the kernel around this process, or undefined in plain Node (and in kernels that know nothing of Thaw). */
export function currentHost(): Host | undefined {
  return (globalThis as { [hostSymbol]?: Host })[hostSymbol];
}
