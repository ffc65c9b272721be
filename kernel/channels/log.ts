/** Lines for whoever reads the kernel's own standard error, past the stream that cells print to. */
import { writeSync } from "node:fs";

export function log(line: string): void {
  try {
    writeSync(2, `thaw kernel: ${line}\n`);
  } catch {
    // a closed standard error is no reason to stop
  }
}
