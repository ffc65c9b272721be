/** The signals by which a process is asked to end: SIGINT (Ctrl-C) and SIGTERM. */

/** A signal that asks the process to end. */
export type EndSignal = "SIGINT" | "SIGTERM";

/** Exit codes by which a shell tells that a signal ended a process: 128 and the signal's number. */
const exitCodes: Readonly<Record<EndSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

/**
 * Takes the signals that ask the process to end, from its making until `release`. The first one is handed on, so that work can
 * be brought to a good end; a second one ends the process at once.
 */
export class EndSignals {
  readonly #handlers: readonly (readonly [signal: EndSignal, handler: () => void])[];
  #received: EndSignal | undefined;

  /** `onFirst` is called at the first signal. */
  constructor(onFirst: (signal: EndSignal) => void) {
    this.#handlers = (["SIGINT", "SIGTERM"] as const).map((signal) => [
      signal,
      () => {
        if (this.#received !== undefined) process.exit(exitCodes[signal]);
        this.#received = signal;
        onFirst(signal);
      },
    ]);
    for (const [signal, handler] of this.#handlers) process.on(signal, handler);
  }

  /**
   * Gives the signals back to who had them before. If one was received, and nobody else handles it, the process ends with
   * exit code 130 or 143.
   */
  release(): void {
    for (const [signal, handler] of this.#handlers) process.off(signal, handler);
    const received = this.#received;
    if (received !== undefined && process.listenerCount(received) === 0) process.exit(exitCodes[received]);
  }
}
