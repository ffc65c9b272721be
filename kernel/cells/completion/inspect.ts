/** What a name holds, for a frontend's tooltip. */
import { inspect } from "node:util";
import type { LiveValue } from "../../shared/messages.ts";
import type { Evaluator } from "../executor/evaluate.ts";

/** The value of the name or property chain around `cursor` (UTF-16 units), or undefined when it has none. */
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

function typeName(value: unknown): string {
  if (value === null || (typeof value !== "object" && typeof value !== "function"))
    return value === null ? "null" : typeof value;
  if (typeof value === "function")
    return /^class\b/.test(Function.prototype.toString.call(value)) ? "class" : "function";
  return (value.constructor as { name?: string } | undefined)?.name ?? "object";
}

function describe(value: unknown): string {
  if (typeof value !== "function") return inspect(value, { depth: 1, maxArrayLength: 20, maxStringLength: 1000 });
  const source = Function.prototype.toString.call(value);
  return source.length <= 2000 ? source : `${source.slice(0, 2000)}…`;
}
