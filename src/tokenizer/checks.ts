/** What is refused before a text is encoded. */
import { ThawError } from "../errors.ts";

/** The texts, well-formed. Throws `BAD_TEXT` with the row (from 0) of the first that is not a string. */
export function checkTexts(texts: readonly string[]): string[] {
  if (!Array.isArray(texts)) {
    throw new ThawError("BAD_TEXT", `A tokenizer takes a string or an array of strings, got ${describe(texts)}.`);
  }
  return texts.map((text: unknown, row) => {
    // Half a surrogate pair is a legal string here but has no UTF-8 form; U+FFFD is what every decoder makes of it.
    if (typeof text === "string") return text.replace(/\p{Surrogate}/gu, "\ufffd");
    throw new ThawError(
      "BAD_TEXT",
      `Text ${row} is ${describe(text)}, not a string. Leave the row out or give it a text.`,
    );
  });
}

export function pairTexts(texts: readonly string[], textPair: string | readonly string[]): readonly string[] {
  const pairs = typeof textPair === "string" ? [textPair] : textPair;
  if (pairs.length === texts.length) return pairs;
  throw new ThawError(
    "BAD_TEXT",
    `textPair has ${pairs.length} texts for ${texts.length} first ones: give one for each.`,
  );
}

/** Tokens that are left for the text. Throws `BAD_MAX_LENGTH`. */
export function contentRoom(maxLength: number, specials: number): number {
  if (Number.isSafeInteger(maxLength) && maxLength >= specials) return maxLength - specials;
  throw new ThawError(
    "BAD_MAX_LENGTH",
    `maxLength is ${maxLength}: use an integer from ${specials} (the special tokens alone) on, such as 128.`,
  );
}

function describe(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "an array" : typeof value;
}
