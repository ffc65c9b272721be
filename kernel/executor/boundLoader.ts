/** The loader as one importer sees it. */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type { ModuleLoader } from "./moduleLoader.ts";
import { asNamespace, type Namespace, pick, withNames } from "./namespace.ts";
import { resolveUrl } from "./resolve.ts";

export class BoundLoader {
  readonly #loader: ModuleLoader;
  readonly #folder: () => string;
  readonly #importer: string | undefined;

  /** `importer` is a local file; absent for cells. */
  constructor(loader: ModuleLoader, folder: () => string, importer?: string) {
    this.#loader = loader;
    this.#folder = folder;
    this.#importer = importer;
  }

  /** `import(specifier, options)`. */
  load(specifier: string, options?: ImportCallOptions): Promise<Namespace> {
    return this.#loader.load(String(specifier), this.#folder(), options, this.#importer);
  }

  /** `import * as ns` */
  async namespace(specifier: string, options?: ImportCallOptions): Promise<Namespace> {
    return withNames(await this.load(specifier, options));
  }

  /** `import { names }` of a cell. */
  async bind(
    names: readonly string[],
    uses: readonly string[],
    specifier: string,
    options?: ImportCallOptions,
  ): Promise<Namespace> {
    return pick(await this.load(specifier, options), names, uses, specifier);
  }

  /** `import { names }` of a local file, which reads them from here each time. */
  async link(
    names: readonly string[],
    uses: readonly string[],
    specifier: string,
    options?: ImportCallOptions,
  ): Promise<Namespace> {
    return this.#link(await this.load(specifier, options), names, uses, specifier);
  }

  /** The same for a file that is required, which cannot wait. */
  readonly atOnce = {
    load: (specifier: string): Namespace => asNamespace(this.#require(specifier)),
    namespace: (specifier: string): Namespace => withNames(this.atOnce.load(specifier)),
    link: (names: readonly string[], uses: readonly string[], specifier: string): Namespace =>
      this.#link(this.atOnce.load(specifier), names, uses, specifier),
  };

  /** A namespace that is not complete yet, in a cycle of imports, may still get the names. */
  #link(namespace: Namespace, names: readonly string[], uses: readonly string[], specifier: string): Namespace {
    const whole = names.every((name) => name in namespace) || this.#loader.isRunning(namespace);
    return whole ? namespace : pick(namespace, names, uses, specifier);
  }

  /** `require` */
  get require(): NodeJS.Require {
    const { resolve, cache, extensions, main } = createRequire(`${this.#folder()}/notebook`);
    return Object.assign((specifier: string) => this.#require(specifier), { resolve, cache, extensions, main });
  }

  /** `import.meta` */
  get meta(): object {
    const folder = this.#folder();
    const path = this.#importer ?? `${folder}/notebook.ts`;
    const resolve = (specifier: string): string => resolveUrl(String(specifier), folder);
    return { url: pathToFileURL(path).href, filename: path, dirname: folder, resolve };
  }

  #require(specifier: string): unknown {
    return this.#loader.require(String(specifier), this.#folder(), this.#importer);
  }
}
