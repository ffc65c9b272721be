/** The addon that points the process's own stdout and stderr at pipes (native/stdio); set-up builds it. */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** File descriptors: two to read what the process prints, one to write where it was started from. */
export interface CapturedOutput {
  readonly stdout: number;
  readonly stderr: number;
  readonly log: number;
}

export interface StdioAddon {
  capture(): [stdout: number, stderr: number, log: number] | undefined;
  /** 1 when stdout has something to read, 2 when stderr has, 3 when both have. */
  waiting(): number;
}

const path = fileURLToPath(new URL("../../../native/stdio/build/stdio.node", import.meta.url));

/** `undefined` where it has not been built: then what native code prints goes where the kernel was started from. */
export function loadStdioAddon(): StdioAddon | undefined {
  try {
    return createRequire(path)(path) as StdioAddon;
  } catch {
    return undefined;
  }
}

/** From now on native code and children print into pipes, which the protocol worker reads. */
export function captureOutput(): CapturedOutput | undefined {
  const captured = loadStdioAddon()?.capture();
  if (captured === undefined) return undefined;
  const [stdout, stderr, log] = captured;
  return { stdout, stderr, log };
}
