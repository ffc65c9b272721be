/** Completion from live values: properties of the object before the dot, names of cells, globals, keywords. */
import { isCode } from "../../shared/magics/scan.ts";
import type { LiveCompletion } from "../../shared/messages.ts";
import type { Evaluator } from "../executor/evaluator.ts";

const keywords =
  "async await break case catch class const continue debugger default delete do else enum export extends false finally for function if implements import in instanceof interface let new null of return satisfies static super switch this throw true try type typeof undefined var void while yield".split(
    " ",
  );

/** Completes the word before `cursor` from live values. */
export function complete(evaluator: Evaluator, code: string, cursor: number): LiveCompletion {
  const before = code.slice(0, cursor);
  const word = /[\p{ID_Continue}$]*$/u.exec(before)?.[0] ?? "";
  const rest = before.slice(0, before.length - word.length);
  const receiver = receiverBefore(rest);
  let names: string[] = [];
  if (!isCode(code, cursor))
    names = []; // such as the words of a comment
  else if (receiver !== undefined) names = evaluator.properties(receiver);
  else if (!rest.endsWith(".")) names = globalNames(evaluator);
  const fitting = names.filter((name) => name.startsWith(word) && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name));
  const member = rest.endsWith(".");
  return { matches: [...new Set(fitting)].sort(byName), member, start: cursor - word.length, end: cursor };
}

/** Compares two names; those that begin with `_` are meant to be left alone and come last. */
function byName(a: string, b: string): number {
  return Number(a.startsWith("_")) - Number(b.startsWith("_")) || (a < b ? -1 : 1);
}

function globalNames(evaluator: Evaluator): string[] {
  const globals = evaluator.properties("globalThis").filter((name) => !name.startsWith("__"));
  return [...evaluator.lexicalNames(), ...globals, ...keywords];
}

const chain =
  /(?<![\p{ID_Continue}$.])([\p{ID_Start}$_][\p{ID_Continue}$]*(?:\??\.[\p{ID_Start}$_][\p{ID_Continue}$]*|\[(?:\d+|"[^"]*"|'[^']*')\])*)\??\.$/u;
const literal = /("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\[\])\.$/;

/**
 * Returns the expression in front of a final dot: names and literal indexes, or a literal. Undefined for expressions
 * that would have to run.
 */
function receiverBefore(text: string): string | undefined {
  return chain.exec(text)?.[1] ?? literal.exec(text)?.[1];
}
