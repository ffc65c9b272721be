/** Timers of cells: each runs as code of the cell that set it, and none runs once that cell's timers have been cancelled. */
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers";
import timersPromises from "node:timers/promises";
import { promisify } from "node:util";
import { callAs, currentCell } from "./currentCell.ts";

/** Node's own timers, for the kernel: those of a cell can be cancelled, and a flush or a deadline must not be. */
export const kernelTimers = {
  setTimeout: timers.setTimeout,
  setInterval: timers.setInterval,
  setImmediate: timers.setImmediate,
  clearTimeout: timers.clearTimeout,
  clearInterval: timers.clearInterval,
} as const;

const cancelled = new Set<number>();

/**
 * From now on no timer, interval or immediate of `cell` runs, those it sets afterwards included. Promises of
 * `node:timers/promises` that it awaits stay pending.
 */
export function cancelTimersOf(cell: number): void {
  cancelled.add(cell);
}

type Callback = (...values: unknown[]) => unknown;
type SetTimer = (callback: Callback, ...rest: unknown[]) => unknown;

/** Puts timers that know their cell where cells and packages find them: the globals and both modules. */
export function keepTimers(): void {
  const waits = {
    setTimeout: whileWanted(timersPromises.setTimeout),
    setImmediate: whileWanted(timersPromises.setImmediate),
  };
  const kept = {
    setTimeout: Object.defineProperty(keep("setTimeout"), promisify.custom, { value: waits.setTimeout }),
    setImmediate: Object.defineProperty(keep("setImmediate"), promisify.custom, { value: waits.setImmediate }),
    setInterval: keep("setInterval"),
  };
  Object.assign(globalThis, kept);
  Object.assign(timers, kept);
  const wait = timersPromises.scheduler.wait.bind(timersPromises.scheduler);
  timersPromises.scheduler.wait = whileWanted(wait);
  Object.assign(timersPromises, waits, { setInterval: ticksWhileWanted(timersPromises.setInterval) });
  syncBuiltinESMExports();
}

/** Node's timer with the callback exchanged; what is no function is left for Node to refuse. */
function keep(name: "setTimeout" | "setInterval" | "setImmediate"): SetTimer {
  const set = kernelTimers[name] as SetTimer;
  const kept = (callback: Callback, ...rest: unknown[]): unknown => {
    if (typeof callback !== "function") return set(callback, ...rest);
    const cell = currentCell();
    return set(
      function (this: NodeJS.Timeout, ...values: unknown[]): void {
        if (cancelled.has(cell)) kernelTimers.clearInterval(this);
        else callAs(cell, callback, this as unknown, values);
      },
      ...rest,
    );
  };
  return Object.defineProperties(kept, { name: { value: name }, length: { value: set.length } });
}

/** A wait that does not end once the timers of the cell that waits have been cancelled. */
function whileWanted<Arguments extends unknown[], Value>(wait: (...values: Arguments) => Promise<Value>) {
  return (...values: Arguments): Promise<Value> => {
    const cell = currentCell();
    const waiting = wait(...values);
    return new Promise((resolve, reject) => {
      waiting.then((value) => {
        if (!cancelled.has(cell)) resolve(value);
      }, reject);
    });
  };
}

function ticksWhileWanted<Arguments extends unknown[], Value>(ticks: (...values: Arguments) => AsyncIterable<Value>) {
  return async function* (...values: Arguments): AsyncGenerator<Value> {
    const cell = currentCell();
    for await (const value of ticks(...values)) {
      if (cancelled.has(cell)) await new Promise(() => {});
      yield value;
    }
  };
}
