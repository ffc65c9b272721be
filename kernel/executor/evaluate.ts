/** V8's REPL mode through an inspector session of the main thread: live variables, redeclaration, top-level await. */
import { type Runtime, Session } from "node:inspector";
import { types } from "node:util";

/** How an evaluation ended. `thrown` is the very value that was thrown; `position` (from 0) is where V8 says it happened. */
export type Outcome =
  | { readonly kind: "value" }
  | { readonly kind: "thrown"; readonly thrown: unknown; readonly position: { line: number; column: number } }
  | { readonly kind: "terminated" };

const group = "thaw-cell";
// a cell may replace the global
const NativePromise = Promise;

export class Evaluator {
  #session = new Session();
  readonly #take: () => unknown;

  /** `take` returns and forgets what code that runs in the session has put into `__thaw.caught`. */
  constructor(take: () => unknown) {
    this.#take = take;
    this.#session.connect();
  }

  /** Runs `code` to its end, awaits included. `name` is what stacks call it. */
  run(code: string, name: string): Promise<Outcome> {
    const expression = `${code}\n;void 0\n//# sourceURL=${name}`; // a value would be described and kept by the inspector
    return new NativePromise((resolve) => {
      const options = { expression, replMode: true, objectGroup: group };
      this.#session.post("Runtime.evaluate", options, (error, ran?: Runtime.EvaluateReturnType) => {
        if (error !== null || ran === undefined) resolve({ kind: "terminated" });
        else if (ran.exceptionDetails === undefined) resolve({ kind: "value" });
        else resolve(this.#thrown(ran.exceptionDetails));
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
    const objectId = this.#look(`Object(${expression})`)?.objectId;
    if (objectId === undefined) return [];
    const names = namesOf(this.#raw(objectId)) ?? this.#describedNames(objectId);
    this.#release();
    return names;
  }

  /** For what has indexes, a million of them perhaps: no cell that runs should wait for their names. */
  #describedNames(objectId: string): string[] {
    const options = { objectId, nonIndexedPropertiesOnly: true };
    const found = this.#ask<Runtime.GetPropertiesReturnType>("Runtime.getProperties", options);
    return found?.result.map((property) => property.name) ?? [];
  }

  /** The value of `expression` in a one-element list, if it can be had without effects. */
  peek(expression: string): [] | [unknown] {
    const remote = this.#look(expression);
    if (remote === undefined) return [];
    const value = remote.objectId === undefined ? (remote.value as unknown) : this.#raw(remote.objectId);
    this.#release();
    return [value ?? remote.unserializableValue ?? remote.value];
  }

  /** Names that cells have declared. */
  lexicalNames(): string[] {
    return this.#ask<Runtime.GlobalLexicalScopeNamesReturnType>("Runtime.globalLexicalScopeNames", {})?.names ?? [];
  }

  #look(expression: string): Runtime.RemoteObject | undefined {
    const options = { expression, throwOnSideEffect: true, silent: true, objectGroup: group, timeout: 200 };
    const seen = this.#ask<Runtime.EvaluateReturnType>("Runtime.evaluate", options);
    return seen?.exceptionDetails === undefined ? seen?.result : undefined;
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
    return this.#take();
  }

  /** The inspector keeps alive what it has shown. */
  #release(): void {
    this.#session.post("Runtime.releaseObjectGroup", { objectGroup: group });
  }

  /** For requests that are answered before `post` returns: all that await nothing. */
  #ask<Result>(method: string, params: object): Result | undefined {
    let answer: Result | undefined;
    this.#session.post(method, params, (error, result) => {
      if (error === null) answer = result as Result;
    });
    return answer;
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
