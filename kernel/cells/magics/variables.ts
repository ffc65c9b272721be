/** `%who`, `%whos`, `%reset`: the variables that cells have made. */
import { inspect, types } from "node:util";
import { typeName } from "../completion/inspect.ts";
import type { Evaluator } from "../executor/evaluator.ts";
import { cells } from "../realm/cellRealm.ts";
import type { CellImports } from "../rewrite/imports.ts";
import { MagicError } from "./magicContext.ts";

const valueWidth = 60;

/** The variables of cells: declarations, and globals that were not there at the start. */
export class Variables {
  readonly #evaluator: Evaluator;
  readonly #imports: CellImports;
  readonly #builtIn: ReadonlySet<string>;
  /**
   * The names that `%reset` has set to undefined. V8 cannot forget a name, so one that is still undefined counts as
   * gone.
   */
  readonly #forgotten = new Set<string>();

  constructor(evaluator: Evaluator, imports: CellImports, builtIn: ReadonlySet<string>) {
    this.#evaluator = evaluator;
    this.#imports = imports;
    this.#builtIn = builtIn;
  }

  names(): string[] {
    const globals = Object.keys(cells).filter((name) => !this.#builtIn.has(name));
    return [...new Set([...this.#evaluator.lexicalNames(), ...globals])].filter(
      (name) => !this.#forgotten.has(name) || this.value(name)[0] !== undefined,
    );
  }

  /** Returns the value in a one-element list; none for a variable whose declaration threw. */
  value(name: string): [] | [unknown] {
    return this.#evaluator.peek(name);
  }

  async reset(): Promise<number> {
    const names = this.names();
    for (const name of names) {
      await this.#evaluator.run(this.#imports.reset(name), "reset");
      this.#forgotten.add(name);
    }
    return names.length;
  }
}

/** Carries out `%who`. */
export function listVariables(variables: Variables): string {
  const names = variables.names();
  return names.length === 0 ? "No cell has made a variable yet." : names.join("  ");
}

/** Carries out `%whos`. */
export function tableOfVariables(variables: Variables): string {
  const rows = variables.names().map((name) => {
    const found = variables.value(name);
    if (found.length === 0) return [name, "", "", "not set: its cell threw"];
    const [value] = found;
    return [name, typeName(value), sizeOf(value), short(value)];
  });
  if (rows.length === 0) return listVariables(variables);
  const table = [["Variable", "Type", "Size", "Value"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [lines[0], "-".repeat(lines[0]?.length ?? 0), ...lines.slice(1)].join("\n");
}

/**
 * Carries out `%reset`. Names stay known to V8, with the value `undefined`; the next `const x = 1` works as before.
 * Returns a sentence about it.
 */
export async function resetVariables(variables: Variables, force: boolean): Promise<string> {
  if (!force && !(await confirmed())) return "Nothing was reset.";
  const count = await variables.reset();
  return `${count} variable${count === 1 ? " is" : "s are"} undefined now.`;
}

async function confirmed(): Promise<boolean> {
  const { input } = cells as { input?: (prompt: string) => unknown };
  const refusal = "%reset asks first, and this frontend takes no input. Write %reset -f.";
  if (input === undefined) throw new MagicError("NO_INPUT", refusal);
  try {
    return /^\s*y/i.test(String(await input("Set every variable to undefined? (y/[n]) ")));
  } catch (cause) {
    throw Object.assign(new MagicError("NO_INPUT", refusal), { cause });
  }
}

/** Returns the shape and element type of a tensor, the length or size of what has one. */
function sizeOf(value: unknown): string {
  if (typeof value === "string") return String(value.length);
  if (typeof value !== "object" || value === null || types.isProxy(value)) return "";
  const { shape, dtype, size, length } = value as Record<string, unknown>;
  if (Array.isArray(shape)) return `[${shape.join(", ")}]${typeof dtype === "string" ? ` ${dtype}` : ""}`;
  const count = typeof length === "number" ? length : size;
  return typeof count === "number" ? String(count) : "";
}

function short(value: unknown): string {
  if (typeof value === "function") return "";
  const options = { depth: 0, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 6, maxStringLength: valueWidth };
  let text: string;
  try {
    text = inspect(value, options).replace(/\s+/g, " ");
  } catch {
    return "throws when it is looked at";
  }
  return text.length <= valueWidth ? text : `${text.slice(0, valueWidth - 1)}…`;
}
