/** From a name or a folder to a tokenizer: `AutoTokenizer`. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ThawError } from "../errors.ts";
import { warnOfIgnoredKeys } from "../hub/ignoredKeys.ts";
import { type ResolveOptions, resolveModel } from "../hub/resolveModel.ts";
import { readFolder } from "../io/readFolder.ts";
import type { TokenizerBackend } from "./backend.ts";
import { convertFolder } from "./convert/convertFolder.ts";
import { type KindName, kindNamed, kindOf } from "./convert/kinds.ts";
import { readFolderSettings, type Settings } from "./convert/settings.ts";
import { loadNativeBackend } from "./nativeBackend.ts";
import { createTokenizer, type Tokenizer } from "./tokenizer.ts";
import { loadXenovaBackend } from "./xenovaBackend.ts";

export interface FromPretrainedTokenizerOptions extends ResolveOptions {
  /** "native": exactly Python's ids. "xenova": runs everywhere. Default: native, xenova where that does not load. */
  readonly backend?: "native" | "xenova";
}

/** Loads the tokenizer of a model: from the hub, the cache of Hugging Face, or a folder. */
export const AutoTokenizer = {
  /**
   * Loads the tokenizer of a model given by folder or id as for `resolveModel`: its `tokenizer.json`, or else what
   * transformers makes one of (vocab.txt, vocab.json with merges.txt, a sentencepiece model).
   * Errors: `MODEL_NOT_FOUND`, `MISSING_FILE`, `BAD_TOKENIZER`.
   */
  async fromPretrained(idOrFolder: string, options: FromPretrainedTokenizerOptions = {}): Promise<Tokenizer> {
    return await readFolder(await resolveModel(idOrFolder, options), (folder) => load(folder, options));
  },
};

async function load(folder: string, options: FromPretrainedTokenizerOptions): Promise<Tokenizer> {
  const settings = await readFolderSettings(folder);
  warnOfIgnoredKeys(join(folder, "tokenizer_config.json"), settings.tokenizer);
  const file = join(folder, "tokenizer.json");
  const stored = await readFile(file, "utf8").catch(() => undefined);
  const source = stored ?? JSON.stringify(await convertFolder(folder, settings));
  const kind = kindOf(settings.tokenizer, settings.model);
  const config = kind === undefined ? settings.tokenizer : withDefaults(kind, settings.tokenizer);
  const backend = await loadBackend(source, config, stored === undefined ? folder : file, options.backend);
  return createTokenizer(backend, {
    folder,
    made: stored === undefined ? { tokenizerJson: source, config } : undefined,
    padTokenId: padTokenId(backend, config.pad_token),
    modelMaxLength: maxLength(config.model_max_length),
    paddingSide: config.padding_side === "left" ? "left" : "right",
  });
}

/** What the class of transformers takes where the files say nothing. */
function withDefaults(kind: KindName, settings: Settings): Settings {
  const { specials, paddingSide } = kindNamed(kind);
  return {
    tokenizer_class: kind,
    ...(specials.pad === undefined ? {} : { pad_token: specials.pad }),
    ...(paddingSide === undefined ? {} : { padding_side: paddingSide }),
    ...settings,
  };
}

async function loadBackend(
  source: string,
  config: Settings,
  from: string,
  wanted?: "native" | "xenova",
): Promise<TokenizerBackend> {
  try {
    if (wanted === "xenova") return await loadXenovaBackend(source, config);
    return await loadNativeBackend(source);
  } catch (cause) {
    if (cause instanceof ThawError) throw cause;
    const missingBinary = /native binding|Cannot find module|\.node|dlopen/i.test((cause as Error).message);
    if (wanted === undefined && missingBinary) {
      console.warn(
        `The native tokenizer does not load here (${(cause as Error).message}): using @xenova/transformers.`,
      );
      return loadBackend(source, config, from, "xenova");
    }
    throw new ThawError(
      "BAD_TOKENIZER",
      `Cannot load ${from}: ${(cause as Error).message}. Download it again, or save it with a current transformers.`,
      { cause },
    );
  }
}

/** `"[PAD]"` or `{ content: "[PAD]", ... }` -> its id; undefined if there is none. */
function padTokenId(backend: TokenizerBackend, token: unknown): number | undefined {
  const content = typeof token === "object" && token !== null ? (token as { content?: unknown }).content : token;
  if (typeof content !== "string") return undefined;
  const ids = backend.encode([content])[0];
  return ids?.length === 1 ? ids[0] : undefined;
}

/** Python writes 10^30 where a tokenizer has no limit. */
function maxLength(value: unknown): number {
  return typeof value === "number" && value >= 1 && value < 1e9 ? value : Number.POSITIVE_INFINITY;
}
