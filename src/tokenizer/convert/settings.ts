/** What a folder says of its tokenizer beside the vocabulary: tokenizer_config.json and the older files that it replaced. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ThawError } from "../../errors.ts";

export type Settings = Readonly<Record<string, unknown>>;

/** `{}` if there is no such file. Errors: `BAD_TOKENIZER`. */
export async function readSettings(file: string): Promise<Settings> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch {
    return {};
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ThawError(
      "BAD_TOKENIZER",
      `${file} is not valid JSON (${(cause as Error).message}). Download it again.`,
      { cause },
    );
  }
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as Settings;
  throw new ThawError("BAD_TOKENIZER", `${file} must hold a JSON object. Download it again.`);
}

/** All that a folder says; of two files that name a special token, `special_tokens_map.json` wins as in Python. */
export interface FolderSettings {
  readonly tokenizer: Settings;
  readonly model: Settings;
  readonly addedTokens: Settings;
}

export async function readFolderSettings(folder: string): Promise<FolderSettings> {
  const read = (file: string): Promise<Settings> => readSettings(join(folder, file));
  const [config, specials, added, model] = await Promise.all(
    ["tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "config.json"].map(read),
  );
  // transformers 5.23, `_from_pretrained`: the older files count only where the newer list of added tokens is missing,
  // and of the two names for further special tokens the newer one, which a vocabulary's own tokens do not replace.
  const { additional_special_tokens: further, ...rest } = config ?? {};
  const newer = further === undefined ? rest : { extra_special_tokens: further, ...rest };
  const isNew = newer.added_tokens_decoder !== undefined;
  return {
    tokenizer: isNew ? newer : { ...newer, ...specials },
    model: model ?? {},
    addedTokens: isNew ? {} : (added ?? {}),
  };
}

/** A boolean setting; anything else counts as not given. */
export function flag(settings: Settings, key: string, fallback: boolean): boolean {
  return typeof settings[key] === "boolean" ? settings[key] : fallback;
}
