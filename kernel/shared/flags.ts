/** Integers that all threads see, even while the main thread is blocked: they make a synchronous loop stoppable. */

/** Index of each integer in the shared array. */
export const flag = {
  /** 1 from the request until the interrupted cell has ended: loops and awaits in cells throw. */
  pending: 0,
  /** The number of interrupts that were asked for since the start. */
  requested: 1,
  /** The number of the last ping the main thread's event loop answered. */
  pong: 2,
  /** 1 if the running code has asked for the host's abort signal, so that it stops by itself within a step. */
  cooperative: 3,
  /** 1 once the sockets are closed and the process may end. */
  closed: 4,
  /** The amount of the main thread's output that the worker has handled; it wraps around. */
  taken: 5,
  /** 1 if V8 was told to terminate the interrupted cell, so that none of its code can end by itself. */
  forced: 6,
  /**
   * The number of packages being loaded. A package whose loading is terminated can never be loaded again, so it is
   * given time.
   */
  loading: 7,
  /** 1 once the main thread has begun to end the process: its current code must not be terminated. */
  exiting: 8,
  /** 1 once the main thread has loaded the modules that run cells and receives all messages. */
  loaded: 9,
  /** 1 while cells are checked for type errors, so that the language service will load the types of their imports. */
  checked: 10,
  /** Memory of the language service in megabytes. */
  language: 11,
  /** The time when the language service began to load: the low 32 bits of the clock in milliseconds, 0 before. */
  languageSince: 12,
} as const;

/** The shared integers. */
export type Flags = Int32Array<SharedArrayBuffer>;

/** Makes the shared integers, all 0. */
export function newFlags(): Flags {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT * Object.keys(flag).length));
}
