/** What this library needs of a tokenizer library. Special tokens, truncation and padding are done on top, the same for all. */
export interface TokenizerBackend {
  readonly name: "native" | "xenova" | "brought";
  /** The ids of each text, without special tokens, padding or truncation. */
  encode(texts: readonly string[]): Int32Array[];
  decode(ids: readonly number[], skipSpecialTokens: boolean): string;
}
