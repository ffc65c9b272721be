/**
 * The host: the kernel's services for libraries at `globalThis[hostSymbol]`, which `import "tslab"` is wired to as
 * well; and `clearOutput()`.
 */

import { createRequire } from "node:module";
import type { Host } from "../../../shared/host.ts";
import { type Flags, flag } from "../../shared/flags.ts";
import { sendableBundle } from "../display/mimeData.ts";
import type { Interrupts } from "../interrupt/interrupts.ts";
import type { Reporter } from "../output/reporter.ts";

/** The memory of the language service once it knows the types of an ordinary notebook's imports, in megabytes. */
const languageMegabytes = 210;
/** Time in seconds that the language service takes to load while cells keep the processors busy. */
const languageSeconds = 4;

/** Creates the host for libraries that run in cells. */
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

/** Creates `clearOutput({ wait })`, which empties the cell's output, with `wait` only when the next output comes. */
export function createClearOutput(reporter: Reporter) {
  return ({ wait = false }: { readonly wait?: boolean } = {}): void =>
    reporter.output("clear_output", { wait: wait === true });
}

interface TslabJupyter {
  lastWriteDisplayData: ((content: TslabDisplay, update: boolean) => void) | null;
}

interface TslabDisplay {
  readonly data: Record<string, unknown>;
  readonly metadata: Record<string, unknown>;
  readonly transient: { readonly display_id?: string };
}

/**
 * Wires tslab's display API to the host, when tslab has been loaded from `folder`; a tslab found elsewhere is wired
 * too. It shows everything through one function in its `jupyter` module.
 */
export function wireTslab(host: Host, folder: string): void {
  for (const base of [`${folder}/notebook`, import.meta.url]) {
    try {
      const jupyter = createRequire(base)("tslab/dist/jupyter") as TslabJupyter;
      jupyter.lastWriteDisplayData = ({ data, metadata, transient }, update) => {
        const name = transient.display_id === undefined ? {} : { displayId: transient.display_id };
        host.display({ data, metadata }, { ...name, update });
      };
    } catch {
      // not installed there
    }
  }
}
