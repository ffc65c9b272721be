/** Awaits whose code has something to tidy up: an interrupt ends them at once, so that `finally` blocks run. */
import { cellSide } from "../cellRealm.ts";
import { KernelInterrupt } from "./kernelInterrupt.ts";

/** One such await. `value` is awaited in the place of what the code gave. */
export interface Race {
  readonly value: unknown;
  readonly epoch: number;
}

export class Races {
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
