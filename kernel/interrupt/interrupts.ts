/** The main thread's half of an interrupt: what running code looks at, and when a cell that does not look is given up. */
import { setMaxListeners } from "node:events";
import { kernelTimers } from "../parents/timers.ts";
import { type Flags, flag } from "./flags.ts";
import { KernelInterrupt } from "./kernelInterrupt.ts";
import { type Race, Races } from "./races.ts";

export { KernelInterrupt };

/**
 * How long an interrupted cell may take to end by itself while it awaits something, in milliseconds. What had to be ended
 * by force has nothing left to do.
 */
const graceMs = { ordinary: 80, cooperative: 1500, forced: 0 };

/** Who has a signal: a cell, or what cells have left running when none runs. */
interface Interruptible {
  /** Made when somebody asks for its signal. */
  controller?: AbortController;
  interrupts: number;
}

interface RunningCell extends Interruptible {
  readonly giveUp: (reason: KernelInterrupt) => void;
}

export class Interrupts {
  /** Grows with every interrupt. Code that was suspended by an `await` compares: a change means it must not go on. */
  epoch = 0;
  /** Called for an interrupt that reaches this thread while no cell runs. */
  onIdle: () => void = () => {};
  /** Called as soon as this thread's event loop goes on after V8 was told to end what ran. */
  onForced: () => void = () => {};
  readonly #flags: Flags;
  readonly #races = new Races();
  #handled = 0;
  #forced = false;
  #cell: RunningCell | undefined;
  /** What earlier cells have left running, while no cell runs. */
  #leftRunning: Interruptible = { interrupts: 0 };
  #timer: NodeJS.Timeout | undefined;

  constructor(flags: Flags) {
    this.#flags = flags;
  }

  /**
   * The running cell's signal; while no cell runs, that of what cells have left running. Whoever asks for it is taken to stop
   * by itself, and is given more time to.
   */
  get signal(): AbortSignal {
    Atomics.store(this.#flags, flag.cooperative, 1);
    return this.kernelSignal;
  }

  /** The same signal for what the kernel itself runs: looking at it gives the cell no more time. */
  get kernelSignal(): AbortSignal {
    const asked = this.#cell ?? this.#leftRunning;
    if (asked.controller === undefined) {
      asked.controller = new AbortController();
      setMaxListeners(0, asked.controller.signal);
      if (asked.interrupts > 0) asked.controller.abort(new KernelInterrupt());
    }
    return asked.controller.signal;
  }

  get pending(): boolean {
    return Atomics.load(this.#flags, flag.pending) !== 0;
  }

  /** A cell begins. The promise rejects when the cell was interrupted and does not end by itself. */
  begin(): Promise<never> {
    Atomics.store(this.#flags, flag.cooperative, 0);
    return new Promise<never>((_, reject) => {
      this.#cell = { giveUp: reject, interrupts: 0 };
    });
  }

  /** The cell has ended; an interrupt that was meant for it is over, whether its message has arrived or not. */
  end(): void {
    if (this.pending) this.handle(Atomics.load(this.#flags, flag.requested));
    kernelTimers.clearTimeout(this.#timer);
    this.#cell = undefined;
    Atomics.store(this.#flags, flag.cooperative, 0);
    this.#forced = false;
    Atomics.store(this.#flags, flag.forced, 0);
    Atomics.store(this.#flags, flag.pending, 0);
  }

  /** Interrupt `number` has reached this thread's event loop. */
  handle(number: number): void {
    if (number <= this.#handled) return;
    this.#handled = number;
    this.epoch++;
    this.#seeForce();
    const cell = this.#cell;
    if (cell === undefined) {
      Atomics.store(this.#flags, flag.pending, 0);
      this.#leftRunning.controller?.abort(new KernelInterrupt());
      this.#leftRunning = { interrupts: 0 };
      this.#races.abandonAll();
      this.onIdle();
      return;
    }
    cell.interrupts++;
    cell.controller?.abort(new KernelInterrupt());
    this.#races.abandonAll();
    kernelTimers.clearTimeout(this.#timer);
    this.#timer = kernelTimers.setTimeout(() => cell.giveUp(new KernelInterrupt()), this.#graceMs(cell));
  }

  /** An interrupt whose message was lost, or whose handling V8 ended, is handled now. */
  recover(): void {
    if (!this.pending) return;
    this.handle(Atomics.load(this.#flags, flag.requested));
    if (this.#cell === undefined) Atomics.store(this.#flags, flag.pending, 0);
  }

  /** The event loop runs. */
  answerPing(number: number): void {
    this.#seeForce();
    Atomics.store(this.#flags, flag.pong, number);
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

  /** At the head of every `catch` of a cell. */
  rethrow(caught: unknown): void {
    if (caught instanceof KernelInterrupt) throw caught;
    this.tick();
  }

  /** Around every callback that a cell gives to `then` or `catch`: it is not called once an interrupt has come. */
  reaction<Callback>(callback: Callback): Callback {
    if (typeof callback !== "function") return callback;
    const epoch = this.epoch;
    const interrupts = this;
    return function (this: unknown, ...values: unknown[]): unknown {
      interrupts.rethrow(values[0]);
      interrupts.check(epoch, undefined);
      return Reflect.apply(callback, this, values) as unknown;
    } as Callback;
  }

  /** Before an `await` with a `finally` around it: an interrupt ends it, however long the promise stays pending. */
  race(value: unknown): Race {
    return this.#races.begin(value, this.epoch);
  }

  raced<T>(race: Race, value: T): T {
    this.#races.end(race);
    return this.check(race.epoch, value);
  }

  /** Around what a `for await` of a cell iterates. */
  async *stream<T>(values: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T> {
    const iterator = Symbol.asyncIterator in values ? values[Symbol.asyncIterator]() : awaiting(values);
    let closes = false; // a loop that leaves by itself closes what it iterates
    try {
      for (;;) {
        const race = this.race(iterator.next());
        const { done, value } = this.raced(race, (await race.value) as IteratorResult<T>);
        if (done === true) return;
        closes = true;
        yield value;
        closes = false;
      }
    } finally {
      if (closes) await iterator.return?.();
    }
  }

  #seeForce(): void {
    if (Atomics.load(this.#flags, flag.forced) !== 1) return;
    Atomics.store(this.#flags, flag.forced, 0);
    this.#forced = true;
    this.onForced();
  }

  #graceMs(cell: RunningCell): number {
    if (this.#forced) return graceMs.forced;
    const cooperative = Atomics.load(this.#flags, flag.cooperative) === 1 && cell.interrupts === 1;
    return cooperative ? graceMs.cooperative : graceMs.ordinary;
  }
}

/** The values of what is not asynchronous itself, each awaited. */
async function* awaiting<T>(values: Iterable<T>): AsyncGenerator<T> {
  for (const value of values) yield value;
}
