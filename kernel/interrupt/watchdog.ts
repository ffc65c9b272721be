/** The protocol worker's half of an interrupt: asks the main thread to stop, and stops it by force when its event loop stays silent. */
import { Session } from "node:inspector";
import type { ToMain } from "../channels/thread.ts";
import { type Flags, flag } from "./flags.ts";

/** How long a silent main thread may finish what it does, in milliseconds. */
const patienceMs = { ordinary: 200, cooperative: 4000 };
const pingEveryMs = 50;

export class Watchdog {
  readonly #flags: Flags;
  readonly #toMain: (message: ToMain) => void;
  #inspector: Session | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pings = 0;
  #lastAnswer = 0;
  #forced = false;

  constructor(flags: Flags, toMain: (message: ToMain) => void) {
    this.#flags = flags;
    this.#toMain = toMain;
  }

  /**
   * Level (a): loops and awaits in cells throw, the cell's AbortSignal aborts.
   * Level (b), when the main thread has not answered for 200 ms (4 s where the code watches the signal and may be inside
   * a native step), or at once on a second request: V8 ends whatever JavaScript runs.
   */
  interrupt(): void {
    if (this.#timer !== undefined) this.#forced = true;
    Atomics.store(this.#flags, flag.pending, 1);
    const number = Atomics.add(this.#flags, flag.requested, 1) + 1;
    this.#toMain({ type: "interrupt", number });
    this.#lastAnswer = performance.now();
    this.#timer ??= setInterval(() => this.#watch(), pingEveryMs);
    this.#ping();
  }

  /** The cell has ended: nothing is left to watch. */
  rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#forced = false;
  }

  /** Ends whatever runs on the main thread now; the inspector stays connected until `disconnect`. */
  terminate(): void {
    if (this.#inspector === undefined) {
      this.#inspector = new Session();
      this.#inspector.connectToMainThread();
    }
    this.#inspector.post("Runtime.terminateExecution");
  }

  /** A process that ends with the inspector connected waits for a debugger. */
  disconnect(): void {
    this.rest();
    this.#inspector?.disconnect();
    this.#inspector = undefined;
  }

  #watch(): void {
    const now = performance.now();
    if (Atomics.load(this.#flags, flag.pong) === this.#pings) {
      this.#lastAnswer = now;
      if (Atomics.load(this.#flags, flag.pending) === 0) {
        this.rest();
        return;
      }
      this.#ping();
      return;
    }
    const cooperative = Atomics.load(this.#flags, flag.cooperative) === 1;
    const patience = this.#forced ? pingEveryMs : cooperative ? patienceMs.cooperative : patienceMs.ordinary;
    if (now - this.#lastAnswer < patience) return;
    this.#lastAnswer = now;
    this.terminate();
  }

  #ping(): void {
    this.#toMain({ type: "ping", number: ++this.#pings });
  }
}
