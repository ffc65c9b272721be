/**
 * The kernel's own realm. A cell may replace any built-in, by accident too (a polyfill, a mock), and whatever runs on its
 * global object then goes through the replacement: a patched `Array.prototype[Symbol.iterator]` is in every `for` of the
 * kernel. So the kernel's code on this thread runs on a global object of its own, with arrays, maps and promises of its
 * own (as a browser runs its extensions), and of Node's modules it has the functions that were there at the start.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { type MessagePort, moveMessagePortToContext } from "node:worker_threads";
import type { Seed } from "./cellRealm.ts";
import * as cellSide from "./cellRuntime.ts";

const load = createRequire(import.meta.url);
const kernelFolder = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Globals of Node, which no new realm has since they are no part of the language. The kernel's realm shares them with
 * the cells.
 */
const shared = [
  ...["AbortController", "Buffer", "URL", "clearImmediate", "clearInterval", "clearTimeout", "queueMicrotask"],
  ...["setImmediate", "setInterval", "setTimeout", "structuredClone", "TextDecoder", "TextEncoder"],
  // what the kernel throws into a cell is to be an instance of the cell's own classes
  ...["AggregateError", "Error", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError"],
] as const;

/** A message port whose messages are objects of the kernel's realm. */
export interface RealmPort {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  start(): void;
  postMessage(message: unknown, transfer?: readonly object[]): void;
}

/** The realm in which the kernel's code runs. */
export class Realm {
  readonly #context: vm.Context;
  readonly #loaded = new Map<string, { exports: unknown }>();

  constructor() {
    const { performance, process } = globalThis;
    const now = performance.now.bind(performance);
    const context = vm.createContext({});
    const seed: Seed = {
      cells: globalThis,
      cellSide,
      requireNode: load,
      requireKernel: (name) => this.require(name),
      KernelRealmError: vm.runInContext("Error", context) as ErrorConstructor,
    };
    addMissing(vm.runInContext("Symbol", context) as object, Symbol);
    const inside = {
      ...Object.fromEntries(shared.map((name) => [name, globalThis[name]])),
      performance: { now },
      process: snapshot(process),
      thawSeed: seed,
    };
    this.#context = Object.assign(context, inside);
  }

  /**
   * Loads a CommonJS file or package of the kernel in its realm; a module of Node is given as it was when it was first
   * asked for.
   */
  require(name: string, from = kernelFolder): unknown {
    // the kernel's own files are found without Node, which works with the built-ins of the cells
    const path = name.startsWith("./") ? join(from, name) : load.resolve(name);
    const known = this.#loaded.get(path);
    if (known !== undefined) return known.exports;
    const module = { exports: {} as unknown };
    this.#loaded.set(path, module);
    if (!/^\.c?js$/.test(extname(path)))
      module.exports = extname(path) === "" ? snapshot(load(path) as object) : load(path);
    else this.#run(path, module);
    return module.exports;
  }

  /** Moves a port into the kernel's realm. */
  adopt(port: MessagePort): RealmPort {
    return moveMessagePortToContext(port, this.#context) as unknown as RealmPort;
  }

  #run(path: string, module: { exports: unknown }): void {
    const head = "(function (exports, require, module, __filename, __dirname) {";
    const script = new vm.Script(`${head}${readFileSync(path, "utf8")}\n})`, {
      filename: path,
      columnOffset: -head.length,
    });
    const run = script.runInContext(this.#context) as (...scope: unknown[]) => void;
    const folder = dirname(path);
    const isOwn = path.startsWith(kernelFolder);
    const require = (name: string): unknown =>
      isOwn ? this.require(name, folder) : this.require(createRequire(path).resolve(name));
    run(module.exports, require, module, path, folder);
  }
}

/**
 * Adds what Node adds to the language's own objects, such as `Symbol.dispose` before V8 knew it: no new realm has it.
 */
function addMissing(object: object, like: object): void {
  for (const key of Reflect.ownKeys(like)) {
    if (!(key in object)) Object.defineProperty(object, key, Object.getOwnPropertyDescriptor(like, key) as object);
  }
}

/** Copies the properties that the object has now, whatever is put into their place later. */
function snapshot(object: object): object {
  const own = Object.getOwnPropertyDescriptors(object) as PropertyDescriptorMap;
  const { types } = own; // of `node:util`
  if (types !== undefined) own.types = { ...types, value: snapshot(types.value as object) };
  return Object.create(Object.getPrototypeOf(object) as object, own) as object;
}
