/** Values as text: what Node would print, within bounds, whatever the value does when it is looked at. */
import { inspect, toUSVString, types } from "node:util";
import { tryOr } from "../interrupt/kernelInterrupt.ts";

const maxCharacters = 50_000;
/** The number of entries, at all depths together, that Node prints in a few milliseconds. */
const maxEntries = 3000;
const maxKeys = 200;
const options = { depth: 2, breakLength: 100, maxArrayLength: 100, maxStringLength: 10_000 } as const;
/** Options of `inspect` from the most to the least detail: the first that prints few enough entries is taken. */
const least = { ...options, depth: 0 } as const;
const extents = [
  options,
  { ...options, maxArrayLength: 10 },
  { ...options, depth: 1, maxArrayLength: 10 },
  least,
] as const;

/** Prints a value as Node does, shortened to a size that a notebook can handle. */
export function plainText(value: unknown): string {
  if (typeof value === "string" || typeof value === "object" || typeof value === "function") return clamp(text(value));
  return inspect(value, options);
}

/** Prints a value on one short line, for a cell of a table or the like. */
export function shortText(value: unknown): string {
  const depth = countEntries(value, 1, 5, 50) > 50 ? 0 : 1;
  return tryOr(
    () =>
      inspect(value, {
        compact: true,
        breakLength: Number.POSITIVE_INFINITY,
        depth,
        maxArrayLength: 5,
        maxStringLength: 100,
      }),
    () => "[throws]",
  );
}

function text(value: unknown): string {
  return tryOr(
    () => (typeof value === "function" ? functionText(value) : bounded(value)),
    () =>
      tryOr(
        () => inspect(value, { ...least, customInspect: false }),
        () => "[a value that throws when it is looked at]",
      ),
  );
}

function bounded(value: unknown): string {
  if (typeof value !== "object" || value === null || types.isProxy(value) || hasOwnText(value)) {
    return inspect(value, options);
  }
  const keys = Array.isArray(value) || ArrayBuffer.isView(value) ? [] : Object.keys(value);
  if (keys.length <= maxKeys) return inspect(value, extentOf(value));
  const first = Object.create(Object.getPrototypeOf(value) as object | null) as object;
  for (const key of keys.slice(0, maxKeys / 2)) {
    Object.defineProperty(first, key, Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor);
  }
  const more = `... ${keys.length - maxKeys / 2} more keys`;
  return inspect(first, extentOf(first)).replace(/,?\s*\}$/, `,\n  ${more}\n}`);
}

function extentOf(value: object): (typeof extents)[number] {
  const fits = extents.find(
    (extent) => countEntries(value, extent.depth, extent.maxArrayLength, maxEntries) <= maxEntries,
  );
  return fits ?? least;
}

function hasOwnText(value: object): boolean {
  return typeof (value as { [inspect.custom]?: unknown })[inspect.custom] === "function";
}

function clamp(text: string): string {
  const formed = toUSVString(text);
  if (formed.length <= maxCharacters) return formed;
  return `${formed.slice(0, maxCharacters)}\n... ${formed.length - maxCharacters} more characters`;
}

/**
 * Counts the entries that printing would show, without calling anything of the value's own: down to `depth` levels
 * below `value`, of lists the first `listed`. Counting stops soon after `limit`.
 */
function countEntries(value: unknown, depth: number, listed: number, limit: number): number {
  if (typeof value !== "object" || value === null || types.isProxy(value) || ArrayBuffer.isView(value)) return 0;
  let count = 0;
  for (const child of childrenOf(value, listed, limit)) {
    count += 1 + (depth > 0 ? countEntries(child, depth - 1, listed, limit - count) : 0);
    if (count > limit) return count;
  }
  return count;
}

function childrenOf(value: object, listed: number, limit: number): unknown[] {
  if (types.isMap(value)) return firstOf(Map.prototype.entries.call(value), listed).flat();
  if (types.isSet(value)) return firstOf(Set.prototype.values.call(value), listed);
  if (Array.isArray(value)) return value.slice(0, listed);
  const keys = Object.keys(value);
  if (keys.length > limit) return keys;
  return keys.map((key) => Object.getOwnPropertyDescriptor(value, key)?.value as unknown);
}

function firstOf<T>(values: IterableIterator<T>, listed: number): T[] {
  const first: T[] = [];
  for (const value of values) if (first.push(value) >= listed) break;
  return first;
}

/** Prints a function as `[Function: add] (a, b)`, short arrow functions whole. */
function functionText(value: CallableFunction): string {
  const name = inspect(value, { breakLength: 100, maxArrayLength: 20 });
  const source = Function.prototype.toString.call(value);
  if (/^class\b/.test(source) || source.endsWith("{ [native code] }") || !name.startsWith("[")) return name;
  const head = source.length <= 80 && source.includes("=>") ? source : parametersOf(source);
  if (head === undefined || head.includes("__thaw")) return name;
  return `${name} ${printable(tidy(head), 200)}`;
}

/**
 * Returns the text from the first parenthesis to the one that closes it; strings with parentheses in defaults are not
 * looked into.
 */
function parametersOf(source: string): string | undefined {
  const start = source.indexOf("(");
  let open = 0;
  for (let i = start; i >= 0 && i < Math.min(source.length, start + 500); i++) {
    if (source[i] === "(") open++;
    else if (source[i] === ")" && --open === 0) return source.slice(start, i + 1);
  }
  return undefined;
}

/** Removes the blanks that types have left in the code of a cell. */
function tidy(source: string): string {
  return source.replace(/\s+/g, " ").replace(/ ([,)])/g, "$1");
}

/** Matches control characters, and those that change the direction of what follows them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unprintable = /[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g;

const names: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * Makes text of unknown origin fit for one line of at most `limit` characters: control characters are escaped, and an
 * ellipsis marks what is cut off.
 */
export function printable(text: string, limit: number): string {
  const cut = text.length <= limit ? text : `${text.slice(0, limit - 1).replace(/[\ud800-\udbff]$/, "")}…`;
  return toUSVString(cut).replace(unprintable, escaped);
}

function escaped(character: string): string {
  return names[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/**
 * Indices below `length`: all of them up to twice `edge`, else the first and last `edge` with `undefined` between them.
 */
export function headAndTail(length: number, edge: number): (number | undefined)[] {
  if (length <= 2 * edge) return range(0, length);
  return [...range(0, edge), undefined, ...range(length - edge, length)];
}

/** Returns at most `most` indices below `length`, evenly spread. */
export function sampleIndices(length: number, most: number): number[] {
  const step = Math.max(1, length / most);
  return range(0, Math.min(length, most)).map((i) => Math.floor(i * step));
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}
