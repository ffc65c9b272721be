/** Reads a golden file; its maker stands beside it. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const goldenPath = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export function golden<T>(name: string): T {
  return JSON.parse(readFileSync(goldenPath(name), "utf8")) as T;
}
