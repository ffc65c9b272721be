/**
 * The main thread's half of an interrupt: the state that running code checks, and when a cell that does not stop by
 * itself is given up. (The watchdog that ends blocking code is in kernel/protocol/interrupt.ts.)
 */
import { setMaxListeners } from "node:events";
import { type Flags, flag } from "../../shared/flags.ts";
import { kernelTimers } from "../asyncContext/timers.ts";
import { cellSide } from "../realm/cellRealm.ts";
import type { Race } from "../realm/cellRuntime.ts";
import { KernelInterrupt } from "./kernelInterrupt.ts";

/** `AbortController.prototype.abort` as it was at the start. */
const { abort } = AbortController.prototype;

/**
 * How long an interrupted cell may take to end by itself while it awaits something, in milliseconds. Code that was
 * terminated has nothing left to do.
 */
const graceMs = { ordinary: 80, cooperative: 1500, forced: 0 };

/** Code that can be given an abort signal: a running cell, or what cells have left running when none runs. */
interface Interruptible {
  /** The controller, made when somebody asks for the signal. */
  controller?: AbortController;
  interrupts: number;
  failure?: Error;
}

interface RunningCell extends Interruptible {
  readonly number: number;
  readonly giveUp: (reason: Error) => void;
}

/** The interrupts of the cells; there is one object for all. */
export class Interrupts {
  /**
   * The number of interrupts so far. Code that was suspended by an `await` compares it: a change means that it must not
   * go on.
   */
  epoch = 0;
  /** Called for an interrupt that reaches this thread while no cell runs. */
  onIdle: () => void = () => {};
  /** Called as soon as this thread's event loop goes on after V8 was told to terminate running code. */
  onForced: () => void = () => {};
  readonly #flags: Flags;
  readonly #races = new InterruptibleAwaits();
  #handled = 0;
  #forced = false;
  #cell: RunningCell | undefined;
  /** The code that earlier cells have left running, while no cell runs. */
  #leftRunning: Interruptible = { interrupts: 0 };
  #timer: NodeJS.Timeout | undefined;

  constructor(flags: Flags) {
    this.#flags = flags;
  }

  /**
   * The abort signal of the running cell; while no cell runs, that of what cells have left running. Code that asks for
   * it is taken to stop by itself, and is given more time to.
   */
  get signal(): AbortSignal {
    Atomics.store(this.#flags, flag.cooperative, 1);
    return this.kernelSignal;
  }

  /** The host's abort signal for the kernel's own use: reading it does not count as a cooperative cell. */
  get kernelSignal(): AbortSignal {
    const owner = this.#cell ?? this.#leftRunning;
    if (owner.controller === undefined) {
      owner.controller = new AbortController();
      setMaxListeners(0, owner.controller.signal);
      if (owner.interrupts > 0) abortBy(owner.controller);
    }
    return owner.controller.signal;
  }

  get pending(): boolean {
    return Atomics.load(this.#flags, flag.pending) !== 0;
  }

  /** Begins a cell. The promise rejects when the cell was interrupted and does not end by itself. */
  begin(number: number): Promise<never> {
    Atomics.store(this.#flags, flag.cooperative, 0);
    return new Promise<never>((_, reject) => {
      this.#cell = { number, giveUp: reject, interrupts: 0 };
    });
  }

  /** Ends the cell. An interrupt that was meant for it is over, whether its message has arrived or not. */
  end(): void {
    if (this.pending) this.handle(Atomics.load(this.#flags, flag.requested));
    kernelTimers.clearTimeout(this.#timer);
    this.#cell = undefined;
    Atomics.store(this.#flags, flag.cooperative, 0);
    this.#forced = false;
    Atomics.store(this.#flags, flag.forced, 0);
    Atomics.store(this.#flags, flag.pending, 0);
  }

  /** Handles interrupt `number`, whose message has reached this thread's event loop. */
  handle(number: number): void {
    if (number <= this.#handled) return;
    this.#handled = number;
    this.epoch++;
    this.#checkTermination();
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

  /**
   * Ends cell number `number` with `error`, as an interrupt would, because it waits for something that will never come.
   */
  fail(error: Error, number: number): void {
    const cell = this.#cell;
    if (cell?.number !== number) return;
    this.epoch++;
    this.#races.abandonAll();
    cell.failure = error;
    cell.giveUp(error);
  }

  /** The error with which `fail` has ended the running cell. */
  get failure(): Error | undefined {
    return this.#cell?.failure;
  }

  /** Handles an interrupt whose message was lost, or whose handling V8 terminated. */
  recover(): void {
    if (!this.pending) return;
    this.handle(Atomics.load(this.#flags, flag.requested));
    if (this.#cell === undefined) Atomics.store(this.#flags, flag.pending, 0);
  }

  /** Answers the watchdog: the event loop runs. */
  answerPing(number: number): void {
    this.#checkTermination();
    Atomics.store(this.#flags, flag.pong, number);
  }

  /** Throws where the running code is to stop. */
  tick(): void {
    if (this.pending) throw new KernelInterrupt();
  }

  /** Creates the error that is thrown into code that is to stop. */
  reason(): KernelInterrupt {
    return new KernelInterrupt();
  }

  isReason(thrown: unknown): boolean {
    return KernelInterrupt.is(thrown);
  }

  /** Begins an await with a `finally` around it: an interrupt ends it, however long the promise stays pending. */
  race(value: unknown): Race {
    return this.#races.begin(value, this.epoch);
  }

  endRace(race: Race): void {
    this.#races.end(race);
  }

  #checkTermination(): void {
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

class InterruptibleAwaits {
  readonly #running = new Map<Race, (reason: KernelInterrupt) => void>();

  /** Begins an await; a value that is no promise is not waited for. */
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
