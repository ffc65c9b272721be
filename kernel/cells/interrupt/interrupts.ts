/** The main thread's half of an interrupt: what running code looks at, and when a cell that does not look is given up. */
import { setMaxListeners } from "node:events";
import { type Flags, flag } from "../../shared/flags.ts";
import { kernelTimers } from "../asyncContext/timers.ts";
import { cellSide } from "../realm/cellRealm.ts";
import type { Race } from "../realm/cellRuntime.ts";
import { KernelInterrupt } from "./kernelInterrupt.ts";

/** Taken before a cell can replace it. */
const { abort } = AbortController.prototype;

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
  failure?: Error;
}

interface RunningCell extends Interruptible {
  readonly number: number;
  readonly giveUp: (reason: Error) => void;
}

export class Interrupts {
  /** Grows with every interrupt. Code that was suspended by an `await` compares: a change means it must not go on. */
  epoch = 0;
  /** Called for an interrupt that reaches this thread while no cell runs. */
  onIdle: () => void = () => {};
  /** Called as soon as this thread's event loop goes on after V8 was told to end what ran. */
  onForced: () => void = () => {};
  readonly #flags: Flags;
  readonly #races = new InterruptibleAwaits();
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
      if (asked.interrupts > 0) abortBy(asked.controller);
    }
    return asked.controller.signal;
  }

  get pending(): boolean {
    return Atomics.load(this.#flags, flag.pending) !== 0;
  }

  /** A cell begins. The promise rejects when the cell was interrupted and does not end by itself. */
  begin(number: number): Promise<never> {
    Atomics.store(this.#flags, flag.cooperative, 0);
    return new Promise<never>((_, reject) => {
      this.#cell = { number, giveUp: reject, interrupts: 0 };
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
      if (this.#leftRunning.controller !== undefined) abortBy(this.#leftRunning.controller);
      this.#leftRunning = { interrupts: 0 };
      this.#races.abandonAll();
      this.onIdle();
      return;
    }
    cell.interrupts++;
    if (cell.controller !== undefined) abortBy(cell.controller);
    this.#races.abandonAll();
    kernelTimers.clearTimeout(this.#timer);
    this.#timer = kernelTimers.setTimeout(() => cell.giveUp(new KernelInterrupt()), this.#graceMs(cell));
  }

  /** Ends cell number `number` with `error`, as an interrupt would: what it waits for will never come. */
  fail(error: Error, number: number): void {
    const cell = this.#cell;
    if (cell?.number !== number) return;
    this.epoch++;
    this.#races.abandonAll();
    cell.failure = error;
    cell.giveUp(error);
  }

  /** What `fail` has ended the running cell with. */
  get failure(): Error | undefined {
    return this.#cell?.failure;
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

  /** Throws where the cell is to stop. */
  tick(): void {
    if (this.pending) throw new KernelInterrupt();
  }

  /** What is thrown into code that is to stop. */
  reason(): KernelInterrupt {
    return new KernelInterrupt();
  }

  isReason(thrown: unknown): boolean {
    return KernelInterrupt.is(thrown);
  }

  /** Before an `await` with a `finally` around it: an interrupt ends it, however long the promise stays pending. */
  race(value: unknown): Race {
    return this.#races.begin(value, this.epoch);
  }

  endRace(race: Race): void {
    this.#races.end(race);
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

function abortBy(controller: AbortController): void {
  Reflect.apply(abort, controller, [new KernelInterrupt()]);
}

export class InterruptibleAwaits {
  readonly #running = new Map<Race, (reason: KernelInterrupt) => void>();

  /** What is no promise is not waited for. */
  begin(value: unknown, epoch: number): Race {
    if (!cellSide.isThenable(value)) return { value, epoch };
    const { promise, abandon } = cellSide.abandonable(value, () => this.end(race));
    const race: Race = { value: promise, epoch };
    this.#running.set(race, abandon);
    return race;
  }

  end(race: Race): void {
    this.#running.delete(race);
  }

  abandonAll(): void {
    const abandoned = [...this.#running.values()];
    this.#running.clear();
    for (const abandon of abandoned) abandon(new KernelInterrupt());
  }
}
