/** Finds the special tokens of a tokenizer and its other added tokens, which are never split, with their ids. */
import { isObject } from "../platform/foreignFile.ts";
import { type ClassName, classNamed, generic, type Role, roles, type SpecialTokens } from "./classes.ts";
import type { Settings, TokenizerFolder } from "./folder.ts";
import type { AddedToken, Part, Vocabulary } from "./vocabulary.ts";

export interface NumberedToken extends AddedToken {
  readonly id: number;
}

/** The token ids of a vocabulary and their number. */
export interface TokenIds {
  readonly idOf: (token: string) => number | undefined;
  readonly size: number;
}

/**
 * Finds the token of each role: the class's default unless the folder's settings name another. A role set to null has
 * no token.
 */
export function specialTokens(name: ClassName | typeof generic, settings: Settings): SpecialTokens {
  const own = name === generic ? {} : classNamed(name).specials;
  const named = roles.flatMap((role): [Role, string][] => {
    const given = settings[`${role}_token`];
    const content = given === undefined ? own[role] : contentOf(given);
    return content === undefined ? [] : [[role, content]];
  });
  return Object.fromEntries(named);
}

/**
 * Lists the special tokens and other added tokens with their ids, in the order of `TokenizersBackend.__init__`, which
 * decides the ids of tokens without one. `stored` is the folder's tokenizer.json; a later mention of a token replaces
 * how it is looked for, never its id.
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/tokenization_utils_tokenizers.py#L371
 */
export function addedTokens(
  name: ClassName | typeof generic,
  folder: TokenizerFolder,
  { stored, vocabulary, ids }: { stored: Part | undefined; vocabulary: Vocabulary | undefined; ids: TokenIds },
): NumberedToken[] {
  const { settings } = folder;
  const named = [...roleTokens(name, settings), ...otherNamedTokens(settings)];
  const isNamed = new Set(named.map(({ content }) => content));
  const asNamed = (token: AddedToken): AddedToken => (isNamed.has(token.content) ? { ...token, special: true } : token);
  const first = name === generic ? storedTokens(stored) : [];
  const listed = listedTokens(folder, stored).map(asNamed);
  const extras = extraTokens(name, settings, vocabulary).map(asNamed);
  const known = new Set([...first, ...listed].map(({ content }) => content));
  return number([...first, ...listed, ...[...named, ...extras].filter(({ content }) => !known.has(content))], ids);
}

function roleTokens(name: ClassName | typeof generic, settings: Settings): AddedToken[] {
  const specials = specialTokens(name, settings);
  const maskTakesSpace = name !== generic && classNamed(name).maskTakesSpace === true;
  return roles.flatMap((role): AddedToken[] => {
    const content = specials[role];
    const given = settings[`${role}_token`];
    if (content === undefined) return [];
    if (isObject(given)) return [{ ...tokenOf(given, true), special: true }];
    return [{ ...tokenOf(content, true), lstrip: role === "mask" && maskTakesSpace }];
  });
}

/**
 * Lists model-specific special tokens: those in settings such as `image_token`, and those in `extra_special_tokens`.
 */
function otherNamedTokens(settings: Settings): AddedToken[] {
  const own = new Set<string>(roles.map((role) => `${role}_token`));
  const named = Object.entries(settings).filter(
    ([key, value]) => key.endsWith("_token") && !own.has(key) && contentOf(value) !== undefined,
  );
  const extra = isObject(settings.extra_special_tokens) ? settings.extra_special_tokens : {};
  return Object.values({ ...Object.fromEntries(named), ...extra }).map((value) => ({
    ...tokenOf(value, true),
    special: true,
  }));
}

/**
 * Lists the tokens of `added_tokens_decoder` in tokenizer_config.json by their ids, or else of the older file and
 * tokenizer.json.
 */
function listedTokens({ settings, addedTokens: older }: TokenizerFolder, stored: Part | undefined): AddedToken[] {
  const listed = new Map<number, AddedToken>();
  if (settings.added_tokens_decoder !== undefined) {
    const decoder = isObject(settings.added_tokens_decoder) ? settings.added_tokens_decoder : {};
    for (const [id, token] of Object.entries(decoder)) listed.set(Number(id), tokenOf(token, false));
  } else {
    const extra = Array.isArray(settings.extra_special_tokens) ? settings.extra_special_tokens : [];
    const special = new Set([...roles.map((role) => settings[`${role}_token`]), ...extra].map(contentOf));
    for (const [content, id] of Object.entries(older)) listed.set(Number(id), tokenOf(content, special.has(content)));
    for (const token of storedTokens(stored)) listed.set(token.id, token);
  }
  return [...listed].sort(([a], [b]) => a - b).map(([, token]) => token);
}

/** Lists the added tokens of a tokenizer.json. Throws an Error for what is no list of tokens. */
function storedTokens(stored: Part | undefined): NumberedToken[] {
  const list = stored?.added_tokens ?? [];
  if (!Array.isArray(list)) throw new Error('"added_tokens" must be a list');
  return list.map((token: unknown, i) => {
    if (isObject(token) && typeof token.content === "string" && Number.isSafeInteger(token.id)) {
      return { ...tokenOf(token, false), id: token.id as number };
    }
    throw new Error(`added token ${i} must have "content" and "id"`);
  });
}

function extraTokens(
  name: ClassName | typeof generic,
  settings: Settings,
  vocabulary: Vocabulary | undefined,
): AddedToken[] {
  const { extra_special_tokens: extra, additional_special_tokens: older } = settings;
  const tokensOf = (list: unknown) => (Array.isArray(list) ? list : []).map((token: unknown) => tokenOf(token, true));
  if (extra !== undefined && !isObject(extra)) return tokensOf(extra);
  if (vocabulary?.kind === "Unigram" && vocabulary.declared !== undefined) return [...vocabulary.declared.tokens];
  return tokensOf(older ?? (name === generic ? [] : classNamed(name).extraSpecials));
}

/**
 * Gives each token its id, as `AddedVocabulary.add_tokens` of the library does (tokenizers 0.23,
 * tokenizer/added_vocabulary.rs).
 */
function number(tokens: readonly AddedToken[], { idOf, size }: TokenIds): NumberedToken[] {
  const numbered = new Map<string, NumberedToken>();
  let highest = -1;
  for (const { content, singleWord, lstrip, rstrip, normalized, special } of tokens) {
    if (content === "") continue;
    const id = numbered.get(content)?.id ?? idOf(content) ?? (highest >= size || size === 0 ? highest + 1 : size);
    highest = Math.max(highest, id);
    numbered.set(content, { id, content, singleWord, lstrip, rstrip, normalized, special });
  }
  return [...numbered.values()].sort((a, b) => a.id - b.id);
}

function tokenOf(value: unknown, isSpecial: boolean): AddedToken {
  const fields = isObject(value) ? value : {};
  const yes = (key: string): boolean => fields[key] === true;
  const special = typeof fields.special === "boolean" ? fields.special : isSpecial;
  return {
    content: contentOf(value) ?? "",
    singleWord: yes("single_word"),
    lstrip: yes("lstrip"),
    rstrip: yes("rstrip"),
    normalized: typeof fields.normalized === "boolean" ? fields.normalized : !special,
    special,
  };
}

/**
 * Reads the text of a token that is written as `"[PAD]"` or `{ content: "[PAD]", ... }`; undefined for anything else.
 */
export function contentOf(token: unknown): string | undefined {
  const content = isObject(token) ? token.content : token;
  return typeof content === "string" ? content : undefined;
}

export function tokenPart({ id, content, singleWord, lstrip, rstrip, normalized, special }: NumberedToken): Part {
  return { id, content, single_word: singleWord, lstrip, rstrip, normalized, special };
}
