/** Compares what the programs have made with what is committed: which files there are, and value by value what they hold. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { toleranceAt } from "./tolerances.mjs";

/**
 * @typedef {{ place: string, made: unknown, committed: unknown }} Difference Two values at a place; `undefined`: not there.
 * @typedef {{ difference: number, allowed: number, place: string }} Gap How far two numbers are from each other.
 * @typedef {{ differences: Difference[], largest?: Gap | undefined }} Comparison `largest` takes the most of what is allowed, and is within it.
 * @typedef {import("./tolerances.mjs").Tolerance} Tolerance
 */

/**
 * Compares two values: structure, texts and integers have to be equal, other numbers within the tolerance of their place.
 * @param {string} file its name begins every place
 * @param {unknown} made as JSON gives it
 * @param {unknown} committed
 * @param {(place: string) => Tolerance} tolerance what is allowed at a place
 * @returns {Comparison}
 */
export function compareValues(file, made, committed, tolerance) {
  /** @type {Difference[]} */
  const differences = [];
  /** @type {Gap | undefined} */
  let largest;
  const compareNumbers = (/** @type {number} */ a, /** @type {number} */ b, /** @type {string} */ place) => {
    const { absolute, relative, any } = tolerance(place);
    if (any) return;
    const [difference, allowed] = [Math.abs(a - b), absolute + relative * Math.abs(b)];
    if (!(difference <= allowed) || (Number.isInteger(a) && Number.isInteger(b))) {
      differences.push({ place, made: a, committed: b });
    } else if (largest === undefined || difference / allowed > largest.difference / largest.allowed) {
      largest = { difference, allowed, place };
    }
  };
  const visit = (/** @type {unknown} */ a, /** @type {unknown} */ b, /** @type {readonly string[]} */ keys) => {
    if (Object.is(a, b)) return;
    const place = `${file}: ${keys.join(".")}`;
    if (typeof a === "number" && typeof b === "number") return compareNumbers(a, b, place);
    if (!isContainer(a) || !isContainer(b) || Array.isArray(a) !== Array.isArray(b)) {
      if (!tolerance(place).any) differences.push({ place, made: a, committed: b });
      return;
    }
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      visit(valueAt(a, key), valueAt(b, key), [...keys, key]);
    }
  };
  visit(made, committed, []);
  return { differences, largest };
}

/** @type {(value: unknown) => value is Record<string, unknown>} */
const isContainer = (value) => typeof value === "object" && value !== null;

const valueAt = (/** @type {Record<string, unknown>} */ container, /** @type {string} */ key) =>
  Object.hasOwn(container, key) ? container[key] : undefined;

/**
 * Finds the first line in which two texts differ.
 * @param {string} file
 * @param {string} made
 * @param {string} committed
 * @returns {Comparison}
 */
export function compareLines(file, made, committed) {
  const [a, b] = [made.split("\n"), committed.split("\n")];
  const line = a.findIndex((text, i) => text !== b[i]);
  const at = line < 0 ? a.length : line;
  return { differences: [{ place: `${file}: line ${at + 1}`, made: a[at], committed: b[at] }] };
}

const shownAtMost = 3;

/**
 * Writes the first differences of a file as lines.
 * @param {readonly Difference[]} differences
 */
export function describe(differences) {
  const lines = differences.slice(0, shownAtMost).map(({ place, made, committed }) => {
    return `${place}\n    made:      ${shown(made)}\n    committed: ${shown(committed)}`;
  });
  const more = differences.length - lines.length;
  return [...lines, ...(more > 0 ? [`    and ${more} more`] : [])].join("\n");
}

const shown = (/** @type {unknown} */ value) =>
  value === undefined ? "not there" : JSON.stringify(value).slice(0, 100);

/**
 * Returns the names of all goldens below `folder`, sorted: all that lies there but programs, tests and texts for people.
 * @param {string} folder
 */
export const goldensIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(py|pyc|ts|md)$|^requirements\.txt$/.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();

/**
 * Compares one file of two folders: byte for byte, and where these differ by what it holds.
 * @param {string} file below both folders
 * @param {string} made
 * @param {string} committed
 * @param {(path: string) => unknown} tensorsOf reads a file of weights
 * @returns {Comparison}
 */
export function compareFile(file, made, committed, tensorsOf) {
  const [left, right] = [join(made, file), join(committed, file)];
  const there = (/** @type {string} */ path) => (existsSync(path) ? "a file" : undefined);
  if (there(left) === undefined || there(right) === undefined) {
    return { differences: [{ place: file, made: there(left), committed: there(right) }] };
  }
  const [a, b] = [readFileSync(left), readFileSync(right)];
  if (a.equals(b)) return { differences: [] };
  if (file.endsWith(".json")) return compareValues(file, JSON.parse(String(a)), JSON.parse(String(b)), toleranceAt);
  if (/\.(safetensors|bin)$/.test(file)) return compareValues(file, tensorsOf(left), tensorsOf(right), toleranceAt);
  return compareLines(file, a.toString(), b.toString());
}
