/** Lists in a sentence: all names or numbers where they are few, else the first ones and how many more. */
import { formatCount } from "./numbers.ts";

/** Joins names: "a, b, c", or "a, b, c, d and 12 more". */
export function listed(names: readonly string[]): string {
  return names.length <= 8 ? names.join(", ") : `${names.slice(0, 4).join(", ")} and ${names.length - 4} more`;
}

/** Joins row numbers: "row 3", "rows 3 and 7", or "rows 3, 7, 9 and 12 more". `noun` replaces "row", for lines. */
export function listedRows(numbers: readonly number[], noun = "row"): string {
  const [shown, more] = numbers.length <= 5 ? [numbers, 0] : [numbers.slice(0, 3), numbers.length - 3];
  const parts = [...shown.map(formatCount), ...(more > 0 ? [`${formatCount(more)} more`] : [])];
  if (parts.length === 1) return `${noun} ${parts[0]}`;
  return `${noun}s ${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}
