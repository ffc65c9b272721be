/** The special tokens of a tokenizer, and others that are never cut, with their ids. */
import { type KindName, kindNamed, type Role, roles, type SpecialTokens } from "./kinds.ts";
import type { FolderSettings, Settings } from "./settings.ts";
import type { AddedToken, NumberedToken, TokenModel } from "./tokenizerJson.ts";

/** Each role's token: the class's own, unless the folder names another. */
export function specialTokens(kind: KindName, settings: Settings): SpecialTokens {
  const named = roles.flatMap((role): [Role, string][] => {
    const given = settings[`${role}_token`];
    const content = given === undefined ? kindNamed(kind).specials[role] : contentOf(given);
    return content === undefined ? [] : [[role, content]];
  });
  return Object.fromEntries(named);
}

/** In the order of transformers 5.23 (`TokenizersBackend.__init__`), which decides the ids of tokens without one. */
export function addedTokens(tokens: TokenModel, kind: KindName, folder: FolderSettings): NumberedToken[] {
  const named = [...roleTokens(kind, folder.tokenizer), ...otherNamedTokens(folder.tokenizer)];
  const isNamed = new Set(named.map(({ content }) => content));
  const asNamed = (token: AddedToken): AddedToken => (isNamed.has(token.content) ? { ...token, special: true } : token);
  const listed = listedTokens(folder).map(asNamed);
  const extras = extraTokens(tokens, folder.tokenizer).map(asNamed);
  const known = new Set(listed.map(({ content }) => content));
  return number([...listed, ...[...named, ...extras].filter(({ content }) => !known.has(content))], tokens);
}

function roleTokens(kind: KindName, settings: Settings): AddedToken[] {
  const specials = specialTokens(kind, settings);
  return roles.flatMap((role): AddedToken[] => {
    const content = specials[role];
    const given = settings[`${role}_token`];
    if (content === undefined) return [];
    if (typeof given === "object") return [{ ...tokenOf(given, true), special: true }];
    return [{ ...tokenOf(content, true), lstrip: role === "mask" && kindNamed(kind).maskTakesSpace === true }];
  });
}

/** Settings such as `image_token` name special tokens of a model's own. */
function otherNamedTokens(settings: Settings): AddedToken[] {
  const own = new Set<string>(roles.map((role) => `${role}_token`));
  return Object.entries(settings)
    .filter(([key, value]) => key.endsWith("_token") && !own.has(key) && typeof value === "string")
    .map(([, value]) => tokenOf(value, true));
}

/** `added_tokens_decoder` of tokenizer_config.json by its ids, or the older added_tokens.json. */
function listedTokens({ tokenizer, addedTokens: older }: FolderSettings): AddedToken[] {
  const decoder = tokenizer.added_tokens_decoder;
  if (typeof decoder === "object" && decoder !== null) {
    return Object.entries(decoder)
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([, token]) => tokenOf(token, false));
  }
  const special = new Set(roles.map((role) => contentOf(tokenizer[`${role}_token`])));
  return Object.entries(older)
    .sort(([, a], [, b]) => Number(a) - Number(b))
    .map(([content]) => tokenOf(content, special.has(content)));
}

function extraTokens({ extraTokens: own }: TokenModel, settings: Settings): readonly AddedToken[] {
  const older = own.length > 0 ? undefined : settings.additional_special_tokens;
  const extra = settings.extra_special_tokens ?? older;
  return Array.isArray(extra) && extra.length > 0 ? extra.map((token: unknown) => tokenOf(token, true)) : own;
}

/** A later mention of a token replaces how it is looked for, never its id. */
function number(tokens: readonly AddedToken[], { idOf, vocabularySize }: TokenModel): NumberedToken[] {
  const numbered = new Map<string, NumberedToken>();
  let next = vocabularySize;
  for (const token of tokens) {
    if (token.content === "") continue;
    const id = numbered.get(token.content)?.id ?? idOf(token.content) ?? next++;
    numbered.set(token.content, { ...token, id });
  }
  return [...numbered.values()];
}

function tokenOf(value: unknown, isSpecial: boolean): AddedToken {
  const fields = (typeof value === "object" && value !== null ? value : {}) as Settings;
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

function contentOf(token: unknown): string | undefined {
  const content = typeof token === "object" && token !== null ? (token as Settings).content : token;
  return typeof content === "string" ? content : undefined;
}
