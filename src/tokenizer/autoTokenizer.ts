/** Loads a tokenizer by a model's name or folder: `AutoTokenizer`. */
import { ThawError } from "../errors.ts";
import { warnOfIgnoredKeys } from "../hub/modelFolder.ts";
import { type ResolveOptions, resolveModel } from "../hub/resolveModel.ts";
import { parseConfig } from "../models/config/parseConfig.ts";
import { maxTokens } from "../models/families.ts";
import { type OptionNames, refuseUnknown } from "../options.ts";
import { join } from "../platform/files.ts";
import { readFolder } from "../platform/readFolder.ts";
import { warnOfClass } from "./classes.ts";
import { type EffectiveTokenizer, effectiveTokenizer, padTokenId, runForm } from "./effective.ts";
import { readTokenizerFolder, type Settings, type TokenizerFolder, truthySetting } from "./folder.ts";
import { loadNativeBackend, NativeMissing } from "./native/nativeBackend.ts";
import { type Side, type Templates, type TokenizerBackend, templatesIn } from "./rows.ts";
import { saveTokenizer } from "./saved.ts";
import { createTokenizer, type Tokenizer } from "./tokenizer.ts";
import { loadXenovaBackend } from "./xenova.ts";

/** Options of `AutoTokenizer.fromPretrained`. */
export interface FromPretrainedTokenizerOptions extends ResolveOptions {
  /**
   * The library that splits texts into tokens. `"native"` gives exactly Python's ids; `"xenova"` runs everywhere.
   * Default: `"native"`, or `"xenova"` if the native library does not load.
   */
  readonly backend?: "native" | "xenova";
  /**
   * The side from which a text that is too long is truncated; also saved. Default: the setting of the files, mostly
   * `"right"`.
   */
  readonly truncationSide?: Side;
  /** The side on which texts of a batch are padded; also saved. Default: the setting of the files, mostly `"right"`. */
  readonly paddingSide?: Side;
  /** The longest input in tokens, special tokens included; also saved. Default: the setting of the files. */
  readonly modelMaxLength?: number;
}

const names: OptionNames<FromPretrainedTokenizerOptions> = {
  revision: true,
  localFilesOnly: true,
  backend: true,
  truncationSide: true,
  paddingSide: true,
  modelMaxLength: true,
};
const inFile = (key: string) => `a setting: write "${key}" into the tokenizer_config.json of a copy of the folder`;
const elsewhere = {
  maxLength: "modelMaxLength, or maxLength of each call",
  useFast: 'backend: "native", which is the default',
  trustRemoteCode: "nothing: no code from a model's folder is ever run",
  cacheDir: "the environment variable HF_HOME",
  token: "the environment variable HF_TOKEN",
  subfolder: "the folder itself, in place of the model's name",
  tokenizerType: inFile("tokenizer_class"),
  ...Object.fromEntries(
    [
      "do_lower_case",
      "strip_accents",
      "add_prefix_space",
      "pad_token",
      "cls_token",
      "sep_token",
      "unk_token",
      "mask_token",
    ].map((key) => [key, inFile(key)]),
  ),
};

/** Loads tokenizers from the hub, from the Hugging Face cache, or from a folder. */
export const AutoTokenizer = {
  /**
   * Loads the tokenizer of a model, given as a hub id such as `"bert-base-uncased"` or a folder. The files are read as
   * Python's tokenizer class reads them: `tokenizer.json`, or else the vocabulary files from which transformers builds
   * one (vocab.txt, vocab.json with merges.txt, a sentencepiece model), and the settings in `tokenizer_config.json`.
   * Defaults: revision `"main"`, and the settings of the files. Errors: `MODEL_NOT_FOUND`, `BAD_REVISION`,
   * `MISSING_FILE`, `BAD_TOKENIZER`, `BAD_ARGUMENT` for unknown options.
   */
  async fromPretrained(idOrFolder: string, options: FromPretrainedTokenizerOptions = {}): Promise<Tokenizer> {
    refuseUnknown(options, names, { kind: "option of AutoTokenizer.fromPretrained", elsewhere });
    return await readFolder(await resolveModel(idOrFolder, options), (folder) => load(folder, options));
  },
};

async function load(path: string, options: FromPretrainedTokenizerOptions): Promise<Tokenizer> {
  const { truncationSide, paddingSide, modelMaxLength } = options;
  const own: Settings = Object.fromEntries(
    Object.entries({
      truncation_side: truncationSide,
      padding_side: paddingSide,
      model_max_length: modelMaxLength,
    }).filter(([, value]) => value !== undefined),
  );
  const read = await readTokenizerFolder(path);
  const folder: TokenizerFolder = { ...read, settings: { ...read.settings, ...own } };
  warnOfIgnoredKeys(join(folder.path, "tokenizer_config.json"), folder.settings);
  warnOfClass(folder);
  const effective = effectiveTokenizer(folder);
  const { settings } = effective;
  const templates = templatesOf(folder, effective);
  const backend = withSpecialIds(await loadBackend(folder, effective, options.backend), effective);
  return createTokenizer(backend, {
    templates,
    padTokenId: padTokenId(effective),
    modelMaxLength: Math.min(maxLength(folder), positionsOf(folder)),
    truncationSide: sideOf(folder, settings, "truncation_side"),
    paddingSide: sideOf(folder, settings, "padding_side"),
    cleansUpSpaces: cleansUpSpaces(effective),
    // Made again: what it holds of a large vocabulary is many times the size of the files.
    save: (to, saveOptions) => saveTokenizer(to, folder, effectiveTokenizer(folder), own, saveOptions),
  });
}

function templatesOf({ path }: TokenizerFolder, effective: EffectiveTokenizer): Templates {
  try {
    return templatesIn(runForm(effective).post_processor);
  } catch (cause) {
    throw badTokenizer(path, (cause as Error).message, cause);
  }
}

async function loadBackend(
  folder: TokenizerFolder,
  effective: EffectiveTokenizer,
  wanted: "native" | "xenova" | undefined,
): Promise<TokenizerBackend> {
  const { path, files } = folder;
  const source = JSON.stringify(runForm(effective));
  try {
    if (wanted === "xenova") return await loadXenovaBackend(effective);
    return await loadNativeBackend({
      name: files.has("tokenizer.json") ? join(path, "tokenizer.json") : path,
      source,
      // Python reads these parts too, and refuses a file with one that it does not know, though its class builds its own.
      checked: effective.leftOut && JSON.stringify(effective.leftOut),
      sourceAgain: () => JSON.stringify(runForm(effectiveTokenizer(folder))),
    });
  } catch (cause) {
    if (cause instanceof NativeMissing && wanted === undefined) {
      console.warn(`The native tokenizer does not load here (${cause.message}): using @xenova/transformers.`);
      return loadBackend(folder, effective, "xenova");
    }
    if (cause instanceof ThawError) throw cause;
    throw badTokenizer(path, (cause as Error).message, cause);
  }
}

/**
 * Removes special tokens before decoding. With `split_special_tokens` the library does not know the special tokens and
 * cannot remove them itself.
 */
function withSpecialIds(backend: TokenizerBackend, { json, settings }: EffectiveTokenizer): TokenizerBackend {
  if (!truthySetting(settings, "split_special_tokens", false)) return backend;
  const added = json.added_tokens as { id: number; special: boolean }[];
  const special = new Set(added.filter((token) => token.special).map(({ id }) => id));
  const kept = (ids: readonly number[], skips: boolean) => (skips ? ids.filter((id) => !special.has(id)) : ids);
  return { ...backend, decode: (ids, skips) => backend.decode(kept(ids, skips), false) };
}

/**
 * Reads the longest input in tokens. Python writes 10^30 for a tokenizer without a limit; older versions call the key
 * `max_len`.
 */
function maxLength({ path, settings }: TokenizerFolder): number {
  const value = settings.model_max_length === undefined ? settings.max_len : settings.model_max_length;
  if (value === undefined || value === null || (typeof value === "number" && value >= 1e9))
    return Number.POSITIVE_INFINITY;
  if (Number.isSafeInteger(value) && (value as number) >= 1) return value as number;
  throw badTokenizer(
    path,
    `its longest text, "model_max_length", is ${JSON.stringify(value)}; it must be a whole number of tokens`,
  );
}

/**
 * Reads the number of positions of the model in the same folder. Errors in its config are reported when the model is
 * loaded.
 */
function positionsOf({ model }: TokenizerFolder): number {
  try {
    return maxTokens(parseConfig(model)) ?? Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function sideOf({ path }: TokenizerFolder, settings: Settings, key: string): Side {
  const side = settings[key] ?? "right";
  if (side === "left" || side === "right") return side;
  throw badTokenizer(path, `"${key}" is ${JSON.stringify(side)}; it must be "left" or "right"`);
}

/**
 * Tells whether decoding removes the space before punctuation. Python never does so for byte-level tokenizers, whose
 * spaces belong to the text.
 */
function cleansUpSpaces({ json, settings }: EffectiveTokenizer): boolean {
  const isBpe = (json.model as Settings).type === "BPE" || (json.model as Settings).merges !== undefined;
  const key = "clean_up_tokenization_spaces";
  const insists = `${key}_for_bpe_even_though_it_will_corrupt_output`;
  return truthySetting(settings, key, false) && (!isBpe || truthySetting(settings, insists, false));
}

function badTokenizer(path: string, reason: string, cause?: unknown): ThawError {
  return new ThawError(
    "BAD_TOKENIZER",
    `Cannot load the tokenizer in ${path}: ${reason}. Download it again, or save it with a current transformers.`,
    { cause },
  );
}
