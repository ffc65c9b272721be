/**
 * The part of the kernel that lives in the realm of the cells: `__thaw`, which rewritten code calls, one for all cells and
 * one more per local file. V8 inlines into the loops of a cell what is of the cell's realm only. So this file uses nothing
 * that a cell could replace: no iteration, no method of a built-in but those taken here (tests/kernel/cells/realm/realm.test.ts).
 */
import { types } from "node:util";
import { type Flags, flag } from "../../shared/flags.ts";

/** What an import resolves to: the exports of a module by name. */
export type Namespace = Record<string, unknown>;

/** Calls `take` with the objects that have what was imported by name, one per name. */
export type Bound = (take: (...sources: Namespace[]) => unknown) => unknown;

/** An await that an interrupt ends at once. `value` is awaited in the place of what the code gave. */
export interface Race {
  readonly value: unknown;
  readonly epoch: number;
}

/** The part of `Interrupts` (kernel/cells/interrupt/interrupts.ts) that running code asks. */
interface InterruptState {
  readonly epoch: number;
  reason(): Error;
  isReason(thrown: unknown): boolean;
  race(value: unknown): Race;
  endRace(race: Race): void;
}

/** The part of `BoundLoader` (kernel/cells/modules/boundLoader.ts) that rewritten imports call. */
interface Loader {
  readonly meta: object;
  /** The same for a file that is required, which cannot wait. */
  readonly atOnce: object;
  load(specifier: string, options?: ImportCallOptions): Promise<Namespace>;
  namespace(specifier: string, options?: ImportCallOptions): Promise<Namespace>;
  bind(names: string[], uses: string[], specifier: string, options?: ImportCallOptions): Promise<Bound>;
  link(names: string[], uses: string[], specifier: string, options?: ImportCallOptions): Promise<Namespace>;
}

const NativePromise = Promise;
const resolved = Promise.resolve.bind(Promise);
const { then } = Promise.prototype;
const { apply, ownKeys } = Reflect;
const { defineProperty, getOwnPropertyDescriptor, setPrototypeOf } = Object;
const { isPromise } = types;
const asyncIterator: typeof Symbol.asyncIterator = Symbol.asyncIterator;

/** `Object.defineProperty`, but for what is put on `Object.prototype`: a descriptor would inherit it. */
function define(object: object, key: string, descriptor: PropertyDescriptor): void {
  defineProperty(object, key, setPrototypeOf(descriptor, null) as PropertyDescriptor);
}

/** The calls that both cells and local files make. */
class Runtime {
  readonly #flags: Flags;
  readonly #interrupts: InterruptState;
  readonly #loader: Loader;
  #race: Race | undefined;

  constructor(flags: Flags, interrupts: InterruptState, loader: Loader) {
    this.#flags = flags;
    this.#interrupts = interrupts;
    this.#loader = loader;
  }

  get epoch(): number {
    return this.#interrupts.epoch;
  }

  get meta(): object {
    return this.#loader.meta;
  }

  /** At every loop head: a plain read, a third of the cost of an atomic one. Were it ever moved out of a loop, the watchdog stops that loop. */
  tick(): void {
    if (this.#flags[flag.pending] !== 0) throw this.#interrupts.reason();
  }

  /** Around every `await`: `epoch` was read before the code was suspended. */
  check<T>(epoch: number, value: T): T {
    if (epoch !== this.#interrupts.epoch || this.#flags[flag.pending] !== 0) throw this.#interrupts.reason();
    return value;
  }

  /** At the head of every `catch`. */
  rethrow(caught: unknown): void {
    if (this.#interrupts.isReason(caught)) throw caught;
    this.tick();
  }

  /** Around every callback that is given to `then` or `catch`: it is not called once an interrupt has come. */
  reaction<Callback>(callback: Callback): Callback {
    if (typeof callback !== "function") return callback;
    const { epoch } = this;
    const runtime = this;
    return function (this: unknown, value: unknown): unknown {
      runtime.rethrow(value);
      runtime.check(epoch, undefined);
      return apply(callback, this, [value]) as unknown;
    } as Callback;
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
    this.#interrupts.endRace(race);
    return this.check(race.epoch, value);
  }

  /** Around what a `for await` iterates. */
  async *stream<T>(values: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T> {
    const asynchronous = (values as AsyncIterable<T>)[asyncIterator] !== undefined;
    const iterator = asynchronous ? (values as AsyncIterable<T>)[asyncIterator]() : awaiting(values as Iterable<T>);
    let closes = false; // a loop that leaves by itself closes what it iterates
    try {
      for (;;) {
        const race = this.#interrupts.race(iterator.next());
        const { done, value } = this.raced(race, (await race.value) as IteratorResult<T>);
        if (done === true) return;
        closes = true;
        yield value;
        closes = false;
      }
    } finally {
      if (closes) await iterator.return?.();
    }
  }

  load(specifier: string, options?: ImportCallOptions): Promise<Namespace> {
    return this.#loader.load(specifier, options);
  }

  namespace(specifier: string, options?: ImportCallOptions): Promise<Namespace> {
    return this.#loader.namespace(specifier, options);
  }
}

/** A name that a cell has imported: `v` is what the module says of it now. */
interface LiveName {
  v: unknown;
}

/** The cells' runtime: also the place where a cell's value, and whatever the inspector finds, is handed over. */
export class CellRuntime extends Runtime {
  result: unknown = undefined;
  caught: unknown = undefined;
  /** What the calls of rewritten magics reach (kernel/cells/magics/magics.ts). */
  magics: object | undefined = undefined;
  /** `process.stdout` and `process.stderr`. */
  streams: readonly unknown[] = [];
  /** What the next cell calls before anything else, if it is told to. */
  restore: () => void = () => {};
  /** What the cell calls last of all. */
  ended: () => void = () => {};
  readonly #loader: Loader;
  readonly #disposals: { add(value: unknown, waits: boolean): void };
  /** What the cell awaits at its top. */
  #held: unknown = undefined;

  constructor(
    flags: Flags,
    interrupts: InterruptState,
    loader: Loader,
    disposals: { add(value: unknown, waits: boolean): void },
  ) {
    super(flags, interrupts, loader);
    this.#loader = loader;
    this.#disposals = disposals;
  }

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

  override namespace(specifier: string, options?: ImportCallOptions): Promise<Namespace> {
    return this.hold(super.namespace(specifier, options)) as Promise<Namespace>;
  }

  /** `import { names }`: resolves to what calls a function with the objects that have them, one per name. */
  bind(names: string[], uses: string[], specifier: string, options?: ImportCallOptions): Promise<Bound> {
    return this.hold(this.#loader.bind(names, uses, specifier, options)) as Promise<Bound>;
  }

  /** A cell assigns to a name that it has imported: from now on it is an ordinary variable. */
  assign(name: LiveName, value: unknown): void {
    define(name, "v", { value, writable: true, enumerable: true, configurable: true });
  }

  /** `using` and, with `waits`, `await using` at the top of a cell. */
  use<T>(waits: boolean, value: T): T {
    this.#disposals.add(value, waits);
    return value;
  }

  /** The value of a cell's last line, a method called on `object`: that something was printed is no result. */
  shown(object: unknown, value: unknown): unknown {
    const isPrinted = object === this.streams[0] || object === this.streams[1];
    return isPrinted && (typeof value === "boolean" || value === object) ? undefined : value;
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
  readonly #loader: Loader;
  readonly #namespace: Namespace;

  constructor(flags: Flags, interrupts: InterruptState, loader: Loader, namespace: Namespace) {
    super(flags, interrupts, loader);
    this.#loader = loader;
    this.#namespace = namespace;
  }

  link(names: string[], uses: string[], specifier: string, options?: ImportCallOptions): Promise<Namespace> {
    return this.#loader.link(names, uses, specifier, options);
  }

  /** The imports of a file that is required. */
  get atOnce(): object {
    return this.#loader.atOnce;
  }

  exports(getters: Record<string, () => unknown>): void {
    const names = ownKeys(getters) as string[];
    for (let i = 0; i < names.length; i++)
      this.#define(names[i] as string, getters[names[i] as string] as () => unknown);
  }

  /** `export { local as exported } from` */
  exportFrom(from: Namespace, pairs: [local: string, exported: string][]): void {
    for (let i = 0; i < pairs.length; i++) {
      const pair = pairs[i] as [string, string];
      this.#define(pair[1], () => from[pair[0]]);
    }
  }

  /** `export * from`, and `export * as name from`. What the file exports itself comes first. */
  exportAll(from: Namespace, as?: string): void {
    if (as !== undefined) {
      this.#define(as, () => from);
      return;
    }
    const names = ownKeys(from);
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      const isOwn = typeof name !== "string" || name === "default" || name in this.#namespace;
      if (!isOwn && getOwnPropertyDescriptor(from, name)?.enumerable === true) this.#define(name, () => from[name]);
    }
  }

  #define(name: string, get: () => unknown): void {
    define(this.#namespace, name, { get, enumerable: true, configurable: true });
  }
}

/** The values of what is not asynchronous itself, each awaited. */
async function* awaiting<T>(values: Iterable<T>): AsyncGenerator<T> {
  for (const value of values) yield value;
}

export function isThenable(value: unknown): boolean {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  return isPromise(value) || typeof (value as { then?: unknown }).then === "function";
}

/** Tells what `value` comes to, which is awaited: a cell may have replaced `Promise.prototype.then`. */
export async function settle<T>(
  value: T | PromiseLike<T>,
  fulfilled: (value: T) => void,
  rejected: (reason: unknown) => void,
): Promise<void> {
  let came: T;
  try {
    came = await value;
  } catch (reason) {
    rejected(reason);
    return;
  }
  fulfilled(came);
}

/** Calls `run`, which is the cell's, that often; what it promises is awaited. */
export async function runLoops(run: () => unknown, loops: number, tick: () => void): Promise<void> {
  for (let done = 0; done < loops; done++) {
    const value = run();
    if (!isPromise(value)) continue;
    await value;
    tick();
  }
}

/** The values of `ticks` until `isOver` says so; then nothing comes any more. */
export async function* whileWanted<T>(ticks: AsyncIterable<T>, isOver: () => boolean): AsyncGenerator<T> {
  for await (const value of ticks) {
    if (isOver()) await new NativePromise(() => {});
    yield value;
  }
}

/** A promise that follows `value` until it is abandoned. */
export function abandonable(
  value: unknown,
  rejected: () => void,
): { readonly promise: Promise<unknown>; readonly abandon: (reason: unknown) => void } {
  let abandon = (_: unknown): void => {};
  const promise = new NativePromise((resolve, reject) => {
    abandon = reject;
    // V8 follows its own `resolve`, and only that, when it looks for the functions that wait for an error's place
    const onRejection = (reason: unknown): void => {
      rejected();
      reject(reason);
    };
    apply(then, resolved(value), [resolve, onRejection]);
  });
  return { promise, abandon };
}
