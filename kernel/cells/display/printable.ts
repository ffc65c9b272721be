/** Text of unknown origin, for one line: nothing in it moves the cursor, turns the line around or fills the page. */
import { toUSVString } from "node:util";

/** Control characters, and those that change the direction of what follows them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unprintable = /[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g;

const names: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** At most `limit` characters; what is cut off is marked by an ellipsis. */
export function printable(text: string, limit: number): string {
  const cut = text.length <= limit ? text : `${text.slice(0, limit - 1).replace(/[\ud800-\udbff]$/, "")}…`;
  return toUSVString(cut).replace(unprintable, escaped);
}

function escaped(character: string): string {
  return names[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
