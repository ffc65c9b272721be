/** Writes lines to the kernel's own standard error, past the streams that cells print to. */
import { writeSync } from "node:fs";

let stderr = 2;

/** Sets the descriptor of the log: the original stderr of the process, whose stderr is captured. */
export function logTo(fd: number): void {
  stderr = fd;
}

/** Writes one line. */
export function log(line: string): void {
  try {
    writeSync(stderr, `thaw kernel: ${line}\n`);
  } catch {
    // a closed standard error is no reason to stop
  }
}

/** Returns a handler that logs an error with its stack, after `what` failed. */
export function logError(what: string): (error: unknown) => void {
  return (error) => log(`${what}: ${(error instanceof Error && error.stack) || String(error)}`.slice(0, 5000));
}
