/** How much there is to print in a value, found without printing it and without calling anything of its own. */
import { types } from "node:util";

/** Entries down to `depth` levels below `value`, of lists the first `listed`; counting stops soon after `limit`. */
export function entriesWithin(value: unknown, depth: number, listed: number, limit: number): number {
  if (typeof value !== "object" || value === null || types.isProxy(value) || ArrayBuffer.isView(value)) return 0;
  let count = 0;
  for (const child of childrenOf(value, listed, limit)) {
    count += 1 + (depth > 0 ? entriesWithin(child, depth - 1, listed, limit - count) : 0);
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
