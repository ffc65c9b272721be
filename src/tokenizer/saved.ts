/**
 * Saves a tokenizer: the files that it was loaded from, and the settings with which Python reads the same tokenizer
 * from the folder.
 */
import { writeFileAtomic } from "../platform/atomicFile.ts";
import { join } from "../platform/files.ts";
import { isObject, stringifyLike } from "../platform/foreignFile.ts";
import { contentOf } from "./addedTokens.ts";
import { generic, ownClass, roles } from "./classes.ts";
import { type EffectiveTokenizer, runForm } from "./effective.ts";
import type { Settings, TokenizerFolder } from "./folder.ts";
import { xenovaForm, xenovaSettings } from "./xenova.ts";

/** Options of a tokenizer's `save`. */
export interface SaveTokenizerOptions {
  /** The longest input in tokens that the saved settings declare. Default: that of the tokenizer's files. */
  readonly modelMaxLength?: number | undefined;
  /** The library that will read the folder. Default: `"transformers"`. */
  readonly for?: "transformers" | "xenova";
}

/** The settings that `fromPretrained` was given in place of the folder's. */
type OwnSettings = Settings;

/**
 * Writes the files of a tokenizer into the folder `to`. A `tokenizer.json` that its settings contradict, or that was
 * missing, is written as Python's class runs it; settings are added where Python needs them. All other files are those
 * that were loaded, byte for byte. Errors: `WRITE_FAILED`.
 */
export async function saveTokenizer(
  to: string,
  folder: TokenizerFolder,
  effective: EffectiveTokenizer,
  own: OwnSettings,
  { modelMaxLength, for: reader = "transformers" }: SaveTokenizerOptions,
): Promise<void> {
  const files = new Map<string, Uint8Array | string>(folder.files);
  if (reader === "xenova") {
    files.set("tokenizer.json", `${JSON.stringify(xenovaForm(runForm(effective)))}\n`);
    const settings = { ...xenovaSettings(effective), ...own, ...inputNames(effective) };
    files.set("tokenizer_config.json", `${JSON.stringify({ ...settings, ...maxLength(modelMaxLength) })}\n`);
  } else {
    if (effective.differs) files.set("tokenizer.json", `${JSON.stringify(effective.json)}\n`);
    const text = folder.files.get("tokenizer_config.json")?.toString("utf8");
    const stored = folder.files.has("tokenizer.json");
    const before = stored ? (text === undefined ? {} : (JSON.parse(text) as Settings)) : madeSettings(effective);
    const settings = {
      ...before,
      ...namedClass(effective, before),
      ...own,
      ...inputNames(effective),
      ...maxLength(modelMaxLength),
    };
    if (!isSame(settings, before) || !stored) {
      files.set("tokenizer_config.json", `${stringifyLike(settings, text)}\n`);
    }
  }
  for (const [name, content] of files) await writeFileAtomic(join(to, name), content);
}

/**
 * Adds the class name if Python needs it. Python chooses the class by this name and by the model's type; the name alone
 * must suffice.
 */
function namedClass({ className }: EffectiveTokenizer, before: Settings): Settings {
  const own = { tokenizer_class: className === generic ? "PreTrainedTokenizerFast" : className };
  if (before.tokenizer_class === undefined) return own;
  // A ModernBERT's class is the generic one whatever is named.
  return className === generic && ownClass(before) !== undefined ? own : {};
}

const maxLength = (modelMaxLength: number | undefined): Settings =>
  modelMaxLength === undefined ? {} : { model_max_length: modelMaxLength };

/**
 * Adds `token_type_ids` to `model_input_names` if this tokenizer returns token types and Python's class does not by
 * default.
 */
function inputNames({ types, settings }: EffectiveTokenizer): Settings {
  const isAsked = settings.model_input_names !== undefined || types.byClass || !types.given;
  return isAsked ? {} : { model_input_names: ["input_ids", "token_type_ids", "attention_mask"] };
}

/** Merges the settings of all files of the folder, for programs that read only two of them. */
function madeSettings({ settings, declared }: EffectiveTokenizer): Settings {
  const names = roles.map((role) => `${role}_token`);
  const plain = Object.entries(settings).map(([key, value]) => [
    key,
    names.includes(key) && isObject(value) ? contentOf(value) : value,
  ]);
  return { ...declared, ...Object.fromEntries(plain) };
}

const isSame = (a: Settings, b: Settings): boolean =>
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(a).every(([key, value]) => Object.is(b[key], value));
