/** V8's REPL mode through an inspector session of the main thread: live variables, redeclaration, top-level await. */
import { type Runtime, Session } from "node:inspector";
import { types } from "node:util";
import { cellObjectPrototype, own } from "../cells.ts";
import type { CellNames } from "./liveImports.ts";

/** How an evaluation ended. `thrown` is the very value that was thrown; `position` (from 0) is where V8 says it happened. */
export type Outcome =
  | { readonly kind: "value" }
  | { readonly kind: "thrown"; readonly thrown: unknown; readonly position: { line: number; column: number } }
  | { readonly kind: "terminated" };

const group = "thaw-cell";

/** What the evaluator needs of the object that rewritten code knows as `__thaw`. */
interface Handover {
  take(key: "caught"): unknown;
  restore: () => void;
}

export class Evaluator {
  #session = new Session();
  readonly #handover: Handover;
  readonly #names: CellNames;

  constructor(handover: Handover, names: CellNames) {
    this.#handover = handover;
    this.#names = names;
    this.#session.connect();
  }

  /** Runs `code` to its end, awaits included. `name` is what stacks call it. */
  run(code: string, name: string): Promise<Outcome> {
    const expression = `${code}\n;void 0\n//# sourceURL=${name}`; // a value would be described and kept by the inspector
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
   * To be called when a cell is abandoned, or was ended by force. The inspector waits for the cell's promise; were that
   * collected first, the inspector would call back in the middle of the collection, which ends the process (Node 24).
   */
  abandon(): void {
    this.#session.disconnect();
    this.#session = new Session();
    this.#session.connect();
  }

  /** The properties that completion may offer for `expression`, found without running anything that has effects. */
  properties(expression: string): string[] {
    const objectId = this.#look(`Object(${this.#names.read(expression)})`)?.objectId;
    if (objectId === undefined) return [];
    const names = namesOf(this.#raw(objectId)) ?? this.#describedNames(objectId);
    this.#release();
    return names;
  }

  /** For what has indexes, a million of them perhaps: no cell that runs should wait for their names. */
  #describedNames(objectId: string): string[] {
    const options = { objectId, nonIndexedPropertiesOnly: true };
    const found = this.#ask<Runtime.GetPropertiesReturnType>("Runtime.getProperties", options);
    return own(found?.result ?? []).map((property) => property.name);
  }

  /** The value of `expression` in a one-element list, if it can be had without effects. */
  peek(expression: string): [] | [unknown] {
    const remote = this.#look(this.#names.read(expression));
    if (remote === undefined) return [];
    const value = remote.objectId === undefined ? (remote.value as unknown) : this.#raw(remote.objectId);
    this.#release();
    return [value ?? remote.unserializableValue ?? remote.value];
  }

  /** Names that cells have declared. */
  lexicalNames(): string[] {
    const found = this.#ask<Runtime.GlobalLexicalScopeNamesReturnType>("Runtime.globalLexicalScopeNames", {});
    return own(found?.names ?? []).filter((name) => !name.startsWith("__thaw"));
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

  /** The inspector keeps alive what it has shown. */
  #release(): void {
    this.#post("Runtime.releaseObjectGroup", { objectGroup: group });
  }

  /** For requests that are answered before `post` returns: all that await nothing. */
  #ask<Result>(method: string, params: Readonly<Record<string, unknown>>): Result | undefined {
    let answer: Result | undefined;
    this.#post(method, params, (error, result) => {
      if (error === null) answer = result as Result;
    });
    return answer;
  }

  /** Node writes a message as JSON, and so asks `Object.prototype` for a `toJSON`; one of a cell's is out of the way meanwhile. */
  #post(
    method: string,
    params: Readonly<Record<string, unknown>>,
    callback?: (error: Error | null, result?: object) => void,
  ): void {
    const toJson = Object.getOwnPropertyDescriptor(cellObjectPrototype, "toJSON");
    if (toJson === undefined || toJson.configurable !== true) {
      this.#session.post(method, params, callback);
      return;
    }
    let isAway = true;
    const restore = (): void => {
      if (isAway) Object.defineProperty(cellObjectPrototype, "toJSON", toJson);
      isAway = false;
    };
    this.#handover.restore = restore;
    Reflect.deleteProperty(cellObjectPrototype, "toJSON");
    const { expression } = params;
    const given = typeof expression === "string" ? { ...params, expression: `__thaw.restore();${expression}` } : params;
    this.#session.post(method, given, callback);
    restore();
  }
}

/**
 * The names an object and its prototypes have, up to a proxy, which would run code. The inspector knows them too, but
 * describes every property: 20 ms for a namespace of five hundred. Undefined for what has indexes.
 */
function namesOf(value: unknown): string[] | undefined {
  if (Array.isArray(value) || types.isArrayBufferView(value) || types.isStringObject(value)) return undefined;
  const names: string[] = [];
  for (let object = value; object !== null && !types.isProxy(object); object = Object.getPrototypeOf(object)) {
    for (const key of Reflect.ownKeys(object as object)) if (typeof key === "string") names.push(key);
  }
  return names;
}
