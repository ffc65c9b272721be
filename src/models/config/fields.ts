/** Typed reading of single JSON keys: each takes the value, or the default where the key is absent, or throws `BAD_CONFIG`. */
import { ThawError } from "../../errors.ts";
import type { JsonObject } from "./config.ts";

/** A JSON object, the file it comes from, for the messages, and what the keys are called in it. */
export interface ConfigSource {
  readonly json: JsonObject;
  readonly file: string;
  /** Keys by BERT's names for them; those that are called otherwise. */
  readonly names?: Readonly<Record<string, string>> | undefined;
  /** By BERT's names: values for absent keys, before the reader's own. */
  readonly defaults?: Readonly<Record<string, unknown>> | undefined;
  /** By BERT's names: what is no key of this file and always so. */
  readonly fixed?: Readonly<Record<string, unknown>> | undefined;
}

/** What the file calls a key, and its value or default. */
export function lookUp({ json, names, defaults, fixed }: ConfigSource, key: string, fallback: unknown) {
  const name = names?.[key] ?? key;
  return { name, value: fixed?.[key] ?? json[name] ?? defaults?.[key] ?? fallback };
}

export function badConfig(file: string, what: string): ThawError {
  return new ThawError("BAD_CONFIG", `${file}: ${what}`);
}

/** An integer from `from` on. */
export function integerField(source: ConfigSource, key: string, fallback: number, from = 1): number {
  const { name, value } = lookUp(source, key, fallback);
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= from) return value;
  throw badConfig(source.file, `"${name}" must be an integer from ${from} on, found ${JSON.stringify(value)}.`);
}

/** A number above 0. */
export function positiveField(source: ConfigSource, key: string, fallback: number): number {
  const { name, value } = lookUp(source, key, fallback);
  if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
  throw badConfig(source.file, `"${name}" must be a number above 0, found ${JSON.stringify(value)}.`);
}

/** A dropout probability. */
export function probabilityField(source: ConfigSource, key: string, fallback: number): number {
  const { name, value } = lookUp(source, key, fallback);
  if (typeof value === "number" && value >= 0 && value < 1) return value;
  throw badConfig(source.file, `"${name}" must be a probability from 0 to below 1, found ${JSON.stringify(value)}.`);
}

export function textField(source: ConfigSource, key: string, fallback: string): string {
  const { name, value } = lookUp(source, key, fallback);
  if (typeof value === "string") return value;
  throw badConfig(source.file, `"${name}" must be text, found ${JSON.stringify(value)}.`);
}

export function flagField(source: ConfigSource, key: string, fallback: boolean): boolean {
  const { name, value } = lookUp(source, key, fallback);
  if (typeof value === "boolean") return value;
  throw badConfig(source.file, `"${name}" must be true or false, found ${JSON.stringify(value)}.`);
}
