/** Modules for cells: Node's by its own loader, local TypeScript compiled on the fly and again when its file changed. */
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import vm from "node:vm";
import { resolveModule } from "./resolve.ts";
import type { Sources } from "./sources.ts";
import { transformModule } from "./transform.ts";

export type Namespace = Record<string, unknown>;

interface LocalModule {
  readonly version: string;
  /** Local files it has imported so far. */
  readonly imports: Set<string>;
  /** Filled from the start: what a cycle of imports sees. */
  readonly partial: Namespace;
  readonly namespace: Promise<Namespace>;
}

/** What a module's code gets beside the loader: the kernel's runtime with the module's own `load`, `meta` and exports. */
export type ModuleScope = (loader: BoundLoader, namespace: Namespace) => object;

const parameters = "__thaw, require, __filename, __dirname";
const head = `(async (${parameters}) => {"use strict";`;

export class ModuleLoader {
  readonly #sources: Sources;
  readonly #scope: ModuleScope;
  readonly #local = new Map<string, LocalModule>();
  /** Called after a package has been loaded, before the cell sees it. */
  onLoad: (specifier: string) => void = () => {};

  constructor(sources: Sources, scope: ModuleScope) {
    this.#sources = sources;
    this.#scope = scope;
  }

  async load(specifier: string, folder: string, options?: ImportCallOptions, importer?: string): Promise<Namespace> {
    const found = resolveModule(specifier, folder, options);
    if (found.kind === "json") return { default: JSON.parse(readFileSync(found.path, "utf8")) };
    if (found.kind === "node") {
      const namespace = await found.load();
      this.onLoad(specifier);
      return namespace;
    }
    const known = this.#local.get(found.path);
    const inCycle = importer !== undefined && this.#reaches(found.path, importer, new Set());
    if (importer !== undefined) this.#local.get(importer)?.imports.add(found.path);
    if (known !== undefined && inCycle) return known.partial;
    if (known !== undefined && !this.#isStale(found.path, new Set())) return await known.namespace;
    return await this.#run(found.path);
  }

  /** A file is stale when it, or a local file it imports, is not what was compiled. */
  #isStale(path: string, seen: Set<string>): boolean {
    const module = this.#local.get(path);
    if (module === undefined || seen.has(path)) return false;
    seen.add(path);
    return module.version !== versionOf(path) || [...module.imports].some((below) => this.#isStale(below, seen));
  }

  /** Whether `from` is, or imports by any way, `to`: then waiting for it would be waiting for oneself. */
  #reaches(from: string, to: string, seen: Set<string>): boolean {
    if (from === to) return true;
    seen.add(from);
    return [...(this.#local.get(from)?.imports ?? [])].some(
      (below) => !seen.has(below) && this.#reaches(below, to, seen),
    );
  }

  #run(path: string): Promise<Namespace> {
    const namespace: Namespace = Object.create(null) as Namespace;
    const module: LocalModule = {
      version: versionOf(path),
      imports: new Set(),
      partial: namespace,
      namespace: Promise.resolve().then(() => this.#evaluate(path, namespace)),
    };
    this.#local.set(path, module);
    module.namespace.catch(() => this.#local.delete(path));
    return module.namespace;
  }

  async #evaluate(path: string, namespace: Namespace): Promise<Namespace> {
    const text = readFileSync(path, "utf8");
    const { code, edit, back } = transformModule(text, path);
    this.#sources.add(path, text, edit, back);
    const script = new vm.Script(`${head}${code}\n})`, { filename: path, columnOffset: -head.length });
    const run = script.runInThisContext() as (...scope: unknown[]) => Promise<void>;
    const folder = dirname(path);
    const scope = this.#scope(new BoundLoader(this, () => folder, path), namespace);
    await run(scope, createRequire(path), path, folder);
    return namespace;
  }
}

function versionOf(path: string): string {
  const { mtimeMs, size } = statSync(path);
  return `${mtimeMs}:${size}`;
}

/** The loader as one importer sees it. */
export class BoundLoader {
  readonly #loader: ModuleLoader;
  readonly #folder: () => string;
  readonly #importer: string | undefined;

  constructor(loader: ModuleLoader, folder: () => string, importer?: string) {
    this.#loader = loader;
    this.#folder = folder;
    this.#importer = importer;
  }

  /** `import(specifier, options)`. */
  load(specifier: string, options?: ImportCallOptions): Promise<Namespace> {
    return this.#loader.load(String(specifier), this.#folder(), options, this.#importer);
  }

  /** `import * as ns`: a CommonJS module whose names Node could not see gives them too. */
  async namespace(specifier: string, options?: ImportCallOptions): Promise<Namespace> {
    const namespace = await this.load(specifier, options);
    const whole = namespace.default;
    const onlyDefault = Object.keys(namespace).every((key) =>
      ["default", "module.exports", "__esModule"].includes(key),
    );
    if (!onlyDefault || typeof whole !== "object" || whole === null || Array.isArray(whole)) return namespace;
    return Object.assign(Object.create(null), whole, namespace) as Namespace;
  }

  /** `import { names }`: refuses a missing name that the cell `uses`; one it does not use may be a type. */
  async bind(
    names: readonly string[],
    uses: readonly string[],
    specifier: string,
    options?: ImportCallOptions,
  ): Promise<Namespace> {
    const namespace = await this.load(specifier, options);
    const whole = namespace.default;
    const bound: Namespace = {};
    for (const name of names) {
      if (name in namespace) bound[name] = namespace[name];
      else if (isObject(whole) && name in whole) bound[name] = whole[name];
      else if (name === "default" && Object.keys(namespace).length > 0) bound[name] = namespace;
      else if (uses.includes(name)) {
        throw new SyntaxError(`The requested module '${specifier}' does not provide an export named '${name}'`);
      }
    }
    return bound;
  }

  /** `import.meta` */
  get meta(): object {
    const path = this.#importer ?? `${this.#folder()}/notebook.ts`;
    return { url: pathToFileURL(path).href, filename: path, dirname: this.#folder() };
  }
}

function isObject(value: unknown): value is Namespace {
  return (typeof value === "object" || typeof value === "function") && value !== null;
}
