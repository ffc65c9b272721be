/** From a name or a folder to a tokenizer: `AutoTokenizer`. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ThawError } from "../errors.ts";
import { type ResolveOptions, resolveModel } from "../hub/resolveModel.ts";
import type { TokenizerBackend } from "./backend.ts";
import { loadNativeBackend } from "./nativeBackend.ts";
import { createTokenizer, type Tokenizer } from "./tokenizer.ts";
import { loadXenovaBackend } from "./xenovaBackend.ts";

export interface FromPretrainedTokenizerOptions extends ResolveOptions {
  /** "native": exactly Python's ids. "xenova": runs everywhere. Default: native, xenova where that does not load. */
  readonly backend?: "native" | "xenova";
}

type Settings = Readonly<Record<string, unknown>>;

/** Loads the tokenizer of a model: from the hub, the cache of Hugging Face, or a folder. */
export const AutoTokenizer = {
  /**
   * Loads `tokenizer.json` and `tokenizer_config.json` of a model, given by folder or id as for `resolveModel`.
   * Errors: `MODEL_NOT_FOUND`, `MISSING_FILE`, `BAD_TOKENIZER`.
   */
  async fromPretrained(idOrFolder: string, options: FromPretrainedTokenizerOptions = {}): Promise<Tokenizer> {
    const folder = await resolveModel(idOrFolder, options);
    const file = join(folder, "tokenizer.json");
    await readJson(file, true);
    const config = {
      ...(await readJson(join(folder, "special_tokens_map.json"), false)),
      ...(await readJson(join(folder, "tokenizer_config.json"), false)),
    };
    const backend = await loadBackend(file, config, options.backend);
    return createTokenizer(backend, {
      folder,
      padTokenId: padTokenId(backend, config.pad_token),
      modelMaxLength: maxLength(config.model_max_length),
      paddingSide: config.padding_side === "left" ? "left" : "right",
    });
  },
};

async function loadBackend(file: string, config: Settings, wanted?: "native" | "xenova"): Promise<TokenizerBackend> {
  try {
    if (wanted === "xenova") return await loadXenovaBackend(file, config);
    return await loadNativeBackend(file);
  } catch (cause) {
    if (cause instanceof ThawError) throw cause;
    const missingBinary = /native binding|Cannot find module|\.node|dlopen/i.test((cause as Error).message);
    if (wanted === undefined && missingBinary) {
      console.warn(
        `The native tokenizer does not load here (${(cause as Error).message}): using @xenova/transformers.`,
      );
      return loadBackend(file, config, "xenova");
    }
    throw new ThawError(
      "BAD_TOKENIZER",
      `Cannot load ${file}: ${(cause as Error).message}. Download it again, or save it with a current transformers.`,
      { cause },
    );
  }
}

async function readJson(file: string, needed: boolean): Promise<Settings> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if (!needed) return {};
    throw new ThawError(
      "MISSING_FILE",
      `There is no readable ${file}. Save the tokenizer with AutoTokenizer(...).save_pretrained(folder) in Python.`,
      { cause },
    );
  }
  try {
    return JSON.parse(text) as Settings;
  } catch (cause) {
    throw new ThawError(
      "BAD_TOKENIZER",
      `${file} is not valid JSON (${(cause as Error).message}). Download it again.`,
      {
        cause,
      },
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
