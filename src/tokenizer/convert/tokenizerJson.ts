/** The parts of a `tokenizer.json`, the form in which the library `tokenizers` stores what it runs. */

export type Part = Readonly<Record<string, unknown>>;

/** A token that is found in a text before anything else is done to it. */
export interface AddedToken {
  readonly content: string;
  readonly singleWord: boolean;
  /** Takes the white space before it. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Looked for in the normalised text. */
  readonly normalized: boolean;
  /** Left out when ids are decoded without special tokens. */
  readonly special: boolean;
}

/** What cuts texts into tokens, before special tokens are placed. */
export interface TokenModel {
  readonly model: Part;
  readonly normalizer: Part | null;
  readonly preTokenizer: Part;
  readonly decoder: Part;
  /** Id of a token of the vocabulary. */
  readonly idOf: (token: string) => number | undefined;
  readonly vocabularySize: number;
  /** Tokens that the vocabulary itself declares to be indivisible. */
  readonly extraTokens: readonly AddedToken[];
}

export interface NumberedToken extends AddedToken {
  readonly id: number;
}

export function tokenizerJson(tokens: TokenModel, added: readonly NumberedToken[], postProcessor: Part): Part {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [...added]
      .sort((a, b) => a.id - b.id)
      .map(({ id, content, singleWord, lstrip, rstrip, normalized, special }) => ({
        id,
        content,
        single_word: singleWord,
        lstrip,
        rstrip,
        normalized,
        special,
      })),
    normalizer: tokens.normalizer,
    pre_tokenizer: tokens.preTokenizer,
    post_processor: postProcessor,
    decoder: tokens.decoder,
    model: tokens.model,
  };
}
