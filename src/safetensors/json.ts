/**
 * A strict JSON scanner. `JSON.parse` keeps the last of two equal keys, rounds integers above 2^53, turns 1e400 into
 * Infinity and puts `__proto__` where it can do harm; a file header must not get past us that way.
 */

export type Json = null | boolean | number | string | readonly Json[] | ReadonlyMap<string, Json>;

/** Lists and objects within each other, as in serde_json, which the reference reader uses. */
const depthLimit = 127;

const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these in strings.
const plainPattern = /[^"\\\u0000-\u001f]*/y;
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** Parses one JSON value, objects as Maps. Throws an Error that says what is wrong at which character. */
export function parseStrictJson(text: string): Json {
  let at = 0;

  const fail = (what: string): never => {
    throw new Error(`${what} at character ${at}`);
  };
  const skipSpace = (): void => {
    while (text[at] === " " || text[at] === "\n" || text[at] === "\t" || text[at] === "\r") at++;
  };
  const expectCharacter = (character: string): void => {
    if (text[at] !== character) fail(`expected ${JSON.stringify(character)}, found ${found()}`);
    at++;
  };
  const found = (): string => (at < text.length ? JSON.stringify(text[at]) : "the end");

  function value(depth: number): Json {
    skipSpace();
    const character = text[at];
    if ((character === "{" || character === "[") && depth >= depthLimit)
      fail(`nested deeper than ${depthLimit} levels`);
    if (character === "{") return object(depth);
    if (character === "[") return array(depth);
    if (character === '"') return string();
    for (const [word, meaning] of [
      ["true", true],
      ["false", false],
      ["null", null],
    ] as const) {
      if (text.startsWith(word, at)) {
        at += word.length;
        return meaning;
      }
    }
    return number();
  }

  function object(depth: number): Json {
    const entries = new Map<string, Json>();
    at++;
    skipSpace();
    if (text[at] === "}") {
      at++;
      return entries;
    }
    for (;;) {
      skipSpace();
      const key = string();
      if (entries.has(key)) fail(`the key ${quoted(key)} appears twice`);
      skipSpace();
      expectCharacter(":");
      entries.set(key, value(depth + 1));
      skipSpace();
      if (text[at] === "}") break;
      expectCharacter(",");
    }
    at++;
    return entries;
  }

  function array(depth: number): Json {
    const items: Json[] = [];
    at++;
    skipSpace();
    if (text[at] === "]") {
      at++;
      return items;
    }
    for (;;) {
      items.push(value(depth + 1));
      skipSpace();
      if (text[at] === "]") break;
      expectCharacter(",");
    }
    at++;
    return items;
  }

  function string(): string {
    expectCharacter('"');
    let result = "";
    for (;;) {
      plainPattern.lastIndex = at;
      const plain = plainPattern.exec(text)?.[0] ?? "";
      result += plain;
      at += plain.length;
      if (text[at] === '"') break;
      if (text[at] !== "\\") fail(`a string with ${found()} in it`);
      result += escapedCharacter();
    }
    at++;
    if (/\p{Surrogate}/u.test(result)) fail("half of a surrogate pair in a string");
    return result;
  }

  function escapedCharacter(): string {
    const letter = text[at + 1] ?? "";
    const simple = Object.hasOwn(escapes, letter) ? escapes[letter] : undefined;
    if (simple !== undefined) {
      at += 2;
      return simple;
    }
    const hex = text.slice(at + 2, at + 6);
    if (letter !== "u" || !/^[0-9a-fA-F]{4}$/.test(hex)) fail("an unknown escape");
    at += 6;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }

  function number(): number {
    numberPattern.lastIndex = at;
    const literal = numberPattern.exec(text)?.[0];
    if (literal === undefined) return fail(`expected a value, found ${found()}`);
    const parsed = Number(literal);
    if (!Number.isFinite(parsed)) fail(`the number ${literal.slice(0, 30)} is too large`);
    // "1.0", "1e2" and "-0" are no integers to the reference reader; NaN is refused wherever an integer is needed.
    const isInteger = /^(?:0|-?[1-9]\d*)$/.test(literal);
    if (isInteger && !Number.isSafeInteger(parsed)) fail(`the integer ${literal.slice(0, 30)} is above 2^53`);
    at += literal.length;
    return isInteger ? parsed : Number.NaN;
  }

  const result = value(0);
  skipSpace();
  if (at < text.length) fail(`expected the end, found ${found()}`);
  return result;
}

/** A text for a message: a file may give a name of 100 MB. */
export function quoted(text: string): string {
  return JSON.stringify(text.length <= 100 ? text : `${text.slice(0, 100)}...`);
}
