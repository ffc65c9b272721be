/** WordPiece from a `vocab.txt`: BERT and its relatives, MPNet. */
import { flag, type Settings } from "./settings.ts";
import type { TokenModel } from "./tokenizerJson.ts";

/** What Rust's `trim_end` takes off: Unicode's White_Space, which is not what JavaScript's does. */
const trailingSpace = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/;

/** One token a line; its id is the number of the line, from 0. (transformers 5.23, models/bert/tokenization_bert.py) */
export function wordPiece(vocabulary: string, settings: Settings, unknownToken: string): TokenModel {
  const lines = vocabulary.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const ids = new Map(lines.map((line, id) => [line.replace(trailingSpace, ""), id]));
  return {
    model: {
      type: "WordPiece",
      unk_token: unknownToken,
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(ids),
    },
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: flag(settings, "tokenize_chinese_chars", true),
      strip_accents: typeof settings.strip_accents === "boolean" ? settings.strip_accents : null,
      lowercase: flag(settings, "do_lower_case", true),
    },
    preTokenizer: { type: "BertPreTokenizer" },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    idOf: (token) => ids.get(token),
    vocabularySize: ids.size,
    extraTokens: [],
  };
}
