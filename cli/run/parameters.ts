/** Parameters of `thaw run`: read from the command line, checked against those the notebook has, injected as a cell. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { maskMagics } from "../../kernel/shared/magics/find.ts";
import { child, childList, children, type SyntaxNode, statementsOf } from "../../kernel/shared/syntax.ts";
import { closest } from "../../shared/closest.ts";
import type { Cell, Notebook } from "./notebook.ts";
import { RunError } from "./runError.ts";

/** Names and values of parameters. */
export type Parameters = Readonly<Record<string, unknown>>;

/** The sources of parameters; later ones win: the file, then `-p`, then `-r`. */
export interface ParameterSources {
  /** A JSON file with one object. */
  readonly file?: string;
  /** Pairs of name and value; `3`, `true` and `null` are read as such. */
  readonly pairs?: readonly (readonly [string, string])[];
  /** Pairs whose value stays text. */
  readonly raw?: readonly (readonly [string, string])[];
}

/** Reads the parameters of all sources. Errors: `BAD_NAME`, `BAD_PARAMETER`, `BAD_PARAMETERS`. */
export function readParameters({ file, pairs = [], raw = [] }: ParameterSources): Parameters {
  const read = pairs.map(([name, value]) => [name, readValue(value)] as const);
  const parameters = { ...(file === undefined ? {} : readFile(file)), ...Object.fromEntries([...read, ...raw]) };
  for (const name of Object.keys(parameters)) {
    if (!/^[A-Za-z_$][\w$]*$/.test(name)) {
      throw new RunError(
        "BAD_NAME",
        `"${name}" is no name for a variable, and parameters become variables. Use letters, digits and _.`,
      );
    }
  }
  return parameters;
}

function readFile(path: string): Parameters {
  let read: unknown;
  try {
    const text = readFileSync(path, "utf8");
    read = JSON.parse(text);
    const numbers = text.replace(/"(?:[^"\\]|\\.)*"/g, '""').match(/-?\d[\d.eE+-]*/g) ?? [];
    for (const number of numbers) exactNumber(number, path);
  } catch (error) {
    if (error instanceof RunError) throw error;
    throw new RunError("BAD_PARAMETERS", `${path} cannot be read as JSON: ${(error as Error).message}.`);
  }
  if (typeof read === "object" && read !== null && !Array.isArray(read)) return read as Parameters;
  throw new RunError("BAD_PARAMETERS", `${path} should hold one object of names and values, such as { "epochs": 3 }.`);
}

/** Reads a value as papermill reads `-p`: Python's words for true, false and nothing are taken as well as JSON's. */
function readValue(text: string): unknown {
  if (/^(true|True)$/.test(text)) return true;
  if (/^(false|False)$/.test(text)) return false;
  if (/^(null|None)$/.test(text)) return null;
  return /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(text) ? exactNumber(text) : text;
}

/** Refuses a number that would silently become another: a whole one beyond 2^53, one that is too big or too small at all. */
function exactNumber(text: string, file?: string): number {
  const number = Number(text);
  const isWhole = /^-?\d+$/.test(text);
  const isLost = !Number.isFinite(number) || (number === 0 && /[1-9]/.test(text.replace(/[eE].*/, "")));
  if (!isLost && (!isWhole || Number.isSafeInteger(number))) return number;
  const advice =
    file === undefined ? "Give it as text, with -r instead of -p." : `Give it as text: "${text}" in ${file}.`;
  throw new RunError(
    "BAD_PARAMETER",
    `${text} is no number that JavaScript can hold exactly (whole ones reach to ${Number.MAX_SAFE_INTEGER}). ${advice} ` +
      "A notebook whose default is a bigint, such as params({ id: 0n }), takes it exactly.",
  );
}

/**
 * Refuses a parameter that the notebook does not have. What it has is read off its cell tagged `parameters` and its
 * `params({...})`; false where it has neither, or says it in a way that only running it would tell.
 */
export function checkParameters(notebook: Notebook, parameters: Parameters): boolean {
  const known = parameterNames(notebook);
  if (known === undefined) return false;
  for (const name of Object.keys(parameters)) {
    if (known.includes(name)) continue;
    const close = closest(name, known);
    throw new RunError(
      "UNKNOWN_PARAMETER",
      `The notebook has no parameter "${name}". ${close === undefined ? "" : `Did you mean "${close}"? `}It has ${known.join(", ") || "none"}.`,
    );
  }
  return true;
}

/** Puts the parameters where papermill puts them: in place of those of an earlier run, behind the tagged cell, or on top. */
export function injectParameters(notebook: Notebook, parameters: Parameters): void {
  const { cells } = notebook;
  const tagged = (tag: string) => cells.findIndex((cell) => cell.metadata.tags?.includes(tag));
  const cell: Cell = {
    cell_type: "code",
    ...(notebook.nbformat_minor >= 5 ? { id: randomBytes(4).toString("hex") } : {}),
    source: parameterCode(parameters),
    metadata: { tags: ["injected-parameters"] },
    outputs: [],
    execution_count: null,
  };
  const earlier = tagged("injected-parameters");
  if (earlier >= 0) cells[earlier] = cell;
  else cells.splice(tagged("parameters") + 1, 0, cell);
}

function parameterCode(parameters: Parameters): string {
  // in a literal `"__proto__":` would be no property
  const literal = (value: unknown): string => JSON.stringify(value).replace(/([{,])"__proto__":/g, '$1["__proto__"]:');
  const lines = Object.entries(parameters).map(([name, value]) => `let ${name} = ${literal(value)};`);
  return ["// Parameters", ...lines, `params.inject({ ${Object.keys(parameters).join(", ")} });`].join("\n");
}

/**
 * Reads which parameters a notebook has without running it: the names of its cell tagged `parameters` and of `params({...})`;
 * undefined where there is neither, or no list of names.
 */
function parameterNames({ cells }: Notebook): string[] | undefined {
  const names: string[] = [];
  let told = false;
  for (const cell of cells) {
    if (cell.cell_type !== "code" || cell.metadata.tags?.includes("injected-parameters")) continue;
    const isTagged = cell.metadata.tags?.includes("parameters") === true;
    if (!isTagged && !/\bparams\s*[<(]/.test(cell.source)) continue;
    const statements = statementsOf(maskMagics(cell.source)) ?? [];
    if (isTagged) {
      told = true;
      names.push(...statements.flatMap(declaredNames));
    }
    for (const call of statements.flatMap(callsOfParams)) {
      const keys = literalKeys(call);
      if (keys === undefined) return undefined;
      told = true;
      names.push(...keys);
    }
  }
  return told ? [...new Set(names)] : undefined;
}

function declaredNames(statement: SyntaxNode): string[] {
  const declaration = child(statement, "declaration") ?? statement;
  return childList(declaration, "declarations").flatMap((declarator) => {
    const name = child(declarator, "id")?.name;
    return typeof name === "string" ? [name] : [];
  });
}

function callsOfParams(node: SyntaxNode): SyntaxNode[] {
  const own = node.type === "CallExpression" && child(node, "callee")?.name === "params" ? [node] : [];
  return [...own, ...children(node).flatMap(callsOfParams)];
}

function literalKeys(call: SyntaxNode): string[] | undefined {
  const [defaults] = childList(call, "arguments");
  if (defaults?.type !== "ObjectExpression") return undefined;
  const keys = childList(defaults, "properties").map((property) => {
    const key = property.computed === true ? undefined : child(property, "key");
    return key?.name ?? key?.value;
  });
  return keys.every((key) => typeof key === "string") ? (keys as string[]) : undefined;
}
