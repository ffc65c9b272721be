/** Takes signals to the process: SIGINT interrupts the cell, those that ask a process to end end it in order. */
import { constants } from "node:os";
import type { StdioAddon } from "./stdioAddon.ts";

const endingSignals = ["SIGTERM", "SIGHUP", "SIGQUIT"] as const;
/** The signals that ask a process to end. */
type EndingSignal = (typeof endingSignals)[number];
/** The signals that the kernel deals with. */
export type KernelSignal = EndingSignal | "SIGINT";

const all: readonly KernelSignal[] = ["SIGINT", ...endingSignals];

/** Returns the exit code by which a shell tells that a signal ended a process. */
export function exitCodeOf(signal: EndingSignal): number {
  return 128 + constants.signals[signal];
}

/**
 * The main thread's half. `hear` is called for each of these signals when this thread's event loop gets to it, or never,
 * where the addon tells the protocol worker, which hears it even when a cell blocks this thread.
 */
export function keepSignals(addon: StdioAddon | undefined, hear: (signal: KernelSignal) => void): void {
  for (const signal of all) {
    // without a listener Node lets the system end the process, and clears up before one that it sends to itself
    process.on(signal, () => {
      if (addon === undefined) hear(signal);
    });
  }
  addon?.relay(...all.map((signal) => constants.signals[signal]));
}

/** The protocol worker's half. `hear` is called for each signal whose number comes out of `fd`. */
export async function followSignals(fd: number, hear: (signal: KernelSignal) => void): Promise<void> {
  const { Socket } = await import("node:net");
  const pipe = new Socket({ fd, readable: true, writable: false });
  pipe.on("data", (numbers: Buffer) => {
    for (const number of numbers) {
      const signal = all.find((name) => constants.signals[name] === number);
      if (signal !== undefined) hear(signal);
    }
  });
  pipe.on("error", () => {}); // a cell has closed the descriptor
  pipe.unref();
}
