/** Loads the addon that points the process's own stdout and stderr at pipes, and tells of signals (native/stdio); set-up builds it. */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** File descriptors: two to read what the process prints, one to write where it was started from, one to read signals. */
export interface CapturedOutput {
  readonly stdout: number;
  readonly stderr: number;
  readonly log: number;
  readonly signals: number;
}

/** The functions of the addon. */
export interface StdioAddon {
  /** Points stdout and stderr at pipes. Returns their descriptors, or undefined where that failed. */
  capture(): [stdout: number, stderr: number, log: number, signals: number] | undefined;
  /** Writes, from now on, the number of each of these signals where `capture` says, beside what its handlers do. */
  relay(...signals: number[]): void;
  /** Returns 1 when stdout has something to read, 2 when stderr has, 3 when both have. */
  waiting(): number;
  /** Ends the process from any thread at once, without what would be done at its exit. */
  quit(code: number): void;
}

const path = fileURLToPath(new URL("../../../native/stdio/build/stdio.node", import.meta.url));

/** Loads the addon; undefined where it has not been built: then what native code prints goes where the kernel was started from. */
export function loadStdioAddon(): StdioAddon | undefined {
  try {
    return createRequire(path)(path) as StdioAddon;
  } catch {
    return undefined;
  }
}

/** Makes native code and children print into pipes, which the protocol worker reads. */
export function captureOutput(): CapturedOutput | undefined {
  const captured = loadStdioAddon()?.capture();
  if (captured === undefined) return undefined;
  const [stdout, stderr, log, signals] = captured;
  return { stdout, stderr, log, signals };
}
