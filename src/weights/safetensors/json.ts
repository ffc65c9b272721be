/**
 * A strict JSON scanner over text that comes in pieces. It builds nothing but what its caller keeps, so that a header of
 * 100 MB costs no more memory than one piece. `JSON.parse` would also keep the last of two equal keys, round integers
 * above 2^53, turn 1e400 into Infinity and put `__proto__` where it can do harm.
 */

/** Lists and objects within each other at most, as in serde_json, which the reference reader uses. */
const depthLimit = 127;
/** Characters of a number or word at most. */
const literalLimit = 1000;
/** Characters at most that are skipped in one file. */
const skipLimit = 1_000_000;

const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);
const [quote, backslash] = [0x22, 0x5c];

/** The kind of a value, told by its first character: `"other"` is a number, a word, or no JSON. */
export type Kind = "object" | "array" | "string" | "other";

/** Reads one value after the other, front to back. Every method throws an Error that says what is wrong at which character. */
export class JsonScanner {
  readonly #next: () => string | undefined;
  /** The present piece, the place in it, and the number of characters that came before it. */
  #text = "";
  #at = 0;
  #before = 0;
  #depth = 0;
  #skipped = 0;

  /** `next` gives the text piece by piece, then undefined. */
  constructor(next: () => string | undefined) {
    this.#next = next;
  }

  /** Skips space, and says what the value is that comes next. */
  kind(): Kind {
    switch (this.#afterSpace()) {
      case 0x7b:
        return "object";
      case 0x5b:
        return "array";
      case quote:
        return "string";
      default:
        return "other";
    }
  }

  /** Reads an object: `entry` is given each key, of up to `keyLimit` characters, and has to read its value. */
  object(keyLimit: number, entry: (key: string) => void): void {
    this.#items(0x7d, () => {
      const key = this.string(keyLimit);
      this.#afterSpace();
      this.#expect(":");
      entry(key);
    });
  }

  /** Reads an array: `item` has to read one value each time it is called. */
  array(item: () => void): void {
    this.#items(0x5d, item);
  }

  /** Reads a string of up to `limit` characters. */
  string(limit: number): string {
    let result = "";
    this.#eachPart((part) => {
      result += part;
      if (result.length > limit) this.fail(`a string of more than ${limit} characters`);
    });
    if (/\p{Surrogate}/u.test(result)) this.fail("half of a surrogate pair in a string");
    return result;
  }

  /** Reads a number or a word, and gives an integer as it is, null for null, NaN for all else. */
  scalar(): number | null {
    const literal = this.#literal();
    if (/^(?:0|[1-9]\d{0,14})$/.test(literal)) return Number(literal); // nearly all there are
    if (literal === "null") return null;
    if (literal === "true" || literal === "false") return Number.NaN;
    if (literal === "") this.fail(`expected a value, found ${this.#found()}`);
    if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(literal)) this.fail(`${quoted(literal)} is no JSON`);
    const parsed = Number(literal);
    if (!Number.isFinite(parsed)) this.fail(`the number ${literal.slice(0, 30)} is too large`);
    // "1.0", "1e2" and "-0" are no integers to the reference reader; NaN is refused wherever an integer is needed.
    if (!/^(?:0|-?[1-9]\d*)$/.test(literal)) return Number.NaN;
    if (!Number.isSafeInteger(parsed)) this.fail(`the integer ${literal.slice(0, 30)} is above 2^53`);
    return parsed;
  }

  /** Reads a value of any kind and keeps nothing of it. */
  skip(): void {
    const start = this.#position;
    const skipped = this.#skipped;
    const count = () => {
      this.#skipped = skipped + this.#position - start;
      if (this.#skipped > skipLimit) this.fail(`more than ${skipLimit} characters that mean nothing here`);
    };
    const kind = this.kind();
    if (kind === "string") this.#eachPart(count);
    else if (kind === "other") this.scalar();
    else {
      this.#items(kind === "object" ? 0x7d : 0x5d, () => {
        if (kind === "object") {
          this.#eachPart(count);
          this.#afterSpace();
          this.#expect(":");
        }
        this.skip();
        count();
      });
    }
    count();
  }

  /** Checks that nothing but space is left. */
  end(): void {
    if (!Number.isNaN(this.#afterSpace())) this.fail(`expected the end, found ${this.#found()}`);
  }

  fail(what: string): never {
    throw new Error(`${what} at character ${this.#position}`);
  }

  get #position(): number {
    return this.#before + this.#at;
  }

  /** Gives the code of the present character; NaN at the end. */
  #peek(): number {
    while (this.#at >= this.#text.length) {
      const text = this.#next();
      if (text === undefined) return Number.NaN;
      this.#before += this.#text.length;
      this.#text = text;
      this.#at = 0;
    }
    return this.#text.charCodeAt(this.#at);
  }

  #afterSpace(): number {
    for (;;) {
      const text = this.#text;
      let at = this.#at;
      for (; at < text.length; at++) {
        const code = text.charCodeAt(at);
        if (code !== 0x20 && code !== 0x0a && code !== 0x09 && code !== 0x0d) break;
      }
      this.#at = at;
      if (at < text.length || Number.isNaN(this.#peek())) return this.#peek();
    }
  }

  #expect(character: string): void {
    if (this.#peek() !== character.charCodeAt(0)) {
      this.fail(`expected ${JSON.stringify(character)}, found ${this.#found()}`);
    }
    this.#at++;
  }

  /** Reads what stands between two brackets, with commas between. */
  #items(close: number, item: () => void): void {
    if (this.#depth >= depthLimit) this.fail(`nested deeper than ${depthLimit} levels`);
    this.#depth++;
    this.#at++;
    if (this.#afterSpace() !== close) {
      for (;;) {
        item();
        if (this.#afterSpace() === close) break;
        this.#expect(",");
      }
    }
    this.#at++;
    this.#depth--;
  }

  /** Reads a string, part by part: characters as they stand, and each escape by itself. */
  #eachPart(use: (part: string) => void): void {
    this.#afterSpace();
    this.#expect('"');
    for (;;) {
      const code = this.#peek();
      if (code === quote) break;
      if (code === backslash) use(this.#escaped());
      else if (code >= 0x20) use(this.#plain());
      else this.fail(`a string with ${this.#found()} in it`); // a control character, or the end
    }
    this.#at++;
  }

  /** Reads characters up to a quotation mark, a backslash or a control character, or to the end of the piece. */
  #plain(): string {
    const start = this.#at;
    let at = start;
    for (; at < this.#text.length; at++) {
      const code = this.#text.charCodeAt(at);
      if (code === quote || code === backslash || code < 0x20) break;
    }
    this.#at = at;
    return this.#text.slice(start, at);
  }

  #escaped(): string {
    this.#at++;
    const letter = this.#characters(1);
    const meaning = escapes.get(letter);
    if (meaning !== undefined) return meaning;
    const hex = letter === "u" ? this.#characters(4) : "";
    if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.fail("an unknown escape");
    return String.fromCharCode(Number.parseInt(hex, 16));
  }

  /** Reads the next `count` characters, or those that are left. */
  #characters(count: number): string {
    let characters = "";
    while (characters.length < count && !Number.isNaN(this.#peek())) {
      characters += this.#text.charAt(this.#at);
      this.#at++;
    }
    return characters;
  }

  /** Reads letters, digits, signs and points in a row. */
  #literal(): string {
    let literal = "";
    for (let code = this.#afterSpace(); isLiteral(code); code = this.#peek()) {
      const start = this.#at;
      while (isLiteral(this.#text.charCodeAt(this.#at))) this.#at++;
      literal += this.#text.slice(start, this.#at);
      if (literal.length > literalLimit) this.fail(`the number ${literal.slice(0, 30)}... is too large`);
    }
    return literal;
  }

  #found(): string {
    const code = this.#peek();
    return Number.isNaN(code) ? "the end" : JSON.stringify(String.fromCharCode(code));
  }
}

/** Tells whether a character may stand in a number or word: a digit, a letter, `+`, `-`, `.` or `_`. */
const isLiteral = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) || // 0 to 9
  (code >= 0x41 && code <= 0x5a) || // A to Z
  (code >= 0x61 && code <= 0x7a) || // a to z
  code === 0x2b ||
  code === 0x2d ||
  code === 0x2e ||
  code === 0x5f;

/** Quotes a text for a message, shortened: a file may give a name of 100 MB. */
export function quoted(text: string): string {
  return JSON.stringify(text.length <= 100 ? text : `${text.slice(0, 100)}...`);
}
