/** A given value as the type of its parameter's default. */
import { ParameterError } from "./parameterError.ts";

/** Text becomes what the default is, where it reads as that; everything else must be of the default's type. */
export function converted(name: string, value: unknown, byDefault: unknown): unknown {
  const wanted = kindOf(byDefault);
  if (wanted === "null" || kindOf(value) === wanted) return value;
  if (wanted === "bigint" && Number.isSafeInteger(value)) return BigInt(value as number);
  const read = typeof value === "string" ? readAs(wanted, value.trim()) : undefined;
  if (read !== undefined) return read;
  throw new ParameterError(
    "BAD_PARAMETER",
    `The parameter "${name}" is ${article(wanted)}, and was given ${article(kindOf(value))} (${textOf(value)}). ` +
      advice(name, value, byDefault),
  );
}

/** A value as it stands in a message or table. */
export function textOf(value: unknown): string {
  return typeof value === "bigint" ? `${value}n` : (JSON.stringify(value) ?? String(value));
}

function advice(name: string, value: unknown, byDefault: unknown): string {
  if (typeof byDefault === "string") return `Pass it as text: -r ${name} ${String(value)} instead of -p.`;
  if (typeof byDefault === "number" && typeof value === "string" && wholeNumber.test(value.trim())) {
    return `A number cannot hold it exactly: make the default a bigint, such as ${byDefault}n, or text.`;
  }
  return `Give ${article(kindOf(byDefault))}, as its default ${textOf(byDefault)} is.`;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "null";
  return Array.isArray(value) ? "list" : typeof value;
}

function article(kind: string): string {
  return kind === "null" ? "null" : kind === "object" ? "an object" : `a ${kind}`;
}

const wholeNumber = /^[-+]?\d+$/;

function readAs(wanted: string, text: string): unknown {
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
