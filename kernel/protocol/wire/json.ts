/** Makes JSON text that every reader takes. Readers in other languages refuse half a surrogate pair and deep nesting, and with it the message. */

/** Most levels of nesting that are sent: Rust's `serde_json` takes 127, Python's `json` about a thousand. */
const deepestSent = 120;
/** Most levels of nesting that are taken: `JSON.stringify` and messages between threads end at some thousand. */
const deepestTaken = 1000;

/**
 * Returns a value as JSON text, or JSON text as it is: with U+FFFD in place of each half of a surrogate pair, in strings and keys, and a
 * text in place of what is nested too deep. `isFlat` spares a search of long texts that are known not to nest.
 */
export function readableJson(value: unknown, isFlat = false): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const formed = /\\u[dD][89a-fA-F]/.test(text) ? withoutHalves(text) : text;
  if (isFlat || !nestsDeeper(formed, deepestSent)) return formed;
  return JSON.stringify(shallow(JSON.parse(formed), deepestSent));
}

/** Whether `text`, if it is JSON, nests deeper than the kernel can deal with. */
export function isTooDeep(text: string): boolean {
  return nestsDeeper(text, deepestTaken);
}

/** Matches both halves of a pair as escapes, one half alone, or any other escape: in this order, so that `\\ud800` stays six characters. */
const escapes = /\\(?:(ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2})|(ud[89a-f][0-9a-f]{2})|.)/gi;

/** Replaces halves that stand alone: `JSON.stringify` escapes these, and nothing else that begins with `\ud`. */
function withoutHalves(text: string): string {
  let changed = false;
  const formed = text.replace(escapes, (found, _pair, half) => {
    if (half === undefined) return found;
    changed = true;
    return "\ufffd";
  });
  return changed ? JSON.stringify(JSON.parse(formed)) : text; // two keys may have become one
}

function nestsDeeper(text: string, levels: number): boolean {
  if (text.length <= 2 * levels) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // a quotation mark: to the end of its string
        while (++at < text.length && text.charCodeAt(at) !== 0x22) if (text.charCodeAt(at) === 0x5c) at++;
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > levels) return true;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
    }
  }
  return false;
}

function shallow(value: unknown, levels: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (levels === 0) return `[nested more than ${deepestSent} levels deep]`;
  if (Array.isArray(value)) return value.map((each) => shallow(each, levels - 1));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shallow(each, levels - 1)]));
}
