/** The files of a folder of goldens, which of them a program has made, and how they differ from the committed ones. */
import { existsSync, readdirSync, readFileSync, statSync, utimesSync } from "node:fs";
import { join, relative } from "node:path";
import { compareLines, compareValues } from "./compare.mjs";
import { toleranceAt } from "./tolerances.mjs";

/** Names of all goldens below `folder`, sorted: what lies there but programs, tests and texts for people. */
export const goldensIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(py|pyc|ts|md)$|^requirements\.txt$/.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();

/** Makes every file look old, so that those written from now on are known. */
export function age(folder) {
  for (const file of goldensIn(folder)) utimesSync(join(folder, file), 0, 0);
}

/** What was written since `age`. */
export const writtenIn = (folder) => goldensIn(folder).filter((file) => statSync(join(folder, file)).mtimeMs > 0);

/**
 * Compares one file of two folders: byte for byte, and where these differ by what it holds.
 * @param {string} file below both folders
 * @param {string} made
 * @param {string} committed
 * @param {(path: string) => object} tensorsOf reads a file of weights
 * @returns {{ differences: import("./compare.mjs").Difference[], largest?: import("./compare.mjs").Gap }}
 */
export function compareFile(file, made, committed, tensorsOf) {
  const paths = [join(made, file), join(committed, file)];
  const there = paths.map((path) => existsSync(path));
  if (!there[0] || !there[1]) {
    return {
      differences: [{ place: file, made: there[0] ? "a file" : undefined, committed: there[1] ? "a file" : undefined }],
    };
  }
  const [a, b] = paths.map((path) => readFileSync(path));
  if (a.equals(b)) return { differences: [] };
  if (file.endsWith(".json")) return compareValues(file, JSON.parse(a), JSON.parse(b), toleranceAt);
  if (/\.(safetensors|bin)$/.test(file)) return compareValues(file, ...paths.map(tensorsOf), toleranceAt);
  return compareLines(file, a.toString(), b.toString());
}
