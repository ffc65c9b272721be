/**
 * Builds the components that each tokenizer class of transformers builds from its settings, ignoring those in
 * `tokenizer.json`: normaliser, pre-tokenizer, model, decoder and, except for ALBERT, the post-processor. The links
 * lead to the Python code that is followed.
 */
import type { ClassName, SpecialTokens } from "./classes.ts";
import { booleanSetting, type Settings, truthySetting } from "./folder.ts";
import type { Part, ScoredPiece, Vocabulary } from "./vocabulary.ts";

export interface Components {
  readonly normalizer: Part | null;
  readonly pre_tokenizer: Part;
  readonly model: Part;
  readonly decoder: Part;
}

/** The inputs from which the components of a class are built. */
export interface Recipe {
  readonly name: ClassName;
  readonly vocabulary: Vocabulary;
  readonly settings: Settings;
  readonly specials: SpecialTokens;
}

/** Builds the components of a tokenizer class. Throws an Error for a setting that Python refuses. */
export function componentsOf(recipe: Recipe): Components {
  const { vocabulary } = recipe;
  switch (vocabulary.kind) {
    case "WordPiece":
      return wordPiece(recipe, vocabulary.ids);
    case "BPE":
      return byteBpe(recipe, vocabulary);
    case "Unigram":
      return unigram(recipe, vocabulary);
  }
}

/**
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/bert/tokenization_bert.py#L70
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/mpnet/tokenization_mpnet.py#L81
 */
function wordPiece({ settings, specials }: Recipe, vocab: Readonly<Record<string, number>>): Components {
  const { strip_accents: accents = null } = settings;
  return {
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: booleanSetting(settings, "tokenize_chinese_chars", true),
      strip_accents: accents === null ? null : booleanSetting(settings, "strip_accents", false),
      lowercase: booleanSetting(settings, "do_lower_case", true),
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    model: {
      type: "WordPiece",
      unk_token: specials.unk ?? "None", // as Python writes a token that is null
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab,
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
  };
}

/**
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/roberta/tokenization_roberta.py#L104
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/deberta/tokenization_deberta.py#L103
 */
function byteBpe({ settings }: Recipe, { ids, merges }: Vocabulary & { kind: "BPE" }): Components {
  return {
    normalizer: null,
    pre_tokenizer: {
      type: "ByteLevel",
      add_prefix_space: booleanSetting(settings, "add_prefix_space", false),
      trim_offsets: true,
      use_regex: true,
    },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: "",
      end_of_word_suffix: "",
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: ids,
      merges,
    },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
  };
}

type Unigram = Vocabulary & { kind: "Unigram" };

/** https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/convert_slow_tokenizer.py#L163 and the classes. */
function unigram(recipe: Recipe, source: Unigram): Components {
  const { name, settings } = recipe;
  const vocab = piecesOf(recipe, source);
  const metaspace = { type: "Metaspace", replacement: "▁", prepend_scheme: prependScheme(name, settings), split: true };
  return {
    normalizer: unigramNormalizer(name, settings, source),
    pre_tokenizer: { type: "Sequence", pretokenizers: [...splits(name, settings), metaspace] },
    model: { type: "Unigram", unk_id: unknownId(recipe, source, vocab), vocab, byte_fallback: false },
    decoder: metaspace,
  };
}

/**
 * Lists the vocabulary pieces that the class uses. XLM-RoBERTa and CamemBERT replace the first pieces of their
 * sentencepiece models; a `tokenizer.json` has the replaced ones already.
 */
export function piecesOf(
  { name, specials }: Pick<Recipe, "name" | "specials">,
  { pieces, declared }: Unigram,
): readonly ScoredPiece[] {
  if (declared === undefined) return pieces;
  const { bos = "", eos = "", unk = "", pad = "", mask = "" } = specials;
  if (name === "XLMRobertaTokenizer") {
    return [[bos, 0], [pad, 0], [eos, 0], [unk, 0], ...pieces.slice(3), [mask, 0]];
  }
  if (name === "CamembertTokenizer") {
    const first: ScoredPiece[] = [
      ["<s>NOTUSED", 0],
      [pad, 0],
      ["</s>NOTUSED", 0],
      [unk, 0],
      ["<unk>NOTUSED", -100],
    ];
    return [...first, ...pieces.slice(1), [mask, 0]];
  }
  return pieces;
}

function unknownId({ name, settings, specials }: Recipe, { declared }: Unigram, vocab: readonly ScoredPiece[]): number {
  if (name === "AlbertTokenizer") return 1;
  if (name === "XLMRobertaTokenizer") return 3;
  const given = declared?.unknownId ?? settings.unk_id ?? (name === "DebertaV2Tokenizer" ? 1 : 0);
  if (!Number.isSafeInteger(given)) throw new Error(`"unk_id" is ${JSON.stringify(given)}; it must be an id`);
  if (name === "XLNetTokenizer") return given as number;
  const isCamembert = name === "CamembertTokenizer";
  const found = vocab.findIndex(([token, score]) => token === specials.unk && (isCamembert || score === 0));
  return found >= 0 ? found : isCamembert ? 0 : (given as number);
}

/**
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/albert/tokenization_albert.py#L135
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/xlnet/tokenization_xlnet.py#L124
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/deberta_v2/tokenization_deberta_v2.py#L123
 */
function unigramNormalizer(name: ClassName, settings: Settings, { charsMap }: Unigram): Part | null {
  const compiled = charsMap === undefined ? [] : [{ type: "Precompiled", precompiled_charsmap: charsMap }];
  switch (name) {
    case "AlbertTokenizer":
    case "XLNetTokenizer": {
      const isAlbert = name === "AlbertTokenizer";
      const keepsAccents = isAlbert && truthySetting(settings, "keep_accents", false); // XLNet's class ignores the setting
      return sequence([
        { type: "Replace", pattern: { String: "``" }, content: '"' },
        { type: "Replace", pattern: { String: "''" }, content: '"' },
        ...(keepsAccents ? [] : [{ type: "NFKD" }, { type: "StripAccents" }]),
        ...(truthySetting(settings, "do_lower_case", isAlbert) ? [{ type: "Lowercase" }] : []),
        ...compiled,
      ]);
    }
    case "DebertaV2Tokenizer":
      return sequence([
        ...(truthySetting(settings, "do_lower_case", false) ? [{ type: "Lowercase" }] : []),
        { type: "Replace", pattern: { Regex: "\\s{2,}|[\\n\\r\\t]" }, content: " " },
        { type: "NFC" },
        { type: "Strip", strip_left: false, strip_right: true },
      ]);
    default:
      return compiled[0] ?? null;
  }
}

const sequence = (normalizers: readonly Part[]): Part => ({ type: "Sequence", normalizers });

function splits(name: ClassName, settings: Settings): Part[] {
  if (name !== "DebertaV2Tokenizer") return [{ type: "WhitespaceSplit" }];
  return truthySetting(settings, "split_by_punct", false) ? [{ type: "Punctuation", behavior: "Isolated" }] : [];
}

function prependScheme(name: ClassName, settings: Settings): "always" | "first" | "never" {
  if (name === "XLNetTokenizer" || truthySetting(settings, "add_prefix_space", true)) return "always";
  return name === "DebertaV2Tokenizer" ? "first" : "never";
}

/** An entry of a template: a special token, or `$A` or `$B` for the texts, with its token type. */
type Place = readonly [token: string, typeId: number];

/**
 * Builds the post-processor of a class, which inserts the special tokens. `idOf` returns the id of a token and throws
 * an Error if it has none. `stored` is the post-processor in `tokenizer.json`; only ALBERT's class keeps it.
 */
export function postProcessorOf(
  { name, settings, specials }: Recipe,
  idOf: (token: string) => number,
  stored: unknown,
): unknown {
  const { bos, eos, sep, cls } = specials;
  /**
   * Returns a token and its id. BERT's, MPNet's and DeBERTa v2's classes have a fallback id for a token that is null.
   */
  const token = (content: string | undefined, fallbackId?: number): [string, number] => {
    if (content !== undefined) return [content, idOf(content)];
    if (fallbackId !== undefined) return ["None", fallbackId];
    throw new Error("a token that stands at an end of each text is null");
  };
  switch (name) {
    case "BertTokenizer":
      return bertTemplate(token(cls, 2), token(sep, 3));
    case "DebertaV2Tokenizer":
      return bertTemplate(token(cls, 0), token(sep, 0));
    case "AlbertTokenizer": {
      // by these names, whatever the settings call them
      const own = bertTemplate(["[CLS]", token(cls)[1]], ["[SEP]", token(sep)[1]]);
      return stored ?? own;
    }
    case "XLNetTokenizer": {
      const [sepToken, clsToken] = [token(sep), token(cls)];
      return templateProcessing(
        [
          ["$A", 0],
          [sepToken[0], 0],
          [clsToken[0], 2],
        ],
        [
          ["$A", 0],
          [sepToken[0], 0],
          ["$B", 1],
          [sepToken[0], 1],
          [clsToken[0], 2],
        ],
        [sepToken, clsToken],
      );
    }
    case "DebertaTokenizer":
      return robertaTemplate(token(cls), token(sep));
    case "XLMRobertaTokenizer":
    case "CamembertTokenizer":
      return robertaTemplate(token(bos), token(eos));
    case "RobertaTokenizer":
      return {
        ...robertaProcessing(token(cls), token(sep)),
        trim_offsets: booleanSetting(settings, "trim_offsets", true),
        add_prefix_space: booleanSetting(settings, "add_prefix_space", false),
      };
    case "MPNetTokenizer":
      return robertaProcessing(token(cls, 0), token(sep, 2));
  }
}

type NumberedPlace = readonly [token: string, id: number];

function bertTemplate(cls: NumberedPlace, sep: NumberedPlace): Part {
  const single: Place[] = [
    [cls[0], 0],
    ["$A", 0],
    [sep[0], 0],
  ];
  return templateProcessing(single, [...single, ["$B", 1], [sep[0], 1]], [cls, sep]);
}

function robertaTemplate(start: NumberedPlace, end: NumberedPlace): Part {
  const single: Place[] = [
    [start[0], 0],
    ["$A", 0],
    [end[0], 0],
  ];
  return templateProcessing(single, [...single, [end[0], 0], ["$B", 0], [end[0], 0]], [start, end]);
}

function robertaProcessing(cls: NumberedPlace, sep: NumberedPlace): Part {
  return { type: "RobertaProcessing", sep, cls, trim_offsets: true, add_prefix_space: false };
}

function templateProcessing(single: readonly Place[], pair: readonly Place[], tokens: readonly NumberedPlace[]): Part {
  const steps = (places: readonly Place[]): Part[] =>
    places.map(([token, typeId]) =>
      /^\$[AB]$/.test(token)
        ? { Sequence: { id: token.slice(1), type_id: typeId } }
        : { SpecialToken: { id: token, type_id: typeId } },
    );
  const sorted = [...tokens].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    type: "TemplateProcessing",
    single: steps(single),
    pair: steps(pair),
    special_tokens: Object.fromEntries(sorted.map(([token, id]) => [token, { id: token, ids: [id], tokens: [token] }])),
  };
}
