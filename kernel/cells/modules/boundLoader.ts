/**
 * The module loader bound to one importer: what `import`, `require` and `import.meta` mean in a cell or a local file.
 */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { captureCallSite } from "../errors/stackTraces.ts";
import { asCellObject, asCellPromise, fromCellArray } from "../realm/cellRealm.ts";
import type { Bound, Namespace } from "../realm/cellRuntime.ts";
import { asNamespace, joinedSources, sourcesOf, withNames } from "./namespace.ts";
import { resolveUrl } from "./resolve.ts";

/** The part of `ModuleLoader` (moduleLoader.ts) that importers use. */
interface Loader {
  load(specifier: string, folder: string, options?: ImportCallOptions, importer?: string): Promise<Namespace>;
  require(specifier: string, folder: string, importer?: string): unknown;
  isRunning(namespace: Namespace): boolean;
}

/** The module loader of one importer. */
export class BoundLoader {
  readonly #loader: Loader;
  readonly #folder: string;
  readonly #importer: string | undefined;

  /** `folder` is where specifiers are looked up; `importer` is the local file, absent for cells. */
  constructor(loader: Loader, folder: string, importer?: string) {
    this.#loader = loader;
    this.#folder = folder;
    this.#importer = importer;
  }

  /** Carries out `import(specifier, options)`. */
  load(specifier: string, options?: ImportCallOptions): Promise<Namespace> {
    return asCellPromise(this.#load(specifier, options));
  }

  /** Carries out `import * as ns`. */
  namespace(specifier: string, options?: ImportCallOptions): Promise<Namespace> {
    return asCellPromise(this.#load(specifier, options).then(withNames));
  }

  /** Carries out `import { names }` of a cell. */
  bind(
    names: readonly string[],
    uses: readonly string[],
    specifier: string,
    options?: ImportCallOptions,
  ): Promise<Bound> {
    const bound = this.#load(specifier, options, (namespace): Bound => {
      const sources = sourcesOf(namespace, fromCellArray(names), fromCellArray(uses), specifier);
      return (take) => Reflect.apply(take, undefined, sources);
    });
    return asCellPromise(bound);
  }

  /** Carries out `import { names }` of a local file. */
  link(
    names: readonly string[],
    uses: readonly string[],
    specifier: string,
    options?: ImportCallOptions,
  ): Promise<Namespace> {
    return asCellPromise(this.#load(specifier, options, (namespace) => this.#link(namespace, names, uses, specifier)));
  }

  /** The imports of a file that is required, which cannot wait. */
  readonly atOnce = {
    load: (specifier: string): Namespace => asNamespace(this.#require(specifier)),
    namespace: (specifier: string): Namespace => withNames(this.atOnce.load(specifier)),
    link: (names: readonly string[], uses: readonly string[], specifier: string): Namespace =>
      this.#link(this.atOnce.load(specifier), names, uses, specifier),
  };

  /**
   * Returns an object that has the names. A namespace that is not complete yet, in a cycle of imports, may still get
   * them.
   */
  #link(namespace: Namespace, names: readonly string[], uses: readonly string[], specifier: string): Namespace {
    const wanted = fromCellArray(names);
    const isWhole = wanted.every((name) => name in namespace) || this.#loader.isRunning(namespace);
    return isWhole ? namespace : joinedSources(wanted, sourcesOf(namespace, wanted, fromCellArray(uses), specifier));
  }

  /** The function `require` of the importer. */
  get require(): NodeJS.Require {
    const require = (specifier: string): unknown => this.#require(specifier);
    let own: NodeJS.Require | undefined;
    for (const key of ["resolve", "cache", "extensions", "main"] as const) {
      const get = (): unknown => {
        own ??= createRequire(`${this.#folder}/notebook`);
        return own[key];
      };
      const set = (value: unknown): void => void Object.defineProperty(require, key, { value, writable: true });
      Object.defineProperty(require, key, { get, set, enumerable: true, configurable: true });
    }
    return asCellObject(require as NodeJS.Require);
  }

  /** The object `import.meta` of the importer. */
  get meta(): object {
    const path = this.#importer ?? `${this.#folder}/notebook.ts`;
    const resolve = (specifier: string): string => resolveUrl(String(specifier), this.#folder);
    return asCellObject({ url: pathToFileURL(path).href, filename: path, dirname: this.#folder, resolve });
  }

  #load(specifier: string, options: ImportCallOptions | undefined): Promise<Namespace>;
  #load<Made>(
    specifier: string,
    options: ImportCallOptions | undefined,
    make: (namespace: Namespace) => Made,
  ): Promise<Made>;
  #load(
    specifier: string,
    options: ImportCallOptions | undefined,
    make = (namespace: Namespace): unknown => namespace,
  ) {
    const addCallSite = captureCallSite();
    const loaded = this.#loader.load(String(specifier), this.#folder, options, this.#importer).then(make);
    return loaded.catch((error: unknown) => {
      throw addCallSite(error);
    });
  }

  #require(specifier: string): unknown {
    const addCallSite = captureCallSite();
    try {
      return this.#loader.require(String(specifier), this.#folder, this.#importer);
    } catch (error) {
      throw addCallSite(error);
    }
  }
}
