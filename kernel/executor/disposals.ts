/** What a cell holds by `using`: disposed of in reverse when the cell has ended. */

interface Disposal {
  readonly dispose: () => unknown;
  readonly waits: boolean;
}

export class Disposals {
  readonly #all: Disposal[] = [];

  get size(): number {
    return this.#all.length;
  }

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

  /** All of them, whatever some throw; then what they threw. */
  async run(): Promise<void> {
    const errors: unknown[] = [];
    for (const { dispose, waits } of this.#all.reverse()) {
      try {
        const done = dispose();
        if (waits) await done;
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, "Several disposals at the end of the cell failed");
  }
}
