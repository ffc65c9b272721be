/** The kernel's access to the realm in which the cells run (see realm.ts): its global object and its classes, as they were at the start. */
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

/** The global object of the cells. What stands on it a cell may have replaced. */
export const { cells } = seed;

/** The part of the kernel that lives beside the cells. */
export const { cellSide } = seed;

/** The class of the kernel's realm. What the kernel throws are errors of the cells' realm, as `Error` is there. */
export const { KernelRealmError } = seed;

const { Array: CellArray, Function: CellFunction } = cells;
/** The cells' own classes. */
export const { Object: CellObject, Promise: CellPromise } = cells;

/** A module of Node's itself, to put something into it. An `import` gives what was in it at the start. */
export function nodeModule<Module>(name: `node:${string}`): Module {
  return seed.requireNode(name) as Module;
}

/** A CommonJS package that the kernel itself uses. */
export function kernelPackage<Module>(name: string): Module {
  return seed.requireKernel(name) as Module;
}

/** Makes a function, list or plain object, which goes to a cell, one of the cell's own: `instanceof Array`. Returns it. */
export function asCellObject<Value extends object>(value: Value): Value {
  const { prototype } = typeof value === "function" ? CellFunction : Array.isArray(value) ? CellArray : CellObject;
  return Object.setPrototypeOf(value, prototype as object) as Value;
}

/** A promise for a cell. */
export function newCellPromise<Value>(
  executor: (resolve: (value: Value) => void, reject: (reason: unknown) => void) => void,
): Promise<Value> {
  return new CellPromise(executor);
}

/** A promise of the kernel's as one for a cell. */
export function asCellPromise<Value>(promise: Promise<Value>): Promise<Value> {
  return newCellPromise((resolve, reject) => void promise.then(resolve, reject));
}

/** Settles as `promise` does, which comes from a cell or from Node, without calling its `then`: a cell may have replaced that. */
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

/** `instanceof`, whatever the class says of itself. */
export function isA<Instance>(value: unknown, ofClass: abstract new (...values: never) => Instance): value is Instance {
  return Reflect.apply(isInstance, ofClass, [value]);
}
