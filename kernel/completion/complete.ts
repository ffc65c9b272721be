/** Completion from what is live: properties of the object before the dot, names of cells, globals, keywords. */
import type { Evaluator } from "../executor/evaluate.ts";

/** Candidates and the range they replace, in UTF-16 units. */
export interface Completion {
  readonly matches: string[];
  readonly start: number;
  readonly end: number;
}

const keywords =
  "async await break case catch class const continue debugger default delete do else enum export extends false finally for function if implements import in instanceof interface let new null of return satisfies static super switch this throw true try type typeof undefined var void while yield".split(
    " ",
  );

export function complete(evaluator: Evaluator, code: string, cursor: number): Completion {
  const before = code.slice(0, cursor);
  const word = /[\p{ID_Continue}$]*$/u.exec(before)?.[0] ?? "";
  const receiver = receiverBefore(before.slice(0, before.length - word.length));
  const names = receiver === undefined ? globalNames(evaluator) : evaluator.properties(receiver);
  const matches = [...new Set(names)].filter((name) => name.startsWith(word) && /^[\p{ID_Start}$_]/u.test(name)).sort();
  return {
    matches: matches.filter((name) => /^[\p{ID_Continue}$]+$/u.test(name)),
    start: cursor - word.length,
    end: cursor,
  };
}

function globalNames(evaluator: Evaluator): string[] {
  const globals = evaluator.properties("globalThis").filter((name) => !name.startsWith("__"));
  return [...evaluator.lexicalNames(), ...globals, ...keywords];
}

/** The expression in front of a final dot: a chain of names, calls left out, indexes by literals allowed; or a string literal. */
export function receiverBefore(text: string): string | undefined {
  if (!/\.$/.test(text)) return undefined;
  const chain =
    /([\p{ID_Start}$_][\p{ID_Continue}$]*(?:\??\.[\p{ID_Start}$_#][\p{ID_Continue}$]*|\[(?:\d+|"[^"]*"|'[^']*')\])*)\??\.$/u;
  return chain.exec(text)?.[1] ?? /("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\[\])\.$/.exec(text)?.[1];
}
