/** The live value of a name, for a frontend's tooltip and for `name?`. */
import { inspect, types } from "node:util";
import type { FromMain, Inspection, LiveValue } from "../../shared/messages.ts";
import { tooltipOf } from "../../shared/tooltip.ts";
import type { Evaluator } from "../executor/evaluator.ts";

/** Describes the value of the name or property chain around `cursor` (UTF-16 units); undefined when it has none. */
export function describeAt(evaluator: Evaluator, code: string, cursor: number): LiveValue | undefined {
  const left = /[\p{ID_Continue}$.?]*$/u.exec(code.slice(0, cursor))?.[0] ?? "";
  const right = /^[\p{ID_Continue}$]*/u.exec(code.slice(cursor))?.[0] ?? "";
  const expression = (left + right).replace(/^[.?\d]+|[.?]+$/g, "");
  if (expression === "") return undefined;
  const found = evaluator.peek(expression);
  if (found.length === 0) return undefined;
  const [value] = found;
  return { expression, type: typeName(value), text: describe(value), callable: typeof value === "function" };
}

/** Names the type of a value as a reader would: its class, or its kind. No trap of a proxy is run. */
export function typeName(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "function")
    return /^class\b/.test(Function.prototype.toString.call(value)) ? "class" : "function";
  if (typeof value !== "object") return typeof value;
  if (types.isProxy(value)) return "Proxy";
  const name = (value as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === "string" && name !== "" ? name : "object";
}

function describe(value: unknown): string {
  if (typeof value !== "function") return inspect(value, { depth: 1, maxArrayLength: 20, maxStringLength: 1000 });
  const source = Function.prototype.toString.call(value);
  return source.length <= 2000 ? source : `${source.slice(0, 2000)}…`;
}

/** Describes a name for `name?`: its types, asked for in the protocol worker, with its live value. */
export class NameLookup {
  readonly #evaluator: Evaluator;
  readonly #post: (message: FromMain) => void;
  readonly #asked = new Map<number, (typed: Inspection | undefined) => void>();
  #count = 0;

  constructor(evaluator: Evaluator, post: (message: FromMain) => void) {
    this.#evaluator = evaluator;
    this.#post = post;
  }

  /** Describes `name` as a MIME bundle; undefined if it does not exist. */
  readonly describe = async (name: string): Promise<Record<string, string> | undefined> => {
    const request = ++this.#count;
    this.#post({ type: "lookUp", request, name });
    const typed = await new Promise<Inspection | undefined>((resolve) => this.#asked.set(request, resolve));
    return tooltipOf(typed, describeAt(this.#evaluator, name, name.length), 1);
  };

  /** Receives the answer of the protocol worker, which always comes. */
  answer(request: number, typed: Inspection | undefined): void {
    this.#asked.get(request)?.(typed);
    this.#asked.delete(request);
  }
}
