/** Byte-level BPE from `vocab.json` and `merges.txt`: RoBERTa, DeBERTa. */
import { flag, type Settings } from "./settings.ts";
import type { TokenModel } from "./tokenizerJson.ts";

/** Throws an Error with the line that is no merge. (transformers 5.23, models/roberta/tokenization_roberta.py) */
export function byteBpe(vocabulary: string, merges: string, settings: Settings): TokenModel {
  const addPrefixSpace = flag(settings, "add_prefix_space", false);
  const ids = readVocabulary(vocabulary);
  return {
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: "",
      end_of_word_suffix: "",
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(ids),
      merges: readMerges(merges),
    },
    normalizer: null,
    preTokenizer: { type: "ByteLevel", add_prefix_space: addPrefixSpace, trim_offsets: true, use_regex: true },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    idOf: (token) => ids.get(token),
    vocabularySize: ids.size,
    extraTokens: [],
  };
}

function readVocabulary(text: string): Map<string, number> {
  const json: unknown = JSON.parse(text);
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw new Error("vocab.json is no JSON object");
  const entries = Object.entries(json);
  const wrong = entries.find(([, id]) => !Number.isSafeInteger(id) || id < 0);
  if (wrong !== undefined) throw new Error(`vocab.json gives ${JSON.stringify(wrong[0])} no id`);
  return new Map(entries as [string, number][]);
}

function readMerges(text: string): [string, string][] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.flatMap((line, number): [string, string][] => {
    const content = line.replace(/\r$/, "");
    if (content.startsWith("#version")) return [];
    const [left, right, ...more] = content.split(" ");
    if (left === undefined || right === undefined || more.length > 0) {
      throw new Error(`line ${number + 1} of merges.txt is no pair of tokens`);
    }
    return [[left, right]];
  });
}
