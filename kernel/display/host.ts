/** What libraries find at `globalThis[Symbol.for("thaw.host")]`, and what cells have as `clearOutput()`. */
import type { Interrupts } from "../interrupt/interrupts.ts";
import type { Bundle, DisplayOptions } from "./bundle.ts";
import { sendableBundle } from "./contents.ts";
import type { Reporter } from "./reporter.ts";

/** The host contract; a library that runs in cells knows only this shape. */
export interface Host {
  display(bundle: Bundle, options?: DisplayOptions): void;
  readonly signal: AbortSignal | undefined;
}

export function createHost(reporter: Reporter, interrupts: Interrupts): Host {
  return {
    display(bundle, options) {
      reporter.display(sendableBundle(bundle), options);
    },
    get signal() {
      return interrupts.signal;
    },
  };
}

/** `clearOutput({ wait })` for cells: empties the cell's output, with `wait` only when the next output comes. */
export function createClearOutput(reporter: Reporter) {
  return ({ wait = false }: { readonly wait?: boolean } = {}): void =>
    reporter.output("clear_output", { wait: wait === true });
}
