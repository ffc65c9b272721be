/** What libraries find at `globalThis[Symbol.for("thaw.host")]`, and what cells have as `clearOutput()`. */
import { type Flags, flag } from "../../shared/flags.ts";
import type { Interrupts } from "../interrupt/interrupts.ts";
import type { Bundle, DisplayOptions } from "./bundle.ts";
import { sendableBundle } from "./contents.ts";
import type { Reporter } from "./reporter.ts";

/** The host contract; a library that runs in cells knows only this shape. */
export interface Host {
  display(bundle: Bundle, options?: DisplayOptions): void;
  readonly signal: AbortSignal | undefined;
  /** Bytes that the kernel's own threads are expected to take yet within so many seconds. */
  pendingMemory(seconds: number): number;
}

/** What the language service holds once it knows the types of an ordinary notebook's imports, in megabytes. */
const languageMegabytes = 210;
/** How long it takes to get there while cells keep the processors busy, in seconds. */
const languageSeconds = 4;

export function createHost(reporter: Reporter, interrupts: Interrupts, flags: Flags): Host {
  return {
    display(bundle, options) {
      reporter.display(sendableBundle(bundle), options);
    },
    get signal() {
      return interrupts.signal;
    },
    pendingMemory(seconds) {
      if (Atomics.load(flags, flag.checked) === 0) return 0;
      const since = Atomics.load(flags, flag.languageSince);
      const past = since === 0 ? 0 : ((Date.now() - since) | 0) / 1000; // both are the clock's low 32 bits
      const share = Math.min(1, (past + seconds) / languageSeconds);
      return 1e6 * Math.max(0, share * languageMegabytes - Atomics.load(flags, flag.language));
    },
  };
}

/** `clearOutput({ wait })` for cells: empties the cell's output, with `wait` only when the next output comes. */
export function createClearOutput(reporter: Reporter) {
  return ({ wait = false }: { readonly wait?: boolean } = {}): void =>
    reporter.output("clear_output", { wait: wait === true });
}
