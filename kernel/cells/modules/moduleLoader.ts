/**
 * Modules for cells: packages are loaded by Node, the notebook's own files are compiled, and again when they have
 * changed.
 */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { inspect, types } from "node:util";
import vm from "node:vm";
import { type Flags, flag } from "../../shared/flags.ts";
import { fileVersion } from "../../shared/modules.ts";
import { kernelTimers } from "../asyncContext/timers.ts";
import type { Sources } from "../errors/sources.ts";
import { KernelInterrupt } from "../interrupt/kernelInterrupt.ts";
import { fromCellPromise } from "../realm/cellRealm.ts";
import type { Namespace } from "../realm/cellRuntime.ts";
import type { ImportMode } from "../rewrite/imports.ts";
import { transformModule } from "../rewrite/transform.ts";
import { BoundLoader } from "./boundLoader.ts";
import { CommonJs } from "./commonJs.ts";
import { asNamespace, emptyNamespace } from "./namespace.ts";
import { PackageError } from "./packageVersion.ts";
import { resolveModule } from "./resolve.ts";

/**
 * Whether what a module has imported is still what an import would give. `seen` are modules that have been checked
 * already.
 */
type IsCurrent = (seen: Set<LocalModule>) => boolean;

interface LocalModule {
  readonly path: string;
  readonly version: string;
  /** The files it has imported so far. */
  readonly imports: Map<string, IsCurrent>;
  /** The namespace, filled from the start: a cycle of imports sees it incomplete. */
  readonly namespace: Namespace;
  /** The promise of its run, settled once it has run; absent until it begins. */
  loaded?: Promise<void>;
  /** Rejects `loaded` while the module waits for something. */
  abandon?: (reason: Error) => void;
}

/** Creates the `__thaw` of a module's code. */
type ModuleScope = (loader: BoundLoader, namespace: Namespace) => object;

/** Time in milliseconds allowed for loading a package that was probably terminated while it was being loaded before. */
const terminatedPatienceMs = 3000;

async function terminatedPackage(specifier: string): Promise<never> {
  await new Promise((resolve) => kernelTimers.setTimeout(resolve, terminatedPatienceMs));
  throw new PackageError(
    "STOPPED_PACKAGE",
    `'${specifier}' was stopped while its code ran for the first time, and Node loads nothing twice. Restart the kernel to load it.`,
  );
}

const parameters = "__thaw, require, __filename, __dirname";

/** Loads the modules of all cells and local files. */
export class ModuleLoader {
  readonly #flags: Flags;
  readonly #sources: Sources;
  readonly #scope: ModuleScope;
  readonly #local = new Map<string, LocalModule>();
  readonly #running = new Set<Namespace>();
  readonly #commonJs = new CommonJs();
  /** The packages that Node is loading. */
  readonly #loading = new Set<{ readonly specifier: string }>();
  /** The packages that may have been terminated while they were loaded. */
  readonly #terminated = new Set<string>();
  /** Called after a package has been loaded, before the cell sees it. */
  onLoad: (specifier: string) => void = () => {};

  constructor(flags: Flags, sources: Sources, scope: ModuleScope) {
    this.#flags = flags;
    this.#sources = sources;
    this.#scope = scope;
  }

  /** Carries out `import()` from `folder`; `importer` is the local file that imports, undefined for a cell. */
  async load(specifier: string, folder: string, options?: ImportCallOptions, importer?: string): Promise<Namespace> {
    const found = resolveModule(specifier, folder, "import", options);
    if (found.kind === "node") {
      const namespace = await this.#loadPackage(specifier, found.load);
      this.onLoad(specifier);
      return namespace;
    }
    if (found.kind !== "compiled") return asNamespace(this.#require(found.path, found.kind, importer));
    const { module, inCycle } = this.#moduleAt(found.path, importer);
    if (inCycle) return module.namespace;
    module.loaded ??= this.#evaluated(module);
    await module.loaded;
    return module.namespace;
  }

  /**
   * Handles that a cell was stopped. A local file that was still running will not go on, and what a file has exported
   * as a promise may never settle now: the next import begins such files anew, and code that waits for one gets the
   * interrupt.
   */
  stopped(): void {
    for (const module of [...this.#local.values()]) {
      if (!this.#running.has(module.namespace) && !hasPendingExport(module.namespace)) continue;
      this.#forget(module);
      this.#running.delete(module.namespace);
      module.abandon?.(new KernelInterrupt());
    }
    this.#commonJs.forgetUnfinished();
  }

  /**
   * Loads a package. Node keeps what it has begun to load: the package goes on loading when its cell is stopped, and
   * the next import waits for it.
   */
  async #loadPackage(specifier: string, load: () => Promise<Namespace>): Promise<Namespace> {
    const loading = { specifier };
    this.#loading.add(loading);
    Atomics.store(this.#flags, flag.loading, this.#loading.size);
    try {
      const loaded = fromCellPromise(load());
      return await (this.#terminated.has(specifier) ? Promise.race([loaded, terminatedPackage(specifier)]) : loaded);
    } finally {
      this.#loading.delete(loading);
      Atomics.store(this.#flags, flag.loading, this.#loading.size);
    }
  }

  /**
   * Handles that V8 terminated running code. The code of a package that was being loaded, if it was that, is never run
   * again.
   */
  forced(): void {
    for (const { specifier } of this.#loading) this.#terminated.add(specifier);
    this.#loading.clear();
    Atomics.store(this.#flags, flag.loading, 0);
  }

  /** Returns what `require` returns. */
  require(specifier: string, folder: string, importer?: string): unknown {
    const found = resolveModule(specifier, folder, "require");
    if (found.kind === "node") {
      const exports = found.require();
      this.onLoad(specifier);
      return exports;
    }
    if (found.kind !== "compiled") return this.#require(found.path, found.kind, importer);
    const { module } = this.#moduleAt(found.path, importer);
    if (module.loaded === undefined) this.#runAtOnce(module);
    return "module.exports" in module.namespace ? module.namespace["module.exports"] : module.namespace;
  }

  /** Whether a module is still running: then more names may come. */
  isRunning(namespace: Namespace): boolean {
    return this.#running.has(namespace);
  }

  #require(path: string, kind: "commonjs" | "json", importer: string | undefined): unknown {
    const exports = this.#commonJs.require(path);
    const [loaded, version] = [this.#commonJs.loaded(path), fileVersion(path)];
    const isCurrent =
      kind === "json" ? () => fileVersion(path) === version : () => this.#commonJs.loaded(path) === loaded;
    this.#importsOf(importer)?.set(path, isCurrent);
    return exports;
  }

  /** Returns the module of a file in its current state; it may not have begun to run. */
  #moduleAt(path: string, importer: string | undefined): { module: LocalModule; inCycle: boolean } {
    if (importer === undefined) this.#commonJs.forgetChanged();
    const known = this.#local.get(path);
    const running = known !== undefined && this.#running.has(known.namespace);
    const inCycle = running && importer !== undefined && this.#reaches(path, importer, new Set());
    const module = known !== undefined && (inCycle || this.#isCurrent(known, new Set())) ? known : this.#begin(path);
    this.#importsOf(importer)?.set(path, (seen) => this.#local.get(path) === module && this.#isCurrent(module, seen));
    return { module, inCycle };
  }

  #begin(path: string): LocalModule {
    const module = {
      path,
      version: fileVersion(path),
      imports: new Map<string, IsCurrent>(),
      namespace: emptyNamespace(),
    };
    this.#local.set(path, module);
    this.#running.add(module.namespace);
    return module;
  }

  #importsOf(importer: string | undefined): Map<string, IsCurrent> | undefined {
    return importer === undefined ? undefined : this.#local.get(importer)?.imports;
  }

  /** Whether neither the file nor anything it imports has changed. */
  #isCurrent(module: LocalModule, seen: Set<LocalModule>): boolean {
    if (seen.has(module)) return true;
    seen.add(module);
    return (
      module.version === fileVersion(module.path) && [...module.imports.values()].every((isCurrent) => isCurrent(seen))
    );
  }

  /** Whether `from` is `to` or imports it in any way: then waiting for it would be waiting for oneself. */
  #reaches(from: string, to: string, seen: Set<string>): boolean {
    if (from === to) return true;
    seen.add(from);
    return [...(this.#local.get(from)?.imports.keys() ?? [])].some(
      (below) => !seen.has(below) && this.#reaches(below, to, seen),
    );
  }

  async #evaluated(module: LocalModule): Promise<void> {
    const abandoned = new Promise<never>((_, reject) => {
      module.abandon = reject;
    });
    await Promise.resolve(); // not yet: what it imports may ask for it
    await Promise.race([this.#run(module), abandoned]);
  }

  async #run(module: LocalModule): Promise<void> {
    try {
      await fromCellPromise(this.#start(module, "await __thaw") as Promise<unknown>);
    } catch (error) {
      this.#forget(module);
      throw error;
    } finally {
      this.#running.delete(module.namespace);
    }
  }

  #runAtOnce(module: LocalModule): void {
    module.loaded = Promise.resolve();
    try {
      this.#start(module, "__thaw.atOnce");
    } catch (error) {
      this.#forget(module);
      throw error;
    } finally {
      this.#running.delete(module.namespace);
    }
  }

  #forget(module: LocalModule): void {
    if (this.#local.get(module.path) === module) this.#local.delete(module.path);
  }

  #start({ path, namespace }: LocalModule, mode: ImportMode): unknown {
    const text = readFileSync(path, "utf8");
    const { code, edit, back } = transformModule(text, path, mode);
    this.#sources.add(path, text, edit, back);
    const head = `(${mode === "await __thaw" ? "async " : ""}(${parameters}) => {"use strict";`;
    const script = new vm.Script(`${head}${code}\n})`, { filename: path, columnOffset: -head.length });
    const run = script.runInThisContext() as (...scope: unknown[]) => unknown;
    const folder = dirname(path);
    const loader = new BoundLoader(this, folder, path);
    return run(this.#scope(loader, namespace), loader.require, path, folder);
  }
}

function hasPendingExport(namespace: Namespace): boolean {
  return Object.keys(namespace).some((name) => {
    try {
      const value = namespace[name];
      return types.isPromise(value) && inspect(value, { depth: 0 }).includes("<pending>");
    } catch {
      return false; // it has not been given a value yet
    }
  });
}
