/**
 * The part of the kernel that runs in the realm of the cells: `__thaw`, which rewritten code calls, one for all cells
 * and one more per local file. V8 inlines into the loops of a cell only functions of the cell's realm. So this file
 * uses nothing that a cell could replace: no iteration, no method of a built-in but those taken here
 * (tests/kernel/cells/realm/realm.test.ts).
 */
import { types } from "node:util";
import { type Flags, flag } from "../../shared/flags.ts";

/** A module's exports by name, as an import gives them. */
export type Namespace = Record<string, unknown>;

/** Calls `take` with the objects that have what was imported by name, one per name. */
export type Bound = (take: (...sources: Namespace[]) => unknown) => unknown;

/** An await that an interrupt ends at once. The code awaits `value` in place of the promise it named. */
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
  /** The loader for a file that is required, which cannot wait. */
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

/** Does what `Object.defineProperty` does, without a descriptor that inherits what is put on `Object.prototype`. */
function define(object: object, key: string, descriptor: PropertyDescriptor): void {
  defineProperty(object, key, setPrototypeOf(descriptor, null) as PropertyDescriptor);
}

/** The calls that the rewritten code of both cells and local files makes. */
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

  /**
   * Checks for an interrupt at every loop head: a plain read, a third of the cost of an atomic one. Were it ever moved
   * out of a loop, the watchdog stops that loop.
   */
  tick(): void {
    if (this.#flags[flag.pending] !== 0) throw this.#interrupts.reason();
  }

  /** Wraps every `await`; `epoch` was read before the code was suspended. */
  check<T>(epoch: number, value: T): T {
    if (epoch !== this.#interrupts.epoch || this.#flags[flag.pending] !== 0) throw this.#interrupts.reason();
    return value;
  }

  /** Throws an interrupt on at the head of every `catch`. */
  rethrow(caught: unknown): void {
    if (this.#interrupts.isReason(caught)) throw caught;
    this.tick();
  }

  /** Wraps every callback that is given to `then` or `catch`: it is not called once an interrupt has come. */
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

  /** Begins the await of `value`; rewritten code goes on with `await __thaw.racing` and `raced`. */
  race(value: unknown): Race {
    this.#race = this.#interrupts.race(value);
    return this.#race;
  }

  /** The value to await for the race that began last. */
  get racing(): unknown {
    return this.#race?.value;
  }

  raced<T>(race: Race, value: T): T {
    this.#interrupts.endRace(race);
    return this.check(race.epoch, value);
  }

  /** Wraps the iterable of a `for await`. */
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

/** The variable of a name that a cell has imported: `v` is the name's value in its module now. */
interface LiveName {
  v: unknown;
}

/** The `__thaw` of the cells; through it the value of a cell, and values that the inspector finds, reach the kernel. */
export class CellRuntime extends Runtime {
  result: unknown = undefined;
  caught: unknown = undefined;
  /** The object whose methods the calls of rewritten magics reach (kernel/cells/magics/magics.ts). */
  magics: object | undefined = undefined;
  /** The cells' `process.stdout` and `process.stderr`. */
  streams: readonly unknown[] = [];
  /** The first call of the next cell where a property was put away (kernel/cells/executor/evaluator.ts). */
  restore: () => void = () => {};
  /** The last call of every cell. */
  ended: () => void = () => {};
  readonly #loader: Loader;
  readonly #disposals: { add(value: unknown, waits: boolean): void };
  /** The promise that the cell awaits outside functions. */
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
   * Keeps a promise that a cell awaits outside functions. One that nobody else knows would be collected with the cell
   * that waits for it, and the inspector, which waits for the cell, cannot bear that.
   */
  hold(value: unknown): unknown {
    this.#held = isThenable(value) ? resolved(value) : undefined;
    return this.#held ?? value;
  }

  /** Releases the promise that the cell awaited, when it has ended. */
  release(): void {
    this.#held = undefined;
  }

  override namespace(specifier: string, options?: ImportCallOptions): Promise<Namespace> {
    return this.hold(super.namespace(specifier, options)) as Promise<Namespace>;
  }

  /**
   * Imports `names` for a cell: resolves to a function that passes the objects with these names, one per name, to a
   * callback.
   */
  bind(names: string[], uses: string[], specifier: string, options?: ImportCallOptions): Promise<Bound> {
    return this.hold(this.#loader.bind(names, uses, specifier, options)) as Promise<Bound>;
  }

  /** Makes a name that a cell has imported an ordinary variable, since the cell assigns to it. */
  assign(name: LiveName, value: unknown): void {
    define(name, "v", { value, writable: true, enumerable: true, configurable: true });
  }

  /** Registers the value of `using` or, with `waits`, `await using` at the top of a cell. */
  use<T>(waits: boolean, value: T): T {
    this.#disposals.add(value, waits);
    return value;
  }

  /** Returns the result of a cell whose last line calls a method of `object`: printing has no result. */
  shown(object: unknown, value: unknown): unknown {
    const isPrinted = object === this.streams[0] || object === this.streams[1];
    return isPrinted && (typeof value === "boolean" || value === object) ? undefined : value;
  }

  /** Returns the value and forgets it. */
  take(key: "result" | "caught"): unknown {
    const value = this[key];
    this[key] = undefined;
    return value;
  }
}

/** The `__thaw` of a local file: its exports become getters on `namespace`. */
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

  /** The loader for a file that is required. */
  get atOnce(): object {
    return this.#loader.atOnce;
  }

  exports(getters: Record<string, () => unknown>): void {
    const names = ownKeys(getters) as string[];
    for (let i = 0; i < names.length; i++)
      this.#define(names[i] as string, getters[names[i] as string] as () => unknown);
  }

  /** Defines the getters of `export { local as exported } from`. */
  exportFrom(from: Namespace, pairs: [local: string, exported: string][]): void {
    for (let i = 0; i < pairs.length; i++) {
      const pair = pairs[i] as [string, string];
      this.#define(pair[1], () => from[pair[0]]);
    }
  }

  /** Defines the getters of `export * from` and `export * as name from`. The file's own exports come first. */
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

/** Iterates an iterable that is not asynchronous, awaiting each value. */
async function* awaiting<T>(values: Iterable<T>): AsyncGenerator<T> {
  for (const value of values) yield value;
}

/** Whether an `await` would wait for `value`. */
export function isThenable(value: unknown): boolean {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  return isPromise(value) || typeof (value as { then?: unknown }).then === "function";
}

/** Reports the outcome of `value`, which is awaited: a cell may have replaced `Promise.prototype.then`. */
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

/** Calls `run`, a function of the cell, `loops` times and awaits what it promises. */
export async function runLoops(run: () => unknown, loops: number, tick: () => void): Promise<void> {
  for (let done = 0; done < loops; done++) {
    const value = run();
    if (!isPromise(value)) continue;
    await value;
    tick();
  }
}

/** Yields the values of `ticks` until `isOver` returns true; then it stays pending. */
export async function* untilCancelled<T>(ticks: AsyncIterable<T>, isCancelled: () => boolean): AsyncGenerator<T> {
  for await (const value of ticks) {
    if (isCancelled()) await new NativePromise(() => {});
    yield value;
  }
}

/** Creates a promise that follows `value` until it is abandoned. */
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
