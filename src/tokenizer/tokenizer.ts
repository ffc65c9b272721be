/** A tokenizer as people call it: texts in, token ids out, with truncation and padding as in Hugging Face's Python. */
import { ThawError } from "../errors.ts";
import type { TokenizerBackend } from "./backend.ts";
import { checkTexts, contentRoom, pairTexts } from "./checks.ts";
import { type BatchEncoding, type PaddingSide, pad } from "./pad.ts";
import { type MadeFiles, saveTokenizerFiles } from "./save.ts";
import { fillTemplate, pairTemplate, singleTemplate, type Template, type UnpaddedText } from "./template.ts";
import { longestFirst } from "./truncate.ts";
import { backendOf, type XenovaTokenizer } from "./xenovaBackend.ts";

export interface TruncationOptions {
  /** Cut texts to `maxLength` tokens, special tokens included; of a pair the longer gives way first. Default: false. */
  readonly truncation?: boolean;
  /** In tokens. Default: what the model can take, at most 512. */
  readonly maxLength?: number;
}

export interface EncodeOptions extends TruncationOptions {
  /** The second texts of pairs, as many as there are first ones. */
  readonly textPair?: string | readonly string[];
}

export interface TokenizeOptions extends EncodeOptions {
  /** true or "longest": to the longest text of the batch; "maxLength": to `maxLength`. Default: false. */
  readonly padding?: boolean | "longest" | "maxLength";
  /** Default: what the tokenizer's files say, mostly "right". */
  readonly paddingSide?: PaddingSide;
}

/** Texts in, token ids out, truncated and padded as in Hugging Face's Python. */
export interface Tokenizer {
  /** Encodes texts; every array of the result is `[batch, tokens]`, also for a single text. Errors: `BAD_TEXT`. */
  (texts: string | readonly string[], options?: TokenizeOptions): BatchEncoding;
  /** Encodes texts, or pairs, without padding: one `{ inputIds, tokenTypeIds }`, each `[tokens]`, for each of them. */
  encodeBatch(texts: readonly string[], options?: EncodeOptions): UnpaddedText[];
  /** Back to text. `skipSpecialTokens` leaves out `[CLS]` and the like. Default: false. */
  decode(ids: ArrayLike<number>, options?: { readonly skipSpecialTokens?: boolean }): string;
  readonly backend: TokenizerBackend["name"];
  readonly padTokenId: number | undefined;
  /** Longest input of the model in tokens; Infinity if its files say nothing. */
  readonly modelMaxLength: number;
  readonly paddingSide: PaddingSide;
  /** Copies the tokenizer's files, byte for byte, into an existing folder; a tokenizer.json that was missing is added. */
  save(folder: string): Promise<void>;
}

/** What a tokenizer's files say about it. */
export interface TokenizerSettings {
  /** The folder its files are in; undefined for one that a user brought. */
  readonly folder: string | undefined;
  /** What was made of the folder's files, if it had no tokenizer.json. */
  readonly made?: MadeFiles | undefined;
  readonly padTokenId: number | undefined;
  readonly modelMaxLength: number;
  readonly paddingSide: PaddingSide;
}

export const Tokenizer = {
  /** Wraps a tokenizer object of `@xenova/transformers` or `@huggingface/transformers`. */
  from(tokenizer: XenovaTokenizer): Tokenizer {
    return createTokenizer(backendOf(tokenizer, "brought"), {
      folder: undefined,
      padTokenId: tokenizer.pad_token_id,
      modelMaxLength: tokenizer.model_max_length ?? Number.POSITIVE_INFINITY,
      paddingSide: tokenizer.padding_side === "left" ? "left" : "right",
    });
  },
};

export function createTokenizer(backend: TokenizerBackend, settings: TokenizerSettings): Tokenizer {
  const single = singleTemplate(backend);
  let double: Template | undefined;
  const { folder, made, ...properties } = settings;
  const defaultLength = Math.min(settings.modelMaxLength, 512);

  function encodeBatch(texts: readonly string[], { textPair, ...options }: EncodeOptions = {}): UnpaddedText[] {
    if (textPair === undefined) return encodeSingle(texts, options);
    return encodePairs(texts, pairTexts(texts, textPair), options);
  }

  function encodeSingle(
    texts: readonly string[],
    { truncation = false, maxLength = defaultLength }: TruncationOptions,
  ): UnpaddedText[] {
    const room = truncation ? contentRoom(maxLength, single.specials) : Number.POSITIVE_INFINITY;
    return backend.encode(checkTexts(texts)).map((ids) => fillTemplate(single, ids.subarray(0, room)));
  }

  function encodePairs(
    texts: readonly string[],
    pairs: readonly string[],
    { truncation = false, maxLength = defaultLength }: TruncationOptions,
  ): UnpaddedText[] {
    double ??= pairTemplate(backend);
    const template = double;
    const room = truncation ? contentRoom(maxLength, template.specials) : Number.POSITIVE_INFINITY;
    const seconds = backend.encode(checkTexts(pairs));
    return backend.encode(checkTexts(texts)).map((first, row) => {
      const second = seconds[row] as Int32Array;
      const [keptFirst, keptSecond] = longestFirst(first.length, second.length, room);
      return fillTemplate(template, first.subarray(0, keptFirst), second.subarray(0, keptSecond));
    });
  }

  function tokenize(texts: string | readonly string[], options: TokenizeOptions = {}): BatchEncoding {
    const list = typeof texts === "string" ? [texts] : texts;
    const { padding = false, maxLength = defaultLength, paddingSide = settings.paddingSide } = options;
    const encoded = encodeBatch(list, options);
    if (padding === false) return pad(encoded, 0, 0, paddingSide);
    if (settings.padTokenId === undefined) {
      throw new ThawError(
        "NO_PAD_TOKEN",
        "This tokenizer has no padding token: call it without padding, or name a pad_token in tokenizer_config.json.",
      );
    }
    const longest = encoded.reduce((length, { inputIds }) => Math.max(length, inputIds.length), 0);
    return pad(encoded, padding === "maxLength" ? maxLength : longest, settings.padTokenId, paddingSide);
  }

  return Object.assign(tokenize, {
    ...properties,
    backend: backend.name,
    encodeBatch,
    decode: (ids: ArrayLike<number>, { skipSpecialTokens = false } = {}) =>
      backend.decode(Array.from(ids), skipSpecialTokens),
    save: (target: string) => saveTokenizerFiles(folder, made, target),
  });
}
