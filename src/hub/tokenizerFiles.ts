/** The files that a tokenizer may have in a Hugging Face folder, of whatever kind it is. */
export const tokenizerFiles: readonly string[] = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.txt",
  "vocab.json",
  "merges.txt",
  "spiece.model",
  "spm.model",
  "sentencepiece.bpe.model",
];
