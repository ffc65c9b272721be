/** What the kernel's code on the main thread needs of the realm in which the cells run (see realm.ts), as it was at the start. */
import { createRequire } from "node:module";
import * as sameRealm from "./executor/runtime.ts";

/** What a new realm is given. */
export interface Seed {
  readonly cells: typeof globalThis;
  readonly cellSide: typeof sameRealm;
  readonly requireShared: (name: string) => unknown;
  readonly requireOwn: (name: string) => unknown;
  readonly OwnError: ErrorConstructor;
}

const load = createRequire(import.meta.url);
const seed =
  (globalThis as { thawSeed?: Seed }).thawSeed ?? // absent in tests of single files: there is one realm then
  ({
    cells: globalThis,
    cellSide: sameRealm,
    requireShared: load,
    requireOwn: load,
    OwnError: Error,
  } satisfies Seed);

/** The global object of the cells. What stands on it a cell may have replaced. */
export const { cells } = seed;

/** The part of the kernel that lives beside the cells. */
export const { cellSide } = seed;

/** The class of the kernel's realm. What the kernel throws are errors of the cells' realm, as `Error` is there. */
export const { OwnError } = seed;

const { Array: CellArray, Function: CellFunction } = cells;
/** The cells' own classes. */
export const { Object: CellObject, Promise: CellPromise } = cells;

/** A module of Node's itself, to put something into it. An `import` gives what was in it at the start. */
export function sharedModule<Module>(name: `node:${string}`): Module {
  return seed.requireShared(name) as Module;
}

/** A CommonJS package that the kernel itself uses. */
export function ownPackage<Module>(name: string): Module {
  return seed.requireOwn(name) as Module;
}

/** Makes a function, list or plain object, which goes to a cell, one of the cell's own: `instanceof Array`. Returns it. */
export function given<Value extends object>(value: Value): Value {
  const { prototype } = typeof value === "function" ? CellFunction : Array.isArray(value) ? CellArray : CellObject;
  return Object.setPrototypeOf(value, prototype as object) as Value;
}

/** A promise for a cell. */
export function cellPromise<Value>(
  executor: (resolve: (value: Value) => void, reject: (reason: unknown) => void) => void,
): Promise<Value> {
  return new CellPromise(executor);
}

/** A promise of the kernel's as one for a cell. */
export function givenPromise<Value>(promise: Promise<Value>): Promise<Value> {
  return cellPromise((resolve, reject) => void promise.then(resolve, reject));
}

/** Promises and lists that come from cells, or from Node, which works with the built-ins that cells have: */

/** What `promise` comes to. A cell may have replaced its `then`. */
export function settled<Value>(promise: PromiseLike<Value>): Promise<Value> {
  return new Promise((resolve, reject) => cellSide.settle(promise, resolve, reject));
}

/** The same list as one of the kernel's own. */
export function own<Value>(list: ArrayLike<Value>): Value[] {
  const copy: Value[] = [];
  for (let i = 0; i < list.length; i++) copy.push(list[i] as Value);
  return copy;
}

const isInstance = Function.prototype[Symbol.hasInstance];

/** `instanceof`, whatever the class says of itself. */
export function isA<Instance>(value: unknown, ofClass: abstract new (...values: never) => Instance): value is Instance {
  return Reflect.apply(isInstance, ofClass, [value]);
}
