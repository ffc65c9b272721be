/** `params({ epochs: 3 })` in a notebook: its parameters with their defaults, replaced by the values of a run. */
import { closest } from "../../../shared/closest.ts";
import { CodedError } from "../../../shared/codedError.ts";
import { displaySymbol } from "../../../shared/mimeBundle.ts";
import { escapeHtml } from "../../../shared/text.ts";
import { asCellObject } from "../realm/cellRealm.ts";

/** The function that cells have as `params`. */
export interface Params {
  /**
   * Returns the defaults, replaced by the values of the run. Each value has its default's type: `"3"` from a command
   * line becomes a number where the default is one, `"three"` is refused. As a cell's last expression the result shows
   * a table.
   */
  <Values extends Record<string, unknown>>(defaults: Values): Values;
  /** Sets the values of a run; papermill and `thaw run` call it in the cell that they inject. */
  inject(values: Readonly<Record<string, unknown>>): void;
}

/**
 * Creates `params`. `isDeclared` says whether a cell declares a name: then it is a parameter without `params()` knowing
 * it.
 */
export function createParams(isDeclared: (name: string) => boolean): Params {
  const injected = new Map<string, unknown>();
  const params = <Values extends Record<string, unknown>>(defaults: Values): Values => {
    if (typeof defaults !== "object" || defaults === null || Array.isArray(defaults)) {
      throw new ParameterError(
        "BAD_DEFAULTS",
        `params() takes the defaults, such as params({ epochs: 3 }), got ${String(defaults)}.`,
      );
    }
    refuseUnknown(Object.keys(defaults));
    const rows: ParameterRow[] = Object.entries(defaults).map(([name, value]) =>
      injected.has(name)
        ? { name, value: convertParameter(name, injected.get(name), value), from: "run" }
        : { name, value, from: "default" },
    );
    const values = Object.fromEntries(rows.map(({ name, value }) => [name, value]));
    const show = (): Record<string, string> => parameterTable(rows);
    return Object.defineProperty(asCellObject(values), displaySymbol, { value: show }) as Values;
  };
  const inject = (values: Readonly<Record<string, unknown>>): void => {
    for (const [name, value] of Object.entries(values)) injected.set(name, value);
  };
  return Object.assign(params, { inject });

  function refuseUnknown(known: readonly string[]): void {
    for (const name of injected.keys()) {
      if (known.includes(name) || isDeclared(name)) continue;
      const close = closest(name, known);
      throw new ParameterError(
        "UNKNOWN_PARAMETER",
        `This notebook has no parameter "${name}". ${close === undefined ? "" : `Did you mean "${close}"? `}` +
          `It has ${known.length === 0 ? "none" : known.join(", ")}.`,
      );
    }
  }
}

/**
 * Converts a value to the type of its parameter's default. Text is read as that type; everything else must be of it.
 */
function convertParameter(name: string, value: unknown, defaultValue: unknown): unknown {
  const wanted = kindOf(defaultValue);
  if (wanted === "null" || kindOf(value) === wanted) return value;
  if (wanted === "bigint" && Number.isSafeInteger(value)) return BigInt(value as number);
  const read = typeof value === "string" ? parseAs(wanted, value.trim()) : undefined;
  if (read !== undefined) return read;
  throw new ParameterError(
    "BAD_PARAMETER",
    `The parameter "${name}" is ${article(wanted)}, and was given ${article(kindOf(value))} (${valueText(value)}). ` +
      advice(name, value, defaultValue),
  );
}

/** Prints a value for a message or a table. */
export function valueText(value: unknown): string {
  return typeof value === "bigint" ? `${value}n` : (JSON.stringify(value) ?? String(value));
}

function advice(name: string, value: unknown, defaultValue: unknown): string {
  if (typeof defaultValue === "string") return `Pass it as text: -r ${name} ${String(value)} instead of -p.`;
  if (typeof defaultValue === "number" && typeof value === "string" && wholeNumber.test(value.trim())) {
    return `A number cannot hold it exactly: make the default a bigint, such as ${defaultValue}n, or text.`;
  }
  return `Give ${article(kindOf(defaultValue))}, as its default ${valueText(defaultValue)} is.`;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "null";
  return Array.isArray(value) ? "list" : typeof value;
}

function article(kind: string): string {
  return kind === "null" ? "null" : kind === "object" ? "an object" : `a ${kind}`;
}

const wholeNumber = /^[-+]?\d+$/;

function parseAs(wanted: string, text: string): unknown {
  if (wanted === "boolean" && /^(true|false)$/i.test(text)) return text.toLowerCase() === "true";
  if (wanted === "bigint" && wholeNumber.test(text)) return BigInt(text);
  if (wanted === "number" && /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) {
    const read = Number(text);
    return Number.isFinite(read) && (Number.isSafeInteger(read) || !wholeNumber.test(text)) ? read : undefined;
  }
  if (wanted !== "list" && wanted !== "object") return undefined;
  try {
    const read: unknown = JSON.parse(text);
    return kindOf(read) === wanted ? read : undefined;
  } catch {
    return undefined;
  }
}

interface ParameterRow {
  readonly name: string;
  readonly value: unknown;
  /** Whether the value is the default or comes from the run. */
  readonly from: "default" | "run";
}

/** Shows the parameters of a run as a table. */
function parameterTable(rows: readonly ParameterRow[]): Record<string, string> {
  const cells = rows.map(({ name, value, from }) => [name, valueText(value), from] as const);
  const widths = [0, 1].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0), 0));
  const plain = cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  const html = cells.map(
    (row) => `<tr>${row.map((cell) => `<td style="text-align:left">${escapeHtml(cell)}</td>`).join("")}</tr>`,
  );
  const head = ["parameter", "value", "from"].map((title) => `<th style="text-align:left">${title}</th>`).join("");
  return {
    "text/plain": plain.join("\n"),
    "text/html": `<table><thead><tr>${head}</tr></thead><tbody>${html.join("")}</tbody></table>`,
  };
}

/** Whether a cell declares a variable, told by its text alone; injected cells do not count. */
export function declaresVariable(text: string, name: string): boolean {
  if (/\bparams\.inject\s*\(/.test(text) || !text.includes(name)) return false;
  const words = text.matchAll(/(?:^|[;{}\n])\s*(?:export\s+)?(?:let|const|var)\s+([^=;]+)/g);
  return [...words].some(([, names = ""]) => names.split(/[^\w$]+/).includes(name));
}

/** The error of a parameter that a run may not have, or may not have with this value. */
class ParameterError extends CodedError {
  override readonly name = "ParameterError";
}
