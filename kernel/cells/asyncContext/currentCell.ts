/**
 * Attribution of code to cells: each callback, promise and event belongs to the cell that caused it, so that what it
 * prints is found under that cell.
 *
 * From Node 24 on AsyncLocalStorage follows timers, callbacks and promises, and survives that V8 terminates running
 * code. Before that a termination leaves its bookkeeping broken and Node aborts (seen with 20.20 and 22.23), so there
 * callbacks are called with their cell by `runInCell`, and what follows a promise counts for the cell that runs.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { EventEmitter } from "node:events";

const followsPromises = Number.parseInt(process.versions.node, 10) >= 24;
const store = followsPromises ? new AsyncLocalStorage<number>() : undefined;
/** The methods of AsyncLocalStorage as they were at the start. */
const { getStore, run } = AsyncLocalStorage.prototype;
const followed = (): number | undefined => Reflect.apply(getStore, store, []) as number | undefined;
/** The cell that runs, or ran last. */
let running = 0;
/** The cell of the callback that runs, on a Node without AsyncLocalStorage that can be trusted. */
let called: number | undefined;

/** Returns the cell whose code runs now; for code of no known cell the one that runs, or ran last. */
export function currentCell(): number {
  return (store === undefined ? called : followed()) ?? running;
}

/** Runs `body` as the code of `cell`, which is the running cell from now on. */
export function startCell<Result>(cell: number, body: () => Result): Result {
  running = cell;
  called = undefined; // left over where a callback was ended by force
  return store === undefined ? body() : runIn(cell, body);
}

/**
 * Runs `body` with AsyncLocalStorage. Node copies a map for this, by iterators that cells can replace: where that
 * fails, `body` runs all the same.
 */
function runIn<Result>(cell: number, body: () => Result): Result {
  let state: "before" | "in" | "behind" = "before";
  let result: Result | undefined;
  const inner = (): void => {
    state = "in";
    result = body();
    state = "behind";
  };
  try {
    Reflect.apply(run, store, [cell, inner]);
  } catch (error) {
    if ((state as string) === "before") return body();
    if ((state as string) === "in") throw error;
  }
  return result as Result;
}

/** Calls a callback that `cell` has registered, as code of that cell. */
export function runInCell<This, Arguments extends unknown[], Result>(
  cell: number,
  call: (this: This, ...values: Arguments) => Result,
  self: This,
  values: Arguments,
): Result {
  if (store !== undefined) {
    const body = (): Result => Reflect.apply(call, self, values);
    return followed() === cell ? body() : runIn(cell, body);
  }
  const before = called;
  called = cell;
  try {
    return Reflect.apply(call, self, values);
  } finally {
    called = before;
  }
}

/**
 * Attributes the listeners of `emitter` to the cell whose code runs now, whichever cell runs when an event is emitted.
 */
export function bindEmitter<Emitter extends EventEmitter>(emitter: Emitter): Emitter {
  const cell = currentCell();
  const emit = emitter.emit;
  const patched = (...values: Parameters<typeof emit>): boolean => runInCell(cell, emit, emitter, values);
  return Object.defineProperty(emitter, "emit", { value: patched, configurable: true, writable: true });
}
