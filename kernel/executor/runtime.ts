/** `__thaw`: what rewritten code calls. One for all cells, one more per local file. */
import type { Interrupts } from "../interrupt/interrupts.ts";
import type { BoundLoader, Namespace } from "./moduleLoader.ts";

/** The calls that both cells and local files make. A class, because V8 inlines its methods into the loops of a cell. */
class Runtime {
  readonly #interrupts: Interrupts;
  readonly #loader: BoundLoader;

  constructor(interrupts: Interrupts, loader: BoundLoader) {
    this.#interrupts = interrupts;
    this.#loader = loader;
  }

  get epoch(): number {
    return this.#interrupts.epoch;
  }

  get meta(): object {
    return this.#loader.meta;
  }

  tick(): void {
    this.#interrupts.tick();
  }

  check<T>(epoch: number, value: T): T {
    return this.#interrupts.check(epoch, value);
  }

  stream<T>(values: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T> {
    return this.#interrupts.stream(values);
  }

  load(specifier: string, options?: ImportCallOptions): Promise<Namespace> {
    return this.#loader.load(specifier, options);
  }

  namespace(specifier: string, options?: ImportCallOptions): Promise<Namespace> {
    return this.#loader.namespace(specifier, options);
  }

  bind(names: string[], uses: string[], specifier: string, options?: ImportCallOptions): Promise<Namespace> {
    return this.#loader.bind(names, uses, specifier, options);
  }
}

/** The cells' runtime: also the place where a cell's value, and whatever the inspector finds, is handed over. */
export class CellRuntime extends Runtime {
  result: unknown = undefined;
  caught: unknown = undefined;
  /** What the calls of rewritten magics reach (kernel/magics/toolbox.ts). */
  magics: object | undefined = undefined;

  /** The value, which is then forgotten. */
  take(key: "result" | "caught"): unknown {
    const value = this[key];
    this[key] = undefined;
    return value;
  }
}

/** A local file's runtime: its exports become getters on `namespace`. */
export class ModuleRuntime extends Runtime {
  readonly #namespace: Namespace;

  constructor(interrupts: Interrupts, loader: BoundLoader, namespace: Namespace) {
    super(interrupts, loader);
    this.#namespace = namespace;
  }

  exports(getters: Record<string, () => unknown>): void {
    for (const [name, get] of Object.entries(getters)) this.#define(name, get);
  }

  /** `export { local as exported } from` */
  exportFrom(from: Namespace, pairs: [local: string, exported: string][]): void {
    for (const [local, exported] of pairs) this.#define(exported, () => from[local]);
  }

  /** `export * from`, and `export * as name from`. What the file exports itself comes first. */
  exportAll(from: Namespace, as?: string): void {
    if (as !== undefined) this.#define(as, () => from);
    else {
      const names = Object.keys(from).filter((name) => name !== "default" && !(name in this.#namespace));
      for (const name of names) this.#define(name, () => from[name]);
    }
  }

  #define(name: string, get: () => unknown): void {
    Object.defineProperty(this.#namespace, name, { get, enumerable: true, configurable: true });
  }
}
