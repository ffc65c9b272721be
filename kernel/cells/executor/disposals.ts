/** The values that a cell holds by `using`; they are disposed of in reverse when the cell has ended. */
import { fromCellPromise } from "../realm/cellRealm.ts";

interface Disposal {
  readonly dispose: () => unknown;
  readonly waits: boolean;
}

/** The values that the running cell holds by `using`. */
export class Disposals {
  #all: Disposal[] = [];

  add(value: unknown, waits: boolean): void {
    if (value === null || value === undefined) return;
    const methods = value as Record<symbol, unknown>;
    const dispose = (waits ? methods[Symbol.asyncDispose] : undefined) ?? methods[Symbol.dispose];
    if (typeof dispose !== "function") {
      const name = waits ? "Symbol.asyncDispose" : "Symbol.dispose";
      throw new TypeError(`What \`using\` holds must have a method [${name}]; this has none.`);
    }
    this.#all.push({ dispose: () => Reflect.apply(dispose, value, []) as unknown, waits });
  }

  /**
   * Disposes of all of them, last first, whatever some throw. Resolves to what the cell is to throw; `thrown` is what
   * it threw by itself.
   */
  async run(thrown?: Thrown): Promise<Thrown | undefined> {
    let last = thrown;
    const all = this.#all.reverse();
    this.#all = [];
    for (const { dispose, waits } of all) {
      try {
        const done = dispose();
        if (waits) await fromCellPromise(done as PromiseLike<unknown>);
      } catch (error) {
        last = { value: last === undefined ? error : suppressing(error, last.value) };
      }
    }
    return last;
  }
}

/** A thrown value, `undefined` included. */
export interface Thrown {
  readonly value: unknown;
}

/** Creates a `SuppressedError`, which Node has from 24 on. */
function suppressing(error: unknown, suppressed: unknown): Error {
  const last = new Error("An error was suppressed during disposal");
  const hidden = { enumerable: false, writable: true, configurable: true };
  return Object.defineProperties(last, {
    name: { value: "SuppressedError", ...hidden },
    error: { value: error, ...hidden },
    suppressed: { value: suppressed, ...hidden },
    stack: { value: "", ...hidden }, // it comes from the end of the cell, where nothing of the cell's stands
  });
}
