/** Awaits whose code has something to tidy up: an interrupt ends them at once, so that `finally` blocks run. */
import { KernelInterrupt } from "./kernelInterrupt.ts";

/** One such await. `value` is awaited in the place of what the code gave. */
export interface Race {
  readonly value: unknown;
  readonly epoch: number;
}

// a cell may replace the globals
const NativePromise = Promise;
/** `Promise.resolve` */
export const resolved = Promise.resolve.bind(Promise);
const then = Promise.prototype.then;

export class Races {
  readonly #running = new Map<Race, (reason: KernelInterrupt) => void>();

  /** What is no promise is not waited for. */
  begin(value: unknown, epoch: number): Race {
    if (!isThenable(value)) return { value, epoch };
    return this.#race(resolved(value), epoch);
  }

  end(race: Race): void {
    this.#running.delete(race);
  }

  abandonAll(): void {
    const abandoned = [...this.#running.values()];
    this.#running.clear();
    for (const abandon of abandoned) abandon(new KernelInterrupt());
  }

  #race(promise: Promise<unknown>, epoch: number): Race {
    let abandon = (_: unknown): void => {};
    const value = new NativePromise((resolve, reject) => {
      abandon = reject;
      // V8 follows its own `resolve`, and only that, when it looks for the functions that wait for an error's place
      Reflect.apply(then, promise, [
        resolve,
        (reason: unknown) => {
          this.#running.delete(race);
          reject(reason);
        },
      ]);
    });
    const race: Race = { value, epoch };
    this.#running.set(race, abandon);
    return race;
  }
}

export function isThenable(value: unknown): boolean {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  return value instanceof NativePromise || typeof (value as { then?: unknown }).then === "function";
}
