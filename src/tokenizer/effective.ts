/**
 * Builds the effective `tokenizer.json`: the one that Python's class for a folder would run. Classes that build their
 * own components take the vocabulary and added tokens from the folder's file, if it has one, and the rest from the
 * settings; the other classes run the file as it is. Encoding, saving and exporting all use the result.
 */
import { ThawError } from "../errors.ts";
import { join } from "../platform/files.ts";
import { isObject, parseForeignJson } from "../platform/foreignFile.ts";
import { isDeepStrictEqual } from "../platform/inspect.ts";
import { addedTokens, contentOf, specialTokens, type TokenIds, tokenPart } from "./addedTokens.ts";
import { type ClassName, classNamed, classOf, generic, typesOf } from "./classes.ts";
import { componentsOf, piecesOf, postProcessorOf, type Recipe } from "./components.ts";
import { type Settings, type TokenizerFolder, truthySetting } from "./folder.ts";
import { type Part, type Vocabulary, vocabularyIn, vocabularyOf } from "./vocabulary.ts";

export interface EffectiveTokenizer {
  readonly className: ClassName | typeof generic;
  /** The `tokenizer.json` that Python's class would save. */
  readonly json: Part;
  /** Whether the folder's own `tokenizer.json` differs or is missing. */
  readonly differs: boolean;
  /**
   * The folder's settings, completed by the sides and padding of its `tokenizer.json` and by the defaults of the class.
   */
  readonly settings: Settings;
  /** Whether the tokenizer returns token types, and whether Python's class does so by default. */
  readonly types: { readonly given: boolean; readonly byClass: boolean };
  /** Settings of a sentencepiece model that a `tokenizer.json` made from it does not contain. */
  readonly declared: Settings;
  /**
   * The components of the folder's `tokenizer.json`, without its vocabulary, that a class with components of its own
   * ignores; else undefined.
   */
  readonly leftOut: Part | undefined;
}

/**
 * Builds the effective tokenizer of a folder. Errors: `MISSING_FILE` if the folder has neither a `tokenizer.json` nor a
 * vocabulary, `BAD_TOKENIZER`.
 */
export function effectiveTokenizer(folder: TokenizerFolder): EffectiveTokenizer {
  const className = classOf(folder);
  const stored = storedJson(folder);
  const from =
    stored !== undefined || className === generic ? "tokenizer.json" : classNamed(className).files.join(" and ");
  const vocabulary = vocabularyFor(className, folder, stored, from);
  const settings = withStored(className, folder.settings, stored);
  try {
    const json =
      className === generic
        ? asItIs({ ...folder, settings }, stored as Part)
        : built(className, { ...folder, settings }, stored, vocabulary as Vocabulary);
    const differs = stored === undefined || !isDeepStrictEqual(canonical(stored), canonical(json));
    return {
      className,
      json,
      differs,
      settings,
      types: typesOf(className, folder),
      declared: declaredSettings(vocabulary),
      leftOut: className === generic || stored === undefined ? undefined : withoutVocabulary(stored),
    };
  } catch (cause) {
    throw cannotRead(folder, from, className, cause);
  }
}

function storedJson({ path, files }: TokenizerFolder): Part | undefined {
  const bytes = files.get("tokenizer.json");
  if (bytes === undefined) return undefined;
  const file = join(path, "tokenizer.json");
  const json = parseForeignJson(bytes, file, { code: "BAD_TOKENIZER", advice: again });
  if (isObject(json) && isObject(json.model)) return json;
  throw new ThawError("BAD_TOKENIZER", `${file} must hold a JSON object with a "model". ${again}`);
}

const again = "Download it again, or save it with a current transformers.";

function vocabularyFor(
  name: ClassName | typeof generic,
  folder: TokenizerFolder,
  stored: Part | undefined,
  from: string,
): Vocabulary | undefined {
  const isGeneric = name === generic;
  if (stored === undefined) {
    const files = isGeneric ? [] : classNamed(name).files.map((file) => folder.files.get(file));
    if (files.length === 0 || files.includes(undefined)) throw noVocabulary(folder, name);
    try {
      return vocabularyOf(files as Buffer[], classNamed(name as ClassName));
    } catch (cause) {
      throw cannotRead(folder, from, name, cause);
    }
  }
  try {
    return isGeneric ? undefined : vocabularyIn(stored, classNamed(name).vocabulary);
  } catch (cause) {
    throw cannotRead(folder, from, name, cause);
  }
}

function withoutVocabulary(stored: Part): Part {
  return { ...stored, model: { type: "WordLevel", vocab: { "[UNK]": 0 }, unk_token: "[UNK]" }, added_tokens: [] };
}

/** Makes the settings that Python's `save_pretrained` writes into tokenizer_config.json. */
function declaredSettings(vocabulary: Vocabulary | undefined): Settings {
  if (vocabulary?.kind !== "Unigram" || vocabulary.declared === undefined) return {};
  const { unknownId, tokens } = vocabulary.declared;
  return { unk_id: unknownId, extra_special_tokens: tokens.map(({ content }) => content) };
}

function noVocabulary({ path }: TokenizerFolder, name: ClassName | typeof generic): ThawError {
  const files = name === generic ? "" : ` and no ${classNamed(name).files.join(" with ")}`;
  return new ThawError(
    "MISSING_FILE",
    `There is no readable tokenizer.json${files} in ${path}. ` +
      "Save the tokenizer with AutoTokenizer.from_pretrained(...).save_pretrained(folder) in Python.",
  );
}

function cannotRead({ path }: TokenizerFolder, from: string, name: string, cause: unknown): ThawError {
  if (cause instanceof ThawError) return cause;
  return new ThawError(
    "BAD_TOKENIZER",
    `Cannot read ${from} in ${path} as those of a ${name}: ${(cause as Error).message}. ` +
      "Download them again, or save the tokenizer with a current transformers, which writes tokenizer.json.",
    { cause },
  );
}

/**
 * Adds the settings that Python takes from `tokenizer.json`: truncation and padding sides, and a padding token if no
 * setting names one.
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/tokenization_utils_tokenizers.py#L426
 */
function withStored(name: ClassName | typeof generic, settings: Settings, stored: Part | undefined): Settings {
  const { truncation, padding } = stored ?? {};
  const side = (part: Settings) => (typeof part.direction === "string" ? part.direction.toLowerCase() : "right");
  const own = name === generic ? undefined : classNamed(name);
  return {
    ...(own?.paddingSide === undefined ? {} : { padding_side: own.paddingSide }),
    ...(own?.specials.pad === undefined ? {} : { pad_token: own.specials.pad }),
    ...(isObject(truncation) ? { truncation_side: side(truncation) } : {}),
    ...(isObject(padding) ? { padding_side: side(padding) } : {}),
    ...(isObject(padding) && own === undefined ? { pad_token: padding.pad_token ?? "[PAD]" } : {}),
    ...settings,
  };
}

function built(name: ClassName, folder: TokenizerFolder, stored: Part | undefined, vocabulary: Vocabulary): Part {
  const { settings } = folder;
  const specials = specialTokens(name, settings);
  const recipe: Recipe = { name, vocabulary, settings, specials };
  const ids = idsOf(recipe);
  const added = addedTokens(name, folder, { stored, vocabulary, ids });
  const byContent = new Map(added.map(({ content, id }) => [content, id]));
  // ALBERT's class asks the vocabulary before tokens are added to it
  const idOf = (token: string): number => {
    const id = (name === "AlbertTokenizer" ? undefined : byContent.get(token)) ?? ids.idOf(token);
    if (id !== undefined) return id;
    throw new Error(`its special token ${JSON.stringify(token)} has no id`);
  };
  const { normalizer, pre_tokenizer, model, decoder } = componentsOf(recipe);
  return {
    version: "1.0",
    truncation: stored?.truncation ?? null,
    padding: stored?.padding ?? null,
    added_tokens: added.map(tokenPart),
    normalizer,
    pre_tokenizer,
    post_processor: postProcessorOf(recipe, idOf, stored?.post_processor),
    decoder,
    model,
  };
}

/** Returns the folder's file with the added tokens of the settings, and with a post-processor if it has none. */
function asItIs(folder: TokenizerFolder, stored: Part): Part {
  const { vocab } = stored.model as Part;
  const contents = Array.isArray(vocab)
    ? vocab.map((entry: unknown) => (Array.isArray(entry) ? entry[0] : entry))
    : undefined;
  const ids: TokenIds =
    contents === undefined
      ? idsOfRecord(isObject(vocab) ? (vocab as Record<string, number>) : {})
      : idsOfList(contents);
  const added = addedTokens(generic, folder, { stored, vocabulary: undefined, ids });
  const text = (id: "A" | "B") => ({ Sequence: { id, type_id: id === "A" ? 0 : 1 } });
  const plain = { type: "TemplateProcessing", single: [text("A")], pair: [text("A"), text("B")], special_tokens: {} };
  return { ...stored, added_tokens: added.map(tokenPart), post_processor: stored.post_processor ?? plain };
}

function idsOf(recipe: Recipe): TokenIds {
  const { vocabulary } = recipe;
  if (vocabulary.kind !== "Unigram") return idsOfRecord(vocabulary.ids);
  return idsOfList(piecesOf(recipe, vocabulary).map(([token]) => token));
}

const idsOfRecord = (ids: Readonly<Record<string, number>>): TokenIds => ({
  idOf: (token) => (Object.hasOwn(ids, token) ? ids[token] : undefined),
  size: Object.keys(ids).length,
});

function idsOfList(tokens: readonly unknown[]): TokenIds {
  const ids = new Map(tokens.map((token, id) => [token, id])); // of two that are the same the last counts
  return { idOf: (token) => ids.get(token), size: tokens.length };
}

/** Normalises the notations of older file versions, so that equal tokenizers compare equal. */
function canonical(json: Part): unknown {
  const {
    normalizer = null,
    pre_tokenizer = null,
    post_processor = null,
    decoder = null,
    model,
    added_tokens = [],
  } = json;
  return {
    parts: [normalizer, pre_tokenizer, post_processor, decoder].map(canonicalPart),
    model: canonicalModel(model as Part),
    added_tokens,
  };
}

function canonicalPart(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(canonicalPart);
  if (!isObject(part)) return part;
  const filled = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, canonicalPart(value)]));
  switch (part.type) {
    case "Metaspace": {
      const { str_rep: _, add_prefix_space: older, ...rest } = filled;
      return { prepend_scheme: older === false ? "never" : "always", split: true, ...rest };
    }
    case "ByteLevel":
      return { use_regex: true, trim_offsets: true, ...filled };
    case "WordPiece":
      return { cleanup: true, ...filled };
    default:
      return filled;
  }
}

function canonicalModel({ type: _, vocab, merges, ...rest }: Part): unknown {
  const unset = { dropout: null, unk_token: null, fuse_unk: false, byte_fallback: false, ignore_merges: false };
  const affixes = {
    continuing_subword_prefix: rest.continuing_subword_prefix ?? "",
    end_of_word_suffix: rest.end_of_word_suffix ?? "",
  };
  const pairs = Array.isArray(merges)
    ? merges.map((merge) => (Array.isArray(merge) ? merge.join(" ") : merge))
    : merges;
  return { ...unset, ...rest, ...affixes, vocab, merges: pairs };
}

/**
 * Makes the `tokenizer.json` that the libraries run. It encodes two settings that Python applies outside the file:
 * `split_special_tokens`, and whether token types are returned.
 */
export function runForm({ json, settings, types }: EffectiveTokenizer): Part {
  const splits = truthySetting(settings, "split_special_tokens", false);
  return {
    ...json,
    ...(splits ? { added_tokens: (json.added_tokens as Part[]).filter(({ special }) => special !== true) } : {}),
    ...(types.given ? {} : { post_processor: withoutTypes(json.post_processor) }),
  };
}

function withoutTypes(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(withoutTypes);
  if (!isObject(part)) return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => [
      key,
      key === "type_id" ? 0 : key === "special_tokens" ? value : withoutTypes(value),
    ]),
  );
}

/** Finds the id of the padding token; undefined if there is none. */
export function padTokenId({ json, settings }: EffectiveTokenizer): number | undefined {
  const content = contentOf(settings.pad_token);
  if (content === undefined) return undefined;
  const added = (json.added_tokens as { content: string; id: number }[]).find((token) => token.content === content);
  return added?.id;
}
