/** Any value as text: what Node would print, within bounds, whatever the value does when it is looked at. */
import { inspect, toUSVString, types } from "node:util";
import { attempt } from "./attempt.ts";
import { functionText } from "./functionText.ts";
import { entriesWithin } from "./weight.ts";

const maxCharacters = 50_000;
/** Entries, at all depths together, that Node prints in a few milliseconds. */
const maxEntries = 3000;
const maxKeys = 200;
const options = { depth: 2, breakLength: 100, maxArrayLength: 100, maxStringLength: 10_000 } as const;
/** How much of a value is printed, from the most to the least: the first that is not too much. */
const least = { ...options, depth: 0 } as const;
const extents = [
  options,
  { ...options, maxArrayLength: 10 },
  { ...options, depth: 1, maxArrayLength: 10 },
  least,
] as const;

export function plainText(value: unknown): string {
  if (typeof value === "string" || typeof value === "object" || typeof value === "function") return clamp(text(value));
  return inspect(value, options);
}

/** One short line for a value inside another: in a table's cell, say. */
export function shortText(value: unknown): string {
  const depth = entriesWithin(value, 1, 5, 50) > 50 ? 0 : 1;
  return attempt(
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
  return attempt(
    () => (typeof value === "function" ? functionText(value) : bounded(value)),
    () =>
      attempt(
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
    (extent) => entriesWithin(value, extent.depth, extent.maxArrayLength, maxEntries) <= maxEntries,
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
