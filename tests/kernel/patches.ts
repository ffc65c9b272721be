/** What a cell may do to the built-ins that everything stands on, and how that is undone: for one kernel that bears them all, one after the other. */

export interface Patch {
  readonly what: string;
  readonly code: string;
}

/** Puts `kit` in place, which replaces properties, calls nothing that it has replaced, and undoes it all. */
export const kit = `(() => {
  const { defineProperty, getOwnPropertyDescriptor, setPrototypeOf } = Object;
  const { deleteProperty } = Reflect;
  const saved = [];
  let count = 0;
  const put = (holder, key, descriptor) => {
    const before = getOwnPropertyDescriptor(holder, key);
    saved[count++] = { holder, key, before };
    descriptor.configurable = true;
    descriptor.enumerable = before === undefined ? true : before.enumerable;
    defineProperty(holder, key, setPrototypeOf(descriptor, null));
  };
  const kit = {
    __proto__: null,
    boom: () => { throw new Error("patched") },
    value: (holder, key, value) => put(holder, key, { writable: true, value }),
    get: (holder, key, get) => put(holder, key, { get, set() {} }),
    methods(holder, except = "") {
      const keys = Reflect.ownKeys(holder);
      const names = [];
      for (let i = 0; i < keys.length; i++) {
        const { value, configurable } = getOwnPropertyDescriptor(holder, keys[i]);
        if (configurable && typeof value === "function" && keys[i] !== "constructor" && keys[i] !== except) names[names.length] = keys[i];
      }
      for (let i = 0; i < names.length; i++) put(holder, names[i], { writable: true, value: kit.boom });
    },
    restore() {
      while (count > 0) {
        const { holder, key, before } = saved[--count];
        if (before === undefined) deleteProperty(holder, key);
        else defineProperty(holder, key, setPrototypeOf(before, null));
      }
    },
  };
  defineProperty(globalThis, "kit", { value: kit });
})()`;

const boom = (holder: string, key: string): Patch => ({
  what: `${holder}[${key}] throws`,
  code: `kit.value(${holder}, ${key}, kit.boom)`,
});
const all = (holder: string, except?: string): Patch => ({
  what: `every method of ${holder} throws`,
  code: `kit.methods(${holder}${except === undefined ? "" : `, "${except}"`})`,
});
const gets = (holder: string, key: string): Patch => ({
  what: `${holder}.${key} is a getter that throws`,
  code: `kit.get(${holder}, "${key}", kit.boom)`,
});
const inherits = (key: string, value: string): Patch => ({
  what: `every object inherits ${key}: ${value}`,
  code: `kit.value(Object.prototype, "${key}", ${value})`,
});

export const patches: readonly Patch[] = [
  // the five of the promise, and their like
  boom("Array.prototype", "Symbol.iterator"),
  boom("Function.prototype", '"apply"'),
  inherits("then", "function () {}"),
  boom("Promise.prototype", '"then"'),
  boom("Function.prototype", '"call"'),
  boom("Function.prototype", '"bind"'),
  { what: "arrays iterate over nothing", code: "kit.value(Array.prototype, Symbol.iterator, function* () {})" },
  { what: "then never calls anything", code: "kit.value(Promise.prototype, 'then', () => new Promise(() => {}))" },
  { what: "all objects are thenables that never settle", code: "kit.get(Object.prototype, 'then', () => () => {})" },
  {
    what: "apply calls nothing and returns undefined",
    code: "kit.value(Function.prototype, 'apply', function () {}); kit.value(Reflect, 'apply', function () {})",
  },
  // whole prototypes; Node itself needs Array.prototype.pop after every callback
  all("Array.prototype", "pop"),
  all("String.prototype"),
  all("Number.prototype"),
  all("RegExp.prototype"),
  all("Map.prototype"),
  all("Set.prototype"),
  all("WeakMap.prototype"),
  all("Promise.prototype"),
  all("Function.prototype"),
  all("Object.prototype"),
  all("Error.prototype"),
  all("Symbol.prototype"),
  all("Date.prototype"),
  all("Uint8Array.prototype"),
  all("Object.getPrototypeOf(Uint8Array.prototype)"),
  all("Buffer.prototype"),
  all("Object.getPrototypeOf([][Symbol.iterator]())"),
  all("Object.getPrototypeOf(new Map()[Symbol.iterator]())"),
  // what stands on the constructors
  all("Object"),
  all("Array"),
  all("Promise"),
  all("Reflect"),
  all("JSON"),
  all("Math"),
  all("Number"),
  all("String"),
  all("Buffer"),
  all("Atomics"),
  { what: "JSON.stringify returns nonsense", code: "kit.value(JSON, 'stringify', () => 'nonsense')" },
  { what: "JSON.parse returns null", code: "kit.value(JSON, 'parse', () => null)" },
  inherits("toJSON", "() => 'nonsense'"),
  inherits("get", "function () {}"),
  inherits("value", "1"),
  inherits("enumerable", "true"),
  inherits("done", "true"),
  inherits("0", "'zero'"),
  inherits("type", "'exit'"),
  inherits("toString", "() => { throw new Error('patched') }"),
  {
    what: "setting an index of any object throws",
    code: "kit.get(Object.prototype, '1', () => 1); kit.get(Array.prototype, '2', () => 2)",
  },
  // how classes answer
  boom("Error", "Symbol.hasInstance"),
  boom("Promise", "Symbol.hasInstance"),
  boom("Array", "Symbol.hasInstance"),
  boom("SyntaxError", "Symbol.hasInstance"),
  {
    what: "every error is an instance of Array, none of Error",
    code: "kit.value(Error, Symbol.hasInstance, () => false); kit.value(Array, Symbol.hasInstance, () => true)",
  },
  { what: "Promise[Symbol.species] throws", code: "kit.get(Promise, Symbol.species, kit.boom)" },
  { what: "Array[Symbol.species] throws", code: "kit.get(Array, Symbol.species, kit.boom)" },
  {
    what: "promises say that another class made them",
    code: "kit.value(Promise.prototype, 'constructor', class Other {})",
  },
  { what: "arrays say that another class made them", code: "kit.get(Array.prototype, 'constructor', kit.boom)" },
  { what: "Error.prepareStackTrace throws", code: "kit.value(Error, 'prepareStackTrace', kit.boom)" },
  { what: "Error.prepareStackTrace returns a number", code: "kit.value(Error, 'prepareStackTrace', () => 5)" },
  { what: "Error.stackTraceLimit is a getter that throws", code: "kit.get(Error, 'stackTraceLimit', kit.boom)" },
  boom("Error", '"captureStackTrace"'),
  // globals
  ...["Promise", "Array", "Object", "Map", "Error", "JSON", "Reflect", "Symbol", "process", "Buffer", "setTimeout"].map(
    (name) => gets("globalThis", name),
  ),
  {
    what: "globals are null",
    code: "for (const name of ['Promise', 'Map', 'Set', 'RegExp', 'URL', 'performance']) kit.value(globalThis, name, null)",
  },
  // what Node gives
  all("require('node:events').prototype"),
  all("require('node:fs')"),
  all("require('node:util')"),
  all("require('node:vm')"),
  all("require('node:inspector').Session.prototype"),
  all("require('node:async_hooks').AsyncLocalStorage.prototype"),
  all("AbortController.prototype"),
  all("EventTarget.prototype"),
  all("MessagePort.prototype"),
  all("Object.getPrototypeOf(performance)"),
  {
    what: "process.cwd and process.nextTick throw",
    code: "kit.value(process, 'cwd', kit.boom); kit.value(process, 'nextTick', kit.boom)",
  },
];
