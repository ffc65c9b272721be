/**
 * The kernel's access to the realm in which the cells run (see realm.ts): its global object, its classes as they were
 * at the start, and the ways of values from one realm to the other.
 */
import { createRequire } from "node:module";
import * as sameRealm from "./cellRuntime.ts";

/** The values that realm.ts puts into the kernel's own realm, so that the kernel's code can reach the realm of the cells. */
export interface Seed {
  readonly cells: typeof globalThis;
  readonly cellSide: typeof sameRealm;
  readonly requireNode: (name: string) => unknown;
  readonly requireKernel: (name: string) => unknown;
  readonly KernelRealmError: ErrorConstructor;
}

const load = createRequire(import.meta.url);
const seed =
  (globalThis as { thawSeed?: Seed }).thawSeed ?? // absent in tests of single files: there is one realm then
  ({
    cells: globalThis,
    cellSide: sameRealm,
    requireNode: load,
    requireKernel: load,
    KernelRealmError: Error,
  } satisfies Seed);

/** The global object of the cells. A cell may have replaced any property of it. */
export const { cells } = seed;

/** The code of the kernel that runs in the cells' realm (cellRuntime.ts). */
export const { cellSide } = seed;

/**
 * The `Error` of the kernel's realm. The global `Error` is that of the cells' realm, so that cells can catch what the
 * kernel throws.
 */
export const { KernelRealmError } = seed;

const { Array: CellArray, Function: CellFunction } = cells;
/** The classes of the cells' realm as they were at the start. */
export const { Object: CellObject, Promise: CellPromise } = cells;

/**
 * Returns one of Node's modules as cells share it, so that it can be patched. An `import` gives the functions that were
 * in it at the start.
 */
export function nodeModule<Module>(name: `node:${string}`): Module {
  return seed.requireNode(name) as Module;
}

/** Loads a CommonJS package for the kernel itself, in the kernel's realm. */
export function kernelPackage<Module>(name: string): Module {
  return seed.requireKernel(name) as Module;
}

/**
 * Makes a function, list or plain object that goes to a cell an instance of the cells' classes (`instanceof Array`
 * holds). Returns it.
 */
export function asCellObject<Value extends object>(value: Value): Value {
  const { prototype } = typeof value === "function" ? CellFunction : Array.isArray(value) ? CellArray : CellObject;
  return Object.setPrototypeOf(value, prototype as object) as Value;
}

/** Creates a promise of the cells' realm. */
export function newCellPromise<Value>(
  executor: (resolve: (value: Value) => void, reject: (reason: unknown) => void) => void,
): Promise<Value> {
  return new CellPromise(executor);
}

/** Turns a promise of the kernel into one of the cells' realm. */
export function asCellPromise<Value>(promise: Promise<Value>): Promise<Value> {
  return newCellPromise((resolve, reject) => void promise.then(resolve, reject));
}

/** Follows a promise that comes from a cell or from Node without calling its `then`, which a cell may have replaced. */
export function fromCellPromise<Value>(promise: PromiseLike<Value>): Promise<Value> {
  return new Promise((resolve, reject) => cellSide.settle(promise, resolve, reject));
}

/** Copies a list that comes from a cell into an array of the kernel's realm, without the cell's iterator. */
export function fromCellArray<Value>(list: ArrayLike<Value>): Value[] {
  const copy: Value[] = [];
  for (let i = 0; i < list.length; i++) copy.push(list[i] as Value);
  return copy;
}

const isInstance = Function.prototype[Symbol.hasInstance];

/** Does what `instanceof` does, whatever the class defines as `Symbol.hasInstance`. */
export function isA<Instance>(value: unknown, ofClass: abstract new (...values: never) => Instance): value is Instance {
  return Reflect.apply(isInstance, ofClass, [value]);
}
