/** `__thaw`: what rewritten code calls. One for all cells, one more per local file. */
import type { Interrupts } from "../interrupt/interrupts.ts";
import { isThenable, type Race, resolved } from "../interrupt/races.ts";
import type { BoundLoader } from "./boundLoader.ts";
import { Disposals, type Thrown } from "./disposals.ts";
import type { Namespace } from "./namespace.ts";

/** The calls that both cells and local files make. A class, because V8 inlines its methods into the loops of a cell. */
class Runtime {
  readonly #interrupts: Interrupts;
  readonly #loader: BoundLoader;
  #race: Race | undefined;

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

  rethrow(caught: unknown): void {
    this.#interrupts.rethrow(caught);
  }

  reaction<Callback>(callback: Callback): Callback {
    return this.#interrupts.reaction(callback);
  }

  /** Called in the place of `await value`, followed by `await __thaw.racing` and `raced`. */
  race(value: unknown): Race {
    this.#race = this.#interrupts.race(value);
    return this.#race;
  }

  /** What the race that began last is about. */
  get racing(): unknown {
    return this.#race?.value;
  }

  raced<T>(race: Race, value: T): T {
    return this.#interrupts.raced(race, value);
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
  /** What the cell awaits at its top. */
  #held: unknown = undefined;
  #disposals = new Disposals();
  /** What the calls of rewritten magics reach (kernel/magics/toolbox.ts). */
  magics: object | undefined = undefined;

  /**
   * Around what a cell awaits outside functions. A promise that nobody else knows would be collected with the cell that
   * waits for it, and the inspector, which waits for the cell, cannot bear that.
   */
  hold(value: unknown): unknown {
    this.#held = isThenable(value) ? resolved(value) : undefined;
    return this.#held ?? value;
  }

  /** The cell has ended. */
  release(): void {
    this.#held = undefined;
  }

  override namespace(...wanted: Parameters<Runtime["namespace"]>): Promise<Namespace> {
    return this.hold(super.namespace(...wanted)) as Promise<Namespace>;
  }

  override bind(...wanted: Parameters<Runtime["bind"]>): Promise<Namespace> {
    return this.hold(super.bind(...wanted)) as Promise<Namespace>;
  }

  /** `using` and, with `waits`, `await using` at the top of a cell. */
  use<T>(waits: boolean, value: T): T {
    this.#disposals.add(value, waits);
    return value;
  }

  /** At the end of the cell, last first. Resolves to what the cell is to throw, having thrown `thrown` by itself. */
  dispose(thrown?: Thrown): Promise<Thrown | undefined> | undefined {
    const disposals = this.#disposals;
    if (disposals.size === 0) return undefined;
    this.#disposals = new Disposals();
    return disposals.run(thrown);
  }

  /** The value, which is then forgotten. */
  take(key: "result" | "caught"): unknown {
    const value = this[key];
    this[key] = undefined;
    return value;
  }
}

/** A local file's runtime: its exports become getters on `namespace`. */
export class ModuleRuntime extends Runtime {
  readonly #loader: BoundLoader;
  readonly #namespace: Namespace;

  constructor(interrupts: Interrupts, loader: BoundLoader, namespace: Namespace) {
    super(interrupts, loader);
    this.#loader = loader;
    this.#namespace = namespace;
  }

  link(names: string[], uses: string[], specifier: string, options?: ImportCallOptions): Promise<Namespace> {
    return this.#loader.link(names, uses, specifier, options);
  }

  /** The imports of a file that is required. */
  get atOnce(): BoundLoader["atOnce"] {
    return this.#loader.atOnce;
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
