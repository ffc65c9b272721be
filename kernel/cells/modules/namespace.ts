/** Module namespaces: the object that an import returns for any kind of module. */
import { inspect, types } from "node:util";
import type { Namespace } from "../realm/cellRuntime.ts";

/** The namespaces made here. */
const made = new WeakSet<object>();

/**
 * Creates a namespace to be filled with getters. It is not `Object.create(null)`, whose properties V8 reads ten times
 * slower.
 */
export function emptyNamespace(): Namespace {
  const namespace = Object.setPrototypeOf({}, null) as Namespace;
  made.add(namespace);
  const show = (_: number, options: object): string =>
    `[Module: null prototype] ${inspect(Object.fromEntries(Object.entries(namespace)), options)}`;
  return Object.defineProperty(namespace, inspect.custom, { value: show }); // values, where Node would show getters
}

/** Turns what `require` returned into a namespace. */
export function asNamespace(exports: unknown): Namespace {
  if (types.isModuleNamespaceObject(exports) || made.has(exports as object)) return exports as Namespace;
  const namespace = emptyNamespace();
  for (const name of isObject(exports) ? Object.keys(exports) : []) {
    const get = (): unknown => (exports as Namespace)[name]; // which may be assigned later
    Object.defineProperty(namespace, name, { get, enumerable: true, configurable: true });
  }
  return Object.defineProperty(namespace, "default", { value: exports, enumerable: true, configurable: true });
}

/** Adds for `import * as ns` the names of a CommonJS module that Node could not see. */
export function withNames(namespace: Namespace): Namespace {
  const whole = namespace.default;
  const onlyDefault = Object.keys(namespace).every((key) => ["default", "module.exports", "__esModule"].includes(key));
  if (!onlyDefault || typeof whole !== "object" || whole === null || Array.isArray(whole)) return namespace;
  return Object.assign(emptyNamespace(), whole, namespace);
}

/**
 * Returns for `import { names }` the object that has each of them, which may be what a CommonJS module exports. It
 * refuses a missing name that is among `uses`; one that nothing uses may be a type.
 */
export function sourcesOf(
  namespace: Namespace,
  names: readonly string[],
  uses: readonly string[],
  specifier: string,
): Namespace[] {
  return names.map((name) => {
    const whole = name in namespace ? undefined : namespace.default;
    if (name in namespace) return namespace;
    if (isObject(whole) && name in whole) return whole;
    if (name === "default" && Object.keys(namespace).length > 0) {
      return Object.assign(emptyNamespace(), { default: namespace });
    }
    if (!uses.includes(name)) return emptyNamespace();
    throw new SyntaxError(`The requested module '${specifier}' does not provide an export named '${name}'`);
  });
}

/** Returns one object with all the names, each read where it is. */
export function joinedSources(names: readonly string[], sources: readonly Namespace[]): Namespace {
  const joined = emptyNamespace();
  for (const [index, name] of names.entries()) {
    Object.defineProperty(joined, name, { get: () => sources[index]?.[name], enumerable: true });
  }
  return joined;
}

function isObject(value: unknown): value is Namespace {
  return (typeof value === "object" || typeof value === "function") && value !== null;
}
