/** The public tokenizer: it encodes texts as token ids, truncated and padded as in Hugging Face's Python. */
import { ThawError } from "../errors.ts";
import { type OptionNames, refuseUnknown } from "../options.ts";
import {
  type BatchEncoding,
  pad,
  rowOf,
  type Side,
  type Templates,
  type TokenizerBackend,
  type Truncation,
  type TruncationStrategy,
  tokenLimit,
  type UnpaddedText,
} from "./rows.ts";
import type { SaveTokenizerOptions } from "./saved.ts";
import { backendOf, templatesByAsking, type XenovaTokenizer } from "./xenova.ts";

/** Options of truncation. */
export interface TruncationOptions {
  /**
   * Whether texts are truncated to `maxLength` tokens, special tokens included. true or `"longest_first"`: the longer
   * text of a pair is cut first; `"only_first"`, `"only_second"`: only that text; false or `"do_not_truncate"`: no
   * truncation. Default: true if `maxLength` is given without padding, else false.
   */
  readonly truncation?: boolean | TruncationStrategy | "do_not_truncate";
  /**
   * The longest input in tokens, special tokens included. Default: the limit of the tokenizer's files and of its
   * model's positions; 512 if they set none.
   */
  readonly maxLength?: number;
  /** The side from which tokens are removed. Default: the setting of the tokenizer's files, mostly `"right"`. */
  readonly truncationSide?: Side;
}

/** Options of `encodeBatch`. */
export interface EncodeOptions extends TruncationOptions {
  /** The second texts of pairs, one per first text. Default: single texts. */
  readonly textPair?: string | readonly string[];
}

/** Options of a call of the tokenizer. */
export interface TokenizeOptions extends EncodeOptions {
  /**
   * Length to which texts are padded. true or `"longest"`: the longest text of the batch; `"max_length"` (or
   * `"maxLength"`): `maxLength`; false or `"do_not_pad"`: no padding. Default: false.
   */
  readonly padding?: boolean | "longest" | "max_length" | "maxLength" | "do_not_pad";
  /** The side on which texts are padded. Default: the setting of the tokenizer's files, mostly `"right"`. */
  readonly paddingSide?: Side;
}

/** Options of `decode`. */
export interface DecodeOptions {
  /** Whether special tokens such as `[CLS]` are omitted. Default: false. */
  readonly skipSpecialTokens?: boolean;
  /** Whether the space before punctuation is removed. Default: the setting of the tokenizer's files, mostly false. */
  readonly cleanUpTokenizationSpaces?: boolean;
}

/**
 * A tokenizer turns texts into token ids, truncated and padded as in Hugging Face's Python, and ids back into text.
 * `AutoTokenizer.fromPretrained` loads one. Pass `textPair` to encode pairs of texts. By default nothing is truncated
 * or padded.
 */
export interface Tokenizer {
  /**
   * Encodes a text or a list of texts as `inputIds`, `attentionMask` and `tokenTypeIds`, each `[batch, tokens]`; a
   * single text gives a batch of one. Errors: `BAD_TEXT`, `BAD_MAX_LENGTH`, `BAD_ARGUMENT`.
   */
  (texts: string | readonly string[], options?: TokenizeOptions): BatchEncoding;
  /**
   * Encodes pairs of texts; `textPair` holds the second text of each. Shapes and errors are those of the call without
   * pairs.
   */
  (texts: string | readonly string[], textPair: string | readonly string[], options?: TokenizeOptions): BatchEncoding;
  /**
   * Encodes texts or pairs without padding: returns one `{ inputIds, tokenTypeIds }`, each `[tokens]`, per text or
   * pair. Errors: `BAD_TEXT`, `BAD_MAX_LENGTH`, `BAD_ARGUMENT`.
   */
  encodeBatch(texts: readonly string[], options?: EncodeOptions): UnpaddedText[];
  /** Decodes the token ids of one text, `[tokens]`, into text. */
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string;
  /** The library that splits texts into tokens. */
  readonly backend: TokenizerBackend["name"];
  /** Id of the padding token; undefined if there is none. */
  readonly padTokenId: number | undefined;
  /**
   * The longest input in tokens, special tokens included, by the tokenizer's files and by the positions in the
   * config.json of the same folder; Infinity if they set no limit.
   */
  readonly modelMaxLength: number;
  /** The side from which a text that is too long is truncated. */
  readonly truncationSide: Side;
  /** The side on which texts are padded. */
  readonly paddingSide: Side;
  /** Ids of the special tokens before and after a single text. */
  readonly specialTokens: { readonly before: readonly number[]; readonly after: readonly number[] };
  /**
   * Writes the tokenizer's files, as they were when loaded, into an existing folder. If tokenizer.json was missing, or
   * Python's class would run another one, the one that the class runs is written. Errors: `WRITE_FAILED`.
   */
  save(folder: string, options?: SaveTokenizerOptions): Promise<void>;
}

/** The settings from a tokenizer's files, and its save function. */
export interface TokenizerSettings {
  readonly templates: Templates;
  readonly padTokenId: number | undefined;
  readonly modelMaxLength: number;
  readonly truncationSide: Side;
  readonly paddingSide: Side;
  readonly cleansUpSpaces: boolean;
  /** Saves the tokenizer's files; undefined for a tokenizer object that the user brought. */
  readonly save: ((folder: string, options: SaveTokenizerOptions) => Promise<void>) | undefined;
}

/** Makes a `Tokenizer` from a tokenizer object of another library. */
export const Tokenizer = {
  /** Wraps a tokenizer object of `@xenova/transformers` or `@huggingface/transformers`. */
  from(tokenizer: XenovaTokenizer): Tokenizer {
    return createTokenizer(backendOf(tokenizer, "brought"), {
      templates: templatesByAsking(tokenizer),
      padTokenId: tokenizer.pad_token_id,
      modelMaxLength: tokenizer.model_max_length ?? Number.POSITIVE_INFINITY,
      truncationSide: "right",
      paddingSide: tokenizer.padding_side === "left" ? "left" : "right",
      cleansUpSpaces: false,
      save: undefined,
    });
  },
};

const encodeNames: OptionNames<EncodeOptions> = {
  textPair: true,
  truncation: true,
  maxLength: true,
  truncationSide: true,
};
const tokenizeNames: OptionNames<TokenizeOptions> = { ...encodeNames, padding: true, paddingSide: true };
const decodeNames: OptionNames<DecodeOptions> = { skipSpecialTokens: true, cleanUpTokenizationSpaces: true };
/** Options of Hugging Face's tokenizers that have another name here or are not needed. */
const elsewhere = {
  addSpecialTokens:
    "nothing: special tokens are always added, and decode(ids, { skipSpecialTokens: true }) leaves them out",
  returnTensors: "nothing: model.forward takes what a tokenizer gives",
  returnTokenTypeIds: "nothing: they are always given",
  returnAttentionMask: "nothing: it is always given",
  returnSpecialTokensMask: "nothing: compare with the ids that decode(ids, { skipSpecialTokens: true }) leaves out",
  returnLength: "the length of a row of inputIds",
  returnOffsetsMapping: "nothing: where a token stands in its text is not told",
  returnOverflowingTokens: "nothing: split the text before, or choose by truncationSide which end is kept",
  stride: "nothing: split the text before",
  isSplitIntoWords: 'nothing: join the words, words.join(" ")',
  padToMultipleOf: 'padding: "max_length" with a maxLength that is such a multiple',
  textTarget: "textPair, or a data set with labels",
  padToMaxLength: 'padding: "max_length"',
  truncationStrategy: 'truncation: "only_first", for example',
};

const strategies: ReadonlyMap<unknown, TruncationStrategy | undefined> = new Map<
  unknown,
  TruncationStrategy | undefined
>([
  [true, "longest_first"],
  ["longest_first", "longest_first"],
  ["only_first", "only_first"],
  ["only_second", "only_second"],
  [false, undefined],
  ["do_not_truncate", undefined],
]);
const paddings: ReadonlyMap<unknown, "longest" | "max_length" | undefined> = new Map<
  unknown,
  "longest" | "max_length" | undefined
>([
  [true, "longest"],
  ["longest", "longest"],
  ["max_length", "max_length"],
  ["maxLength", "max_length"],
  [false, undefined],
  ["do_not_pad", undefined],
]);

export function createTokenizer(backend: TokenizerBackend, settings: TokenizerSettings): Tokenizer {
  const { templates, padTokenId, modelMaxLength, truncationSide, paddingSide } = settings;
  const limit = tokenLimit({ modelMaxLength });

  function encode(texts: readonly string[], options: TokenizeOptions): UnpaddedText[] {
    const { textPair, maxLength = limit } = options;
    const side = sideOf("truncationSide", options.truncationSide ?? truncationSide);
    const strategy = chosen("truncation", options.truncation ?? cutsByLength(options), strategies);
    const truncation: Truncation | undefined = strategy && { maxLength, strategy, side };
    const firsts = backend.encode(checkTexts(texts));
    if (textPair === undefined) return firsts.map((first) => rowOf(templates.single, first, undefined, truncation));
    const seconds = backend.encode(checkTexts(pairTexts(texts, textPair)));
    return firsts.map((first, row) => rowOf(templates.pair, first, seconds[row], truncation));
  }

  function tokenize(
    texts: string | readonly string[],
    pairOrOptions: TokenizeOptions | string | readonly string[] = {},
    more?: TokenizeOptions,
  ): BatchEncoding {
    const options = optionsOf(pairOrOptions, more);
    refuseUnknown(options, tokenizeNames, { kind: "option of a tokenizer", elsewhere });
    const { maxLength = limit } = options;
    const side = sideOf("paddingSide", options.paddingSide ?? paddingSide);
    const padding = chosen("padding", options.padding ?? false, paddings);
    if (padding === "longest" && options.maxLength !== undefined && options.truncation === undefined) {
      throw new ThawError(
        "BAD_ARGUMENT",
        "maxLength does nothing beside padding to the longest text: add truncation: true to cut texts to it, or use " +
          'padding: "max_length" to pad to it.',
      );
    }
    const rows = encode(typeof texts === "string" ? [texts] : texts, options);
    if (padding === undefined) return pad(rows, 0, 0, side);
    if (padTokenId === undefined) {
      throw new ThawError(
        "NO_PAD_TOKEN",
        "This tokenizer has no padding token: call it without padding, or name a pad_token in tokenizer_config.json.",
      );
    }
    const longest = rows.reduce((length, { inputIds }) => Math.max(length, inputIds.length), 0);
    return pad(rows, padding === "max_length" ? maxLength : longest, padTokenId, side);
  }

  function encodeBatch(texts: readonly string[], options: EncodeOptions = {}): UnpaddedText[] {
    refuseUnknown(options, encodeNames, {
      kind: "option of encodeBatch",
      elsewhere: { ...elsewhere, padding: "an option of the tokenizer itself: tokenizer(texts, { padding: true })" },
    });
    return encode(texts, options);
  }

  function decode(ids: ArrayLike<number>, options: DecodeOptions = {}): string {
    refuseUnknown(options, decodeNames, { kind: "option of decode" });
    const { skipSpecialTokens = false, cleanUpTokenizationSpaces = settings.cleansUpSpaces } = options;
    const text = backend.decode(Array.from(ids), skipSpecialTokens);
    return cleanUpTokenizationSpaces ? withoutSpaces(text) : text;
  }

  async function save(folder: string, options: SaveTokenizerOptions = {}): Promise<void> {
    if (settings.save !== undefined) return settings.save(folder, options);
    throw new ThawError(
      "WRITE_FAILED",
      "This tokenizer was brought as an object and has no files to save. Load it with AutoTokenizer.fromPretrained(folder).",
    );
  }

  const { before, after } = templates.single;
  const specialTokens = { before: before.ids, after: after.ids };
  const properties = { specialTokens, backend: backend.name, padTokenId, modelMaxLength, truncationSide, paddingSide };
  return Object.assign(tokenize, { ...properties, encodeBatch, decode, save });
}

/** Reads the arguments of a call: the second positional argument is the second text, as in Python, or the options. */
function optionsOf(
  second: TokenizeOptions | string | readonly string[],
  more: TokenizeOptions | undefined,
): TokenizeOptions {
  if (typeof second !== "string" && !Array.isArray(second)) {
    if (more === undefined) return second as TokenizeOptions;
    throw new ThawError(
      "BAD_ARGUMENT",
      "A tokenizer takes texts, second texts and options, in this order; found options twice.",
    );
  }
  if (more?.textPair !== undefined) {
    throw new ThawError(
      "BAD_ARGUMENT",
      "The second texts are given twice: as the second argument and as textPair. Leave one out.",
    );
  }
  return { ...more, textPair: second as string | readonly string[] };
}

/** Tells whether `maxLength` alone turns on truncation, as it does in Python. */
function cutsByLength({ maxLength, padding }: TokenizeOptions): boolean {
  return maxLength !== undefined && (padding === undefined || padding === false || padding === "do_not_pad");
}

function chosen<T>(name: string, value: unknown, known: ReadonlyMap<unknown, T>): T | undefined {
  if (known.has(value)) return known.get(value);
  const names = [...known.keys()].map((key) => JSON.stringify(key)).join(", ");
  throw new ThawError("BAD_ARGUMENT", `${name} is ${JSON.stringify(value)}; it is one of ${names}.`);
}

function sideOf(name: string, value: unknown): Side {
  if (value === "left" || value === "right") return value;
  throw new ThawError("BAD_ARGUMENT", `${name} is ${JSON.stringify(value)}; it is "left" or "right".`);
}

/**
 * Checks the texts and returns them as well-formed Unicode. Throws `BAD_TEXT` with the index (from 0) of the first that
 * is not a string.
 */
function checkTexts(texts: readonly string[]): string[] {
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

function pairTexts(texts: readonly string[], textPair: string | readonly string[]): readonly string[] {
  const pairs = typeof textPair === "string" ? [textPair] : textPair;
  if (!Array.isArray(pairs)) return pairs; // told with what it is
  if (pairs.length === texts.length) return pairs;
  throw new ThawError(
    "BAD_TEXT",
    `textPair has ${pairs.length} texts for ${texts.length} first ones: give one for each.`,
  );
}

function describe(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "an array" : typeof value;
}

/** Removes the spaces that `clean_up_tokenization` of transformers 5.23 removes (tokenization_utils_base.py). */
function withoutSpaces(text: string): string {
  const shorter: readonly [string, string][] = [
    ...[".", "?", "!", ","].map((mark): [string, string] => [` ${mark}`, mark]),
    [" ' ", "'"],
    ...["n't", "'m", "'s", "'ve", "'re"].map((ending): [string, string] => [` ${ending}`, ending]),
  ];
  return shorter.reduce((cleaned, [from, to]) => cleaned.replaceAll(from, to), text);
}
