/**
 * Timers of cells: each runs as code of the cell that set it. Those that a cell or a local file has set end with the cell's
 * timers. Those that a package has set go on: what it has begun for one cell, such as a connection, or its own loading, it
 * shares with all.
 */
import { syncBuiltinESMExports } from "node:module";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { asCellObject, cellSide, cells, KernelRealmError, newCellPromise, nodeModule } from "../realm/cellRealm.ts";
import { currentCell, runInCell } from "./currentCell.ts";

const timers = nodeModule<typeof import("node:timers")>("node:timers");
const timersPromises = nodeModule<typeof import("node:timers/promises")>("node:timers/promises");

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
 * Cancels the timers, intervals and immediates of `cell`, those it sets afterwards included. Promises of
 * `node:timers/promises` that it awaits stay pending.
 */
export function cancelTimersOf(cell: number): void {
  cancelled.add(cell);
}

type Callback = (...values: unknown[]) => unknown;
type SetTimer = (callback: Callback, ...rest: unknown[]) => unknown;

/** Patches the timers of the globals and of both modules of Node, so that each belongs to the cell that set it. */
export function patchTimers(): void {
  const waits = {
    setTimeout: untilCancelled(timersPromises.setTimeout),
    setImmediate: untilCancelled(timersPromises.setImmediate),
  };
  const patched = {
    setTimeout: Object.defineProperty(patch("setTimeout"), promisify.custom, { value: waits.setTimeout }),
    setImmediate: Object.defineProperty(patch("setImmediate"), promisify.custom, { value: waits.setImmediate }),
    setInterval: patch("setInterval"),
  };
  Object.assign(cells, patched);
  Object.assign(timers, patched);
  const { scheduler } = timersPromises;
  const wait = scheduler.wait as (...values: unknown[]) => Promise<void>;
  scheduler.wait = untilCancelled((...values: unknown[]) => Reflect.apply(wait, scheduler, values));
  Object.assign(timersPromises, waits, { setInterval: ticksUntilCancelled(timersPromises.setInterval) });
  syncBuiltinESMExports();
}

/** Wraps one of Node's timer functions; a callback that is no function is left for Node to refuse. */
function patch(name: "setTimeout" | "setInterval" | "setImmediate"): SetTimer {
  const set = kernelTimers[name] as SetTimer;
  const patched = (callback: Callback, ...rest: unknown[]): unknown => {
    if (typeof callback !== "function") return set(callback, ...rest);
    const cell = currentCell();
    const isCancelled = cancellationOf(cell, patched);
    return set(
      function (this: NodeJS.Timeout, ...values: unknown[]): void {
        if (isCancelled()) kernelTimers.clearInterval(this);
        else runInCell(cell, callback, this as unknown, values);
      },
      ...rest,
    );
  };
  return asCellObject(Object.defineProperties(patched, { name: { value: name }, length: { value: set.length } }));
}

/** Wraps a wait so that it does not end once the timers of the waiting cell have been cancelled. */
function untilCancelled<Arguments extends unknown[], Value>(wait: (...values: Arguments) => Promise<Value>) {
  const patched = (...values: Arguments): Promise<Value> => {
    const isCancelled = cancellationOf(currentCell(), patched);
    const waiting = wait(...values);
    return newCellPromise((resolve, reject) => {
      const ended = (value: Value): void => {
        if (!isCancelled()) resolve(value);
      };
      void cellSide.settle(waiting, ended, reject);
    });
  };
  return asCellObject(patched);
}

function ticksUntilCancelled<Arguments extends unknown[], Value>(
  ticks: (...values: Arguments) => AsyncIterable<Value>,
) {
  const patched = (...values: Arguments): AsyncIterable<Value> => {
    const isCancelled = cancellationOf(currentCell(), patched);
    return cellSide.untilCancelled(ticks(...values), isCancelled);
  };
  return asCellObject(patched);
}

const [never, library] = [() => false, fileURLToPath(new URL("../../../src/", import.meta.url))];

/**
 * Returns a function that says whether a call of `callee`, made now by `cell`, has been cancelled with the cell's
 * timers.
 */
function cancellationOf(cell: number, callee: CallableFunction): () => boolean {
  const file = callerOf(callee);
  const isPackage = /[\\/]node_modules[\\/]|^node:/.test(file) || file.replace(/^file:\/\//, "").startsWith(library);
  return isPackage ? never : () => cancelled.has(cell);
}

/** Returns the file whose code called `callee`; empty for code that has none. */
function callerOf(callee: CallableFunction): string {
  const { prepareStackTrace, stackTraceLimit } = KernelRealmError;
  const seen: { stack?: unknown } = {};
  try {
    KernelRealmError.stackTraceLimit = 1;
    KernelRealmError.prepareStackTrace = (_, sites) => sites[0]?.getFileName() ?? "";
    KernelRealmError.captureStackTrace(seen, callee as () => void);
    return typeof seen.stack === "string" ? seen.stack : "";
  } finally {
    Object.assign(KernelRealmError, { prepareStackTrace, stackTraceLimit });
  }
}
