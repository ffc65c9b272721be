/** Texts that nobody writes, made by a generator: from all of Unicode and from what breaks tokenizers. */

/** xorshift32: the same numbers on every machine. */
export function generator(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
type Random = ReturnType<typeof generator>;

const pick = <T>(random: Random, list: ArrayLike<T>): T => list[random(list.length)] as T;
const many = (random: Random, atMost: number, piece: () => string): string =>
  Array.from({ length: 1 + random(atMost) }, piece).join("");
const between = (random: Random, first: number, last: number): string =>
  String.fromCodePoint(first + random(last - first + 1));

const pieces =
  "[CLS] [SEP] [MASK] [PAD] [UNK] <s> </s> <mask> <pad> <unk> <cls> <sep> <eop> <eod> ##ing ## ▁ ▁the Ġ Ċ Ġthe [MASK <ma sk> [ ] < > `` ''".split(
    " ",
  );
const spaces = " \t\n\r\v\f\u0085\u00a0\u1680\u2000\u2003\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff";
const invisible =
  "\u00ad\u034f\u061c\u115f\u17b4\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2066\u2069\ufe0f\ufeff\u3164";
const words = "the lighthouse naïve Straße Ёлка שלום مرحبا नमस्ते สวัสดี 你好 東京 안녕 İstanbul ΣΑΣ ﬁne x² 3.14".split(
  " ",
);
/** Scripts written from right to left, those that stack signs, those that are composed. */
const scripts = (
  "590-6ff 700-8ff 900-dff e00-109f 1100-11ff 1780-18af 3040-30ff 4e00-9fff a960-d7ff f900-faff fb1d-fdff ff00-ffef " +
  "10800-10fff 1e800-1eeff 20000-323af 1d400-1d7ff 1f1e6-1f1ff e0020-e007f"
)
  .split(" ")
  .map((range) => range.split("-").map((code) => Number.parseInt(code, 16)) as [first: number, last: number]);

/** One maker for each kind of text. */
export const wildKinds: Readonly<Record<string, (random: Random) => string>> = {
  "any code points": (random) => many(random, 60, () => between(random, 0, 0x10ffff)),
  "the basic plane": (random) => many(random, 60, () => between(random, 0, 0xffff)),
  "half surrogate pairs": (random) =>
    many(random, 20, () => (random(2) === 0 ? String.fromCharCode(0xd800 + random(0x800)) : pick(random, words))),
  "NUL and other controls": (random) =>
    many(random, 30, () => (random(3) === 0 ? pick(random, words) : between(random, 0, random(2) === 0 ? 0x1f : 0x9f))),
  scripts: (random) => many(random, 50, () => (random(8) === 0 ? " " : between(random, ...pick(random, scripts)))),
  "what is not seen": (random) =>
    many(random, 30, () => (random(3) === 0 ? pick(random, words) : pick(random, invisible))),
  "white space": (random) => many(random, 30, () => (random(4) === 0 ? pick(random, words) : pick(random, spaces))),
  marks: (random) => many(random, 5, () => pick(random, words) + many(random, 60, () => between(random, 0x300, 0x36f))),
  "marks of every script": (random) =>
    many(random, 40, () =>
      pick(random, ["\u0301", "\u05b0", "\u064e", "\u093f", "\u0e31", "\u3099", "\u20dd", "\u1cd0", "a", "が", "ك"]),
    ),
  "pieces of vocabularies": (random) =>
    many(
      random,
      30,
      () => pick(random, pieces) + (random(3) === 0 ? " " : "") + (random(4) === 0 ? pick(random, words) : ""),
    ),
  emoji: (random) =>
    many(
      random,
      20,
      () => between(random, 0x1f300, 0x1faff) + pick(random, ["", "\u200d", "\ufe0f", "\u{1f3fd}", " ", "\u20e3"]),
    ),
  "long words": (random) => pick(random, words).repeat(1 + random(400)),
  "signs and numbers": (random) => many(random, 80, () => between(random, 0x21, 0x40)),
  "words of many languages": (random) => many(random, 25, () => `${pick(random, words)} `),
};

/** `count` texts, the kinds in turn. */
export function wildTexts(count: number, seed: number): string[] {
  const random = generator(seed);
  const makers = Object.values(wildKinds);
  return Array.from({ length: count }, (_, i) => (makers[i % makers.length] as (typeof makers)[number])(random));
}

/** What one text is made of again and again, up to any length in UTF-16 units. */
export const endless: Readonly<Record<string, (units: number) => string>> = {
  "a sentence": (units) => "The lighthouse keeper counted the ships again. ".repeat(units / 47),
  "one letter": (units) => "a".repeat(units),
  "one word of many letters": (units) =>
    Array.from({ length: units }, (_, i) => "etaoinshrdlu"[(i * i + i) % 12]).join(""),
  "marks on one letter": (units) => `a${"\u0301".repeat(units - 1)}`,
  "marks of another script": (units) => `क${"\u093f".repeat(units - 1)}`,
  ideographs: (units) => "春雨静降".repeat(units / 4),
  "composed syllables": (units) => "오늘은날씨".repeat(units / 5),
  emoji: (units) => "👩‍👩‍👧".repeat(units / 8),
  flags: (units) => "🇩🇪".repeat(units / 4),
  spaces: (units) => " ".repeat(units),
  "white space of all kinds": (units) => spaces.repeat(units / spaces.length),
  marks: (units) => "!?".repeat(units / 2),
  digits: (units) => "31415926".repeat(units / 8),
  NUL: (units) => "\0".repeat(units),
  "zero width": (units) => "\u200b\u200d".repeat(units / 2),
  "special tokens": (units) => "[MASK]<mask>".repeat(units / 12),
  metaspaces: (units) => "▁".repeat(units),
};
