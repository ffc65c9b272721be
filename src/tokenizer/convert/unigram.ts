/** Unigram from a sentencepiece model: ALBERT, XLNet, XLM-RoBERTa, CamemBERT, DeBERTa v2. */
import type { KindName, SpecialTokens } from "./kinds.ts";
import type { Piece, SentencePieceModel } from "./sentencePiece.ts";
import { flag, type Settings } from "./settings.ts";
import type { AddedToken, Part, TokenModel } from "./tokenizerJson.ts";

type Vocabulary = readonly (readonly [token: string, score: number])[];

/** The classes of transformers 5.23 and, for the order of the pieces, `convert_from_spm` in convert_slow_tokenizer.py. */
export function unigram(
  source: SentencePieceModel,
  kind: KindName,
  settings: Settings,
  specials: SpecialTokens,
): TokenModel {
  const vocabulary = vocabularyOf(source, kind, specials);
  const ids = new Map(vocabulary.map(([token], id) => [token, id]));
  const metaspace = { type: "Metaspace", replacement: "▁", prepend_scheme: prependScheme(kind, settings), split: true };
  return {
    model: {
      type: "Unigram",
      unk_id: unknownId(source, kind, vocabulary, specials),
      vocab: vocabulary,
      byte_fallback: false,
    },
    normalizer: normalizerOf(source, kind, settings),
    preTokenizer: { type: "Sequence", pretokenizers: [...splits(kind, settings), metaspace] },
    decoder: metaspace,
    idOf: (token) => ids.get(token),
    vocabularySize: ids.size,
    extraTokens: source.pieces.filter(({ type }) => type === "control" || type === "user").map(indivisible),
  };
}

function vocabularyOf({ pieces }: SentencePieceModel, kind: KindName, specials: SpecialTokens): Vocabulary {
  const own: Vocabulary = pieces.map(({ text, score }) => [text, score]);
  const { bos = "", eos = "", unk = "", pad = "", mask = "" } = specials;
  if (kind === "XLMRobertaTokenizer") {
    return [[bos, 0], [pad, 0], [eos, 0], [unk, 0], ...own.slice(3), [mask, 0]];
  }
  if (kind === "CamembertTokenizer") {
    const first: Vocabulary = [
      ["<s>NOTUSED", 0],
      [pad, 0],
      ["</s>NOTUSED", 0],
      [unk, 0],
      ["<unk>NOTUSED", -100],
    ];
    return [...first, ...own.slice(1), [mask, 0]];
  }
  return own;
}

function unknownId(source: SentencePieceModel, kind: KindName, vocabulary: Vocabulary, { unk }: SpecialTokens): number {
  if (kind === "AlbertTokenizer") return 1;
  if (kind === "XLMRobertaTokenizer") return 3;
  if (kind === "XLNetTokenizer") return source.unknownId;
  const id = vocabulary.findIndex(([token, score]) => token === unk && (kind === "CamembertTokenizer" || score === 0));
  if (id >= 0) return id;
  return kind === "CamembertTokenizer" ? 0 : source.unknownId;
}

function normalizerOf({ charsMap }: SentencePieceModel, kind: KindName, settings: Settings): Part | null {
  const compiled =
    charsMap === undefined
      ? []
      : [{ type: "Precompiled", precompiled_charsmap: Buffer.from(charsMap).toString("base64") }];
  switch (kind) {
    case "AlbertTokenizer":
    case "XLNetTokenizer": {
      const isAlbert = kind === "AlbertTokenizer";
      const keepsAccents = isAlbert && flag(settings, "keep_accents", false); // XLNet's class ignores the setting
      return sequence([
        { type: "Replace", pattern: { String: "``" }, content: '"' },
        { type: "Replace", pattern: { String: "''" }, content: '"' },
        ...(keepsAccents ? [] : [{ type: "NFKD" }, { type: "StripAccents" }]),
        ...(flag(settings, "do_lower_case", isAlbert) ? [{ type: "Lowercase" }] : []),
        ...compiled,
      ]);
    }
    case "DebertaV2Tokenizer":
      return sequence([
        ...(flag(settings, "do_lower_case", false) ? [{ type: "Lowercase" }] : []),
        { type: "Replace", pattern: { Regex: "\\s{2,}|[\\n\\r\\t]" }, content: " " },
        { type: "NFC" },
        { type: "Strip", strip_left: false, strip_right: true },
      ]);
    default:
      return compiled[0] ?? null;
  }
}

function sequence(normalizers: readonly Part[]): Part {
  return { type: "Sequence", normalizers };
}

function splits(kind: KindName, settings: Settings): Part[] {
  if (kind !== "DebertaV2Tokenizer") return [{ type: "WhitespaceSplit" }];
  return flag(settings, "split_by_punct", false) ? [{ type: "Punctuation", behavior: "Isolated" }] : [];
}

function prependScheme(kind: KindName, settings: Settings): "always" | "first" | "never" {
  if (kind === "XLNetTokenizer" || flag(settings, "add_prefix_space", true)) return "always";
  return kind === "DebertaV2Tokenizer" ? "first" : "never";
}

function indivisible({ text, type }: Piece): AddedToken {
  return {
    content: text,
    singleWord: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: type === "control",
  };
}
