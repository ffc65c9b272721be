/** The main thread's half of an interrupt: what running code looks at, and when a cell that does not look is given up. */
import { setMaxListeners } from "node:events";
import { kernelTimers } from "../parents/timers.ts";
import { type Flags, flag } from "./flags.ts";

/** Thrown in an interrupted cell. */
export class KernelInterrupt extends Error {
  override readonly name = "KernelInterrupt";

  constructor() {
    super("Interrupted");
  }
}

/** How long an interrupted cell may take to end by itself while it awaits something, in milliseconds. */
const graceMs = { ordinary: 80, cooperative: 1500 };

export class Interrupts {
  /** Grows with every interrupt. Code that was suspended by an `await` compares: a change means it must not go on. */
  epoch = 0;
  readonly #flags: Flags;
  #handled = 0;
  #cell: { readonly controller: AbortController; readonly giveUp: (reason: KernelInterrupt) => void } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(flags: Flags) {
    this.#flags = flags;
  }

  /** The running cell's signal. Whoever asks for it is taken to stop by itself, and is given more time to. */
  get signal(): AbortSignal | undefined {
    if (this.#cell === undefined) return undefined;
    Atomics.store(this.#flags, flag.cooperative, 1);
    return this.#cell.controller.signal;
  }

  /** The same signal for what the kernel itself runs: looking at it gives the cell no more time. */
  get kernelSignal(): AbortSignal | undefined {
    return this.#cell?.controller.signal;
  }

  get pending(): boolean {
    return Atomics.load(this.#flags, flag.pending) !== 0;
  }

  /** A cell begins. The promise rejects when the cell was interrupted and does not end by itself. */
  begin(): Promise<never> {
    const controller = new AbortController();
    setMaxListeners(0, controller.signal);
    return new Promise<never>((_, reject) => {
      this.#cell = { controller, giveUp: reject };
    });
  }

  /** The cell has ended; an interrupt that was meant for it is over, whether its message has arrived or not. */
  end(): void {
    if (this.pending) this.handle(Atomics.load(this.#flags, flag.requested));
    kernelTimers.clearTimeout(this.#timer);
    this.#cell = undefined;
    Atomics.store(this.#flags, flag.cooperative, 0);
    Atomics.store(this.#flags, flag.pending, 0);
  }

  /** Interrupt `number` has reached this thread's event loop. */
  handle(number: number): void {
    if (number <= this.#handled) return;
    this.#handled = number;
    this.epoch++;
    const cell = this.#cell;
    if (cell === undefined) {
      Atomics.store(this.#flags, flag.pending, 0);
      return;
    }
    const cooperative = Atomics.load(this.#flags, flag.cooperative) === 1;
    cell.controller.abort(new KernelInterrupt());
    kernelTimers.clearTimeout(this.#timer);
    this.#timer = kernelTimers.setTimeout(
      () => cell.giveUp(new KernelInterrupt()),
      cooperative ? graceMs.cooperative : graceMs.ordinary,
    );
  }

  /** At every loop head of a cell: a plain read, a third of the cost of an atomic one. Were it ever moved out of a loop, the watchdog stops that loop. */
  tick(): void {
    if (this.#flags[flag.pending] !== 0) throw new KernelInterrupt();
  }

  /** Around every `await` of a cell: `epoch` was read before the code was suspended. */
  check<T>(epoch: number, value: T): T {
    if (epoch !== this.epoch || this.pending) throw new KernelInterrupt();
    return value;
  }

  /** Around what a `for await` of a cell iterates. */
  async *stream<T>(values: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T> {
    const epoch = this.epoch;
    for await (const value of values) yield this.check(epoch, value);
  }
}
