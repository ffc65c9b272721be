/** What this library needs of a tokenizer library. Special tokens, truncation and padding are done on top, the same for all. */

/** One text, or pair, with the special tokens of the model around it. */
export interface EncodedWithSpecials {
  readonly ids: readonly number[];
  /** 0 in the first text, 1 in the second, in families that have segments. */
  readonly typeIds: readonly number[];
}

export interface TokenizerBackend {
  readonly name: "native" | "xenova" | "brought";
  /** The ids of each text, without special tokens, padding or truncation. */
  encode(texts: readonly string[]): Int32Array[];
  encodeWithSpecials(text: string, pair?: string): EncodedWithSpecials;
  decode(ids: readonly number[], skipSpecialTokens: boolean): string;
}
