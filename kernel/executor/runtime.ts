/** `__thaw`: what rewritten code calls. One for all cells, one more per local file. */
import type { Interrupts } from "../interrupt/interrupts.ts";
import type { BoundLoader, Namespace } from "./module-loader.ts";

/** The calls that both cells and local files make. */
function shared(interrupts: Interrupts, loader: BoundLoader) {
  return {
    get epoch() {
      return interrupts.epoch;
    },
    get meta() {
      return loader.meta;
    },
    tick: () => interrupts.tick(),
    check: <T>(epoch: number, value: T) => interrupts.check(epoch, value),
    stream: <T>(values: AsyncIterable<T> | Iterable<T>) => interrupts.stream(values),
    load: (specifier: string, options?: ImportCallOptions) => loader.load(specifier, options),
    namespace: (specifier: string, options?: ImportCallOptions) => loader.namespace(specifier, options),
    bind: (names: string[], uses: string[], specifier: string, options?: ImportCallOptions) =>
      loader.bind(names, uses, specifier, options),
  };
}

/** The cells' runtime: also the place where a cell's value, and whatever the inspector finds, is handed over. */
export function cellRuntime(interrupts: Interrupts, loader: BoundLoader) {
  return Object.defineProperties(
    { result: undefined as unknown, caught: undefined as unknown },
    Object.getOwnPropertyDescriptors(shared(interrupts, loader)),
  );
}

/** A local file's runtime: its exports become getters on `namespace`. */
export function moduleRuntime(interrupts: Interrupts, loader: BoundLoader, namespace: Namespace): object {
  const define = (name: string, get: () => unknown): void => {
    Object.defineProperty(namespace, name, { get, enumerable: true, configurable: true });
  };
  const exporting = {
    exports: (getters: Record<string, () => unknown>) => {
      for (const [name, get] of Object.entries(getters)) define(name, get);
    },
    exportFrom: (from: Namespace, pairs: [string, string][]) => {
      for (const [local, exported] of pairs) define(exported, () => from[local]);
    },
    exportAll: (from: Namespace, as?: string) => {
      if (as !== undefined) return define(as, () => from);
      for (const name of Object.keys(from))
        if (name !== "default" && !(name in namespace)) define(name, () => from[name]);
    },
  };
  return Object.defineProperties(exporting, Object.getOwnPropertyDescriptors(shared(interrupts, loader)));
}
