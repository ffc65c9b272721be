/** What an import gives, whatever kind of module it comes from. */
import { inspect, types } from "node:util";
import type { Namespace } from "../realm/cellRuntime.ts";

/** Those made here. */
const made = new WeakSet<object>();

/** One to be filled with getters. Not `Object.create(null)`, whose properties V8 reads ten times slower. */
export function emptyNamespace(): Namespace {
  const namespace = Object.setPrototypeOf({}, null) as Namespace;
  made.add(namespace);
  const show = (_: number, options: object): string =>
    `[Module: null prototype] ${inspect(Object.fromEntries(Object.entries(namespace)), options)}`;
  return Object.defineProperty(namespace, inspect.custom, { value: show }); // values, where Node would show getters
}

/** What `require` returned, as `import` shows it. */
export function asNamespace(exports: unknown): Namespace {
  if (types.isModuleNamespaceObject(exports) || made.has(exports as object)) return exports as Namespace;
  const namespace = emptyNamespace();
  for (const name of isObject(exports) ? Object.keys(exports) : []) {
    const get = (): unknown => (exports as Namespace)[name]; // which may be assigned later
    Object.defineProperty(namespace, name, { get, enumerable: true, configurable: true });
  }
  return Object.defineProperty(namespace, "default", { value: exports, enumerable: true, configurable: true });
}

/** For `import * as ns`: a CommonJS module whose names Node could not see gives them too. */
export function withNames(namespace: Namespace): Namespace {
  const whole = namespace.default;
  const onlyDefault = Object.keys(namespace).every((key) => ["default", "module.exports", "__esModule"].includes(key));
  if (!onlyDefault || typeof whole !== "object" || whole === null || Array.isArray(whole)) return namespace;
  return Object.assign(emptyNamespace(), whole, namespace);
}

/**
 * For `import { names }`: the object that has each of them, which may be what a CommonJS module exports. Refuses a missing
 * name that is among `uses`; one that nothing uses may be a type.
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

/** One object with all the names, each read where it is. */
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
