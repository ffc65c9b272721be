/** Typed reading of single JSON keys: each takes the value, or the default where the key is absent, or throws `BAD_CONFIG`. */
import { ThawError } from "../errors.ts";
import type { JsonObject } from "./config.ts";

/** A JSON object and the file it comes from, for the messages. */
export interface ConfigSource {
  readonly json: JsonObject;
  readonly file: string;
}

export function badConfig(file: string, what: string): ThawError {
  return new ThawError("BAD_CONFIG", `${file}: ${what}`);
}

/** An integer from `from` on. */
export function integerField({ json, file }: ConfigSource, key: string, fallback: number, from = 1): number {
  const value = json[key] ?? fallback;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= from) return value;
  throw badConfig(file, `"${key}" must be an integer from ${from} on, found ${JSON.stringify(value)}.`);
}

/** A number above 0. */
export function positiveField({ json, file }: ConfigSource, key: string, fallback: number): number {
  const value = json[key] ?? fallback;
  if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
  throw badConfig(file, `"${key}" must be a number above 0, found ${JSON.stringify(value)}.`);
}

/** A dropout probability. */
export function probabilityField({ json, file }: ConfigSource, key: string, fallback: number): number {
  const value = json[key] ?? fallback;
  if (typeof value === "number" && value >= 0 && value < 1) return value;
  throw badConfig(file, `"${key}" must be a probability from 0 to below 1, found ${JSON.stringify(value)}.`);
}

export function textField({ json, file }: ConfigSource, key: string, fallback: string): string {
  const value = json[key] ?? fallback;
  if (typeof value === "string") return value;
  throw badConfig(file, `"${key}" must be text, found ${JSON.stringify(value)}.`);
}
