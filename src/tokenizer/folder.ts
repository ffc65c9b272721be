/** Reads the vocabulary and settings files of a tokenizer folder. */
import { ThawError } from "../errors.ts";
import { tokenizerFiles } from "../hub/modelFolder.ts";
import type { JsonObject } from "../models/config/config.ts";
import { join } from "../platform/files.ts";
import { isObject, parseForeignJson, readForeignFile } from "../platform/foreignFile.ts";

/** Settings from `tokenizer_config.json` and similar files, with Python's key names. */
export type Settings = JsonObject;

/** Largest accepted file sizes in bytes. No published file comes near them: the largest `tokenizer.json` has 60 MB. */
const maxBytes = { vocabulary: 128_000_000, settings: 32_000_000 };
const settingsFiles = ["tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"];
const damaged = {
  code: "BAD_TOKENIZER",
  advice: "Download it again, or save it with a current transformers.",
} as const;

/** The tokenizer files of a folder, held in memory: later changes of the folder have no effect. */
export interface TokenizerFolder {
  readonly path: string;
  /** The tokenizer files that exist, by name. */
  readonly files: ReadonlyMap<string, Buffer>;
  /**
   * The settings of `tokenizer_config.json`, merged with those of the older files that it replaced if these still
   * apply.
   */
  readonly settings: Settings;
  /** The keys of the model's `config.json`; `{}` if it is missing or unreadable. */
  readonly model: Settings;
  /** The entries of `added_tokens.json`: token -> id; `{}` if it does not apply. */
  readonly addedTokens: Settings;
}

/**
 * Reads the tokenizer files of a folder. Errors: `MISSING_FILE` for a file that exists but cannot be read,
 * `BAD_TOKENIZER` for settings that are not a JSON object.
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

/** Reads the keys of config.json leniently: its errors are reported when the model is loaded. */
async function modelSettings(path: string): Promise<Settings> {
  try {
    const bytes = await readForeignFile(join(path, "config.json"), { maxBytes: maxBytes.settings });
    return settingsOf(bytes, "config.json");
  } catch {
    return {};
  }
}

/**
 * Merges the settings as `_from_pretrained` does: the older files apply only if `added_tokens_decoder` is missing, and
 * the newer of the two keys for extra special tokens wins.
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

/** Reads a setting that must be a boolean. Throws an Error for any other type, as Python does. */
export function booleanSetting(settings: Settings, key: string, fallback: boolean): boolean {
  const value = settings[key] === undefined ? fallback : settings[key];
  if (typeof value === "boolean") return value;
  throw new Error(`"${key}" is ${JSON.stringify(value)} in tokenizer_config.json; it must be true or false`);
}

/** Reads a setting that Python tests with `if`, by Python's rules of truth. */
export function truthySetting(settings: Settings, key: string, fallback: boolean): boolean {
  return settings[key] === undefined ? fallback : isTruthy(settings[key]);
}

function isTruthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return isObject(value) ? Object.keys(value).length > 0 : Boolean(value);
}
