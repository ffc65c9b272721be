/**
 * Evaluates code in V8's REPL mode through an inspector session of the main thread: live variables, redeclaration,
 * top-level await.
 */
import { type Runtime, Session } from "node:inspector";
import { types } from "node:util";
import { CellObject, CellPromise, fromCellArray } from "../realm/cellRealm.ts";
import type { CellImports } from "../rewrite/imports.ts";

/**
 * The end of an evaluation. `thrown` is the very value that was thrown; `position` (from 0) is where V8 says it
 * happened.
 */
export type Outcome =
  | { readonly kind: "value" }
  | { readonly kind: "thrown"; readonly thrown: unknown; readonly position: { line: number; column: number } }
  | { readonly kind: "terminated" };

const group = "thaw-cell";
const { connect, disconnect, post } = Session.prototype;

/** The part of `__thaw` through which cells hand values to the evaluator. */
interface Handover {
  take(key: "caught"): unknown;
  restore: () => void;
  ended: () => void;
}

/** Evaluates rewritten code and looks at live values. */
export class Evaluator {
  readonly #session = new Session();
  readonly #handover: Handover;
  readonly #names: CellImports;

  constructor(handover: Handover, names: CellImports) {
    this.#handover = handover;
    this.#names = names;
    handover.ended = () => {
      if (!resolved.isReplaced()) return;
      const restore = resolved.putAway();
      void Promise.resolve().then(restore); // when the cell's promise has been
    };
    Reflect.apply(connect, this.#session, []);
  }

  /** Runs `code` to its end, awaits included. `name` is its name in stacks. */
  run(code: string, name: string): Promise<Outcome> {
    // a value would be described and kept by the inspector
    const expression = `${code}\n;void __thaw.ended()\n//# sourceURL=${name}`;
    return new Promise((resolve) => {
      this.#post("Runtime.evaluate", { expression, replMode: true, objectGroup: group }, (error, answer) => {
        const ran = answer as Runtime.EvaluateReturnType | undefined;
        if (error !== null || ran === undefined) resolve({ kind: "terminated" });
        else if (!Object.hasOwn(ran, "exceptionDetails")) resolve({ kind: "value" });
        else resolve(this.#thrown(ran.exceptionDetails as Runtime.ExceptionDetails));
      });
    });
  }

  /**
   * Reconnects the session, when a cell is abandoned or was terminated. The inspector waits for the cell's promise;
   * were that collected first, the inspector would call back in the middle of the collection, which ends the process
   * (Node 24).
   */
  abandon(): void {
    Reflect.apply(disconnect, this.#session, []);
    Reflect.apply(connect, this.#session, []); // the same one: to make another takes `Function.prototype.call`
  }

  /** Returns the properties that completion may offer for `expression`, without running anything that has effects. */
  properties(expression: string): string[] {
    const objectId = this.#look(`Object(${this.#names.read(expression)})`)?.objectId;
    if (objectId === undefined) return [];
    const names = namesOf(this.#raw(objectId)) ?? this.#describedNames(objectId);
    this.#release();
    return names;
  }

  /**
   * Returns the names of a value that has indexes, a million of them perhaps: no running cell should wait for those.
   */
  #describedNames(objectId: string): string[] {
    const options = { objectId, nonIndexedPropertiesOnly: true };
    const found = this.#ask<Runtime.GetPropertiesReturnType>("Runtime.getProperties", options);
    return fromCellArray(found?.result ?? []).map((property) => property.name);
  }

  /** Returns the value of `expression` in a one-element list, if it can be had without effects. */
  peek(expression: string): [] | [unknown] {
    const remote = this.#look(this.#names.read(expression));
    if (remote === undefined) return [];
    const value = remote.objectId === undefined ? (remote.value as unknown) : this.#raw(remote.objectId);
    this.#release();
    return [value ?? remote.unserializableValue ?? remote.value];
  }

  /** Returns the names that cells have declared. */
  lexicalNames(): string[] {
    const found = this.#ask<Runtime.GlobalLexicalScopeNamesReturnType>("Runtime.globalLexicalScopeNames", {});
    return fromCellArray(found?.names ?? []).filter((name) => !name.startsWith("__thaw"));
  }

  #look(expression: string): Runtime.RemoteObject | undefined {
    const options = { expression, throwOnSideEffect: true, silent: true, objectGroup: group, timeout: 200 };
    const seen = this.#ask<Runtime.EvaluateReturnType>("Runtime.evaluate", options);
    return seen === undefined || Object.hasOwn(seen, "exceptionDetails") ? undefined : seen.result;
  }

  #thrown({ exception, lineNumber, columnNumber }: Runtime.ExceptionDetails): Outcome {
    const position = { line: lineNumber, column: columnNumber };
    const thrown: unknown = exception?.objectId === undefined ? exception?.value : this.#raw(exception.objectId);
    this.#release();
    return { kind: "thrown", thrown: thrown ?? exception?.unserializableValue ?? thrown, position };
  }

  #raw(objectId: string): unknown {
    const functionDeclaration = "function () { __thaw.caught = this; }";
    this.#ask("Runtime.callFunctionOn", { objectId, functionDeclaration, silent: true });
    return this.#handover.take("caught");
  }

  /** Releases the values that the inspector has described, which it keeps alive. */
  #release(): void {
    this.#post("Runtime.releaseObjectGroup", { objectGroup: group });
  }

  /** Sends a request that is answered before `post` returns, as all are that await nothing. */
  #ask<Result>(method: string, params: Readonly<Record<string, unknown>>): Result | undefined {
    let answer: Result | undefined;
    this.#post(method, params, (error, result) => {
      if (error === null) answer = result as Result;
    });
    return answer;
  }

  #post(
    method: string,
    params: Readonly<Record<string, unknown>>,
    callback?: (error: Error | null, result?: object) => void,
  ): void {
    const replaced = guardedProperties.filter((each) => each.isReplaced());
    if (replaced.length === 0) {
      Reflect.apply(post as (...values: unknown[]) => void, this.#session, [method, params, callback]);
      return;
    }
    const back = replaced.map((each) => ({ untilCode: each.untilCode, restore: each.putAway() }));
    this.#handover.restore = () => {
      for (const { untilCode, restore } of back) if (untilCode) restore();
    };
    const { expression } = params;
    const given = typeof expression === "string" ? { ...params, expression: `__thaw.restore();${expression}` } : params;
    Reflect.apply(post as (...values: unknown[]) => void, this.#session, [method, given, callback]);
    for (const { restore } of back) restore();
  }
}

/**
 * A property that Node or V8 looks up when a message goes through the inspector: a cell's replacement of it is put away
 * meanwhile.
 */
class GuardedProperty {
  /** Whether the replacement may come back as soon as the cell's code runs. */
  readonly untilCode: boolean;
  readonly #holder: object;
  readonly #key: string | symbol;
  readonly #original: PropertyDescriptor | undefined;
  /** The getter that stands in its place meanwhile. */
  readonly #get: (() => unknown) | undefined;

  /** `get` does what the original does; it is absent where there is no original. */
  constructor(holder: object, key: string | symbol, untilCode: boolean, get?: () => unknown) {
    this.untilCode = untilCode;
    this.#holder = holder;
    this.#key = key;
    this.#original = this.#now();
    this.#get = get;
  }

  isReplaced(): boolean {
    const now = this.#now();
    if (now === undefined || now.configurable !== true) return false;
    return this.#original === undefined || now.value !== this.#original.value || now.get !== this.#original.get;
  }

  /** Puts the replacement away. Returns a function that brings it back, unless a cell has put something else there. */
  putAway(): () => void {
    const replacement = this.#now() as PropertyDescriptor;
    if (this.#get === undefined) Reflect.deleteProperty(this.#holder, this.#key);
    else Object.defineProperty(this.#holder, this.#key, { get: this.#get, configurable: true });
    let isAway = true;
    return () => {
      if (isAway && this.#now()?.get === this.#get) Object.defineProperty(this.#holder, this.#key, replacement);
      isAway = false;
    };
  }

  #now(): PropertyDescriptor | undefined {
    return Object.getOwnPropertyDescriptor(this.#holder, this.#key);
  }
}

/** The `then` of all objects: V8 before that of Node 22 resolves the cell's promise with an object, and looks it up. */
const resolved = new GuardedProperty(CellObject.prototype, "then", false);

const guardedProperties = [
  new GuardedProperty(CellObject.prototype, "toJSON", true), // a message is written as JSON
  // the cell's promise is awaited, once its code has begun
  new GuardedProperty(CellPromise, Symbol.species, false, function (this: unknown) {
    return this;
  }),
  new GuardedProperty(CellPromise.prototype, "constructor", false, () => CellPromise),
];

/**
 * Returns the names of an object and its prototypes, up to a proxy, which would run code. The inspector knows them too,
 * but describes every property: 20 ms for a namespace of five hundred. Undefined for values with indexes.
 */
function namesOf(value: unknown): string[] | undefined {
  if (Array.isArray(value) || types.isArrayBufferView(value) || types.isStringObject(value)) return undefined;
  const names: string[] = [];
  for (let object = value; object !== null && !types.isProxy(object); object = Object.getPrototypeOf(object)) {
    for (const key of Reflect.ownKeys(object as object)) if (typeof key === "string") names.push(key);
  }
  return names;
}
