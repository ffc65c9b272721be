/** Reads the files of a tokenizer, and what those beside the vocabulary say. */
import { ThawError } from "../errors.ts";
import { tokenizerFiles } from "../hub/modelFolder.ts";
import type { JsonObject } from "../models/config/config.ts";
import { join } from "../platform/files.ts";
import { parseForeignJson, readForeignFile } from "../platform/foreignFile.ts";

/** Keys of `tokenizer_config.json` and its like, in Python's spelling. */
export type Settings = JsonObject;

/** Bytes of a file at most. No published file comes near these sizes: the largest `tokenizer.json` has 60 MB. */
const maxBytes = { vocabulary: 128_000_000, settings: 32_000_000 };
const settingsFiles = ["tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"];
const damaged = {
  code: "BAD_TOKENIZER",
  advice: "Download it again, or save it with a current transformers.",
} as const;

/** A folder's tokenizer, held in memory: what becomes of the folder later changes nothing. */
export interface TokenizerFolder {
  readonly path: string;
  /** The files of a tokenizer that there are, by name. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** The settings of `tokenizer_config.json`, and of the older files that it replaced where they count. */
  readonly settings: Settings;
  /** The keys of `config.json`; `{}` where there is none, or none that can be read. */
  readonly model: Settings;
  /** The entries of `added_tokens.json`: token -> id; `{}` where it does not count. */
  readonly addedTokens: Settings;
}

/**
 * Reads a folder's tokenizer. Errors: `MISSING_FILE` for what is there and cannot be read, `BAD_TOKENIZER` for settings
 * that are no JSON object.
 */
export async function readTokenizerFolder(path: string): Promise<TokenizerFolder> {
  const files = new Map<string, Buffer>();
  const read = async (name: string) => {
    const kind = settingsFiles.includes(name) ? "settings" : "vocabulary";
    const bytes = await readForeignFile(join(path, name), { maxBytes: maxBytes[kind] });
    if (bytes !== undefined) files.set(name, bytes);
  };
  for (const name of tokenizerFiles) await read(name);
  const settings = (name: string) => settingsOf(files.get(name), join(path, name));
  const config = settings("tokenizer_config.json");
  return {
    path,
    files,
    model: await modelSettings(path),
    ...merged(config, settings("special_tokens_map.json"), settings("added_tokens.json")),
  };
}

function settingsOf(bytes: Buffer | undefined, path: string): Settings {
  if (bytes === undefined) return {};
  const json = parseForeignJson(bytes, path, damaged);
  if (isObject(json)) return json;
  throw new ThawError("BAD_TOKENIZER", `${path} must hold a JSON object. ${damaged.advice}`);
}

/**
 * Reads the keys of config.json. A tokenizer only looks into it: whoever loads the model says what is wrong with it.
 */
async function modelSettings(path: string): Promise<Settings> {
  try {
    const bytes = await readForeignFile(join(path, "config.json"), { maxBytes: maxBytes.settings });
    return settingsOf(bytes, "config.json");
  } catch {
    return {};
  }
}

/**
 * Puts the settings together as `_from_pretrained` does: the older files count only where the newer list of added
 * tokens is missing, and of the two names for further special tokens the newer one.
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/tokenization_utils_base.py#L1781
 */
function merged(
  config: Settings,
  specials: Settings,
  added: Settings,
): Pick<TokenizerFolder, "settings" | "addedTokens"> {
  const { additional_special_tokens: further, ...rest } = config;
  const isExtra = Array.isArray(rest.extra_special_tokens)
    ? rest.extra_special_tokens.length > 0
    : isTruthy(rest.extra_special_tokens);
  const newer = further === undefined || isExtra ? config : { ...rest, extra_special_tokens: further };
  if (newer.added_tokens_decoder !== undefined) return { settings: newer, addedTokens: {} };
  const extra = [newer.extra_special_tokens, specials.extra_special_tokens];
  const both = extra.every(Array.isArray) ? { extra_special_tokens: [...new Set(extra.flat())] } : {};
  return { settings: { ...newer, ...specials, ...both }, addedTokens: added };
}

export function isObject(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads a boolean where Python's library takes nothing else. Throws an Error. */
export function booleanSetting(settings: Settings, key: string, fallback: boolean): boolean {
  const value = settings[key] === undefined ? fallback : settings[key];
  if (typeof value === "boolean") return value;
  throw new Error(`"${key}" is ${JSON.stringify(value)} in tokenizer_config.json; it must be true or false`);
}

/** Reads a setting that Python asks with `if`, by its rules of what is true. */
export function truthySetting(settings: Settings, key: string, fallback: boolean): boolean {
  return settings[key] === undefined ? fallback : isTruthy(settings[key]);
}

function isTruthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return isObject(value) ? Object.keys(value).length > 0 : Boolean(value);
}
