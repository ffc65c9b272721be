/** A given value as the type of its parameter's default. */
import { ParameterError } from "./parameterError.ts";

/** Text becomes what the default is, where it reads as that; everything else must be of the default's type. */
export function converted(name: string, value: unknown, byDefault: unknown): unknown {
  const wanted = kindOf(byDefault);
  if (wanted === "null" || kindOf(value) === wanted) return value;
  const read = typeof value === "string" ? readAs(wanted, value) : undefined;
  if (read !== undefined) return read;
  const found = `${article(kindOf(value))} (${JSON.stringify(value)})`;
  const advice =
    wanted === "string"
      ? `Pass it as text: -r ${name} ${String(value)} instead of -p.`
      : `Give ${article(wanted)}, as its default ${JSON.stringify(byDefault)} is.`;
  throw new ParameterError(
    "BAD_PARAMETER",
    `The parameter "${name}" is ${article(wanted)}, and was given ${found}. ${advice}`,
  );
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "null";
  return Array.isArray(value) ? "list" : typeof value;
}

function article(kind: string): string {
  return kind === "null" ? "null" : kind === "object" ? "an object" : `a ${kind}`;
}

function readAs(wanted: string, text: string): unknown {
  if (wanted === "boolean" && /^(true|false)$/i.test(text)) return text.toLowerCase() === "true";
  if (wanted === "number" && /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text.trim())) return Number(text);
  if (wanted !== "list" && wanted !== "object") return undefined;
  try {
    const read: unknown = JSON.parse(text);
    return kindOf(read) === wanted ? read : undefined;
  } catch {
    return undefined;
  }
}
