/**
 * `@xenova/transformers`: for machines where the native tokenizer does not load, and for tokenizer objects that a user
 * brings. Its own truncation (cuts off the final `[SEP]`) and padding (always right) are never used.
 */
import { ThawError } from "../errors.ts";
import type { TokenizerBackend } from "./backend.ts";
import { xenovaForm } from "./xenovaForm.ts";

/** A tokenizer object of `@xenova/transformers` or `@huggingface/transformers`. */
export interface XenovaTokenizer {
  (text: string, options: XenovaOptions): XenovaEncoding;
  decode(ids: number[], options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean }): string;
  readonly pad_token_id?: number | undefined;
  readonly model_max_length?: number | undefined;
  readonly padding_side?: string | undefined;
}

interface XenovaOptions {
  readonly text_pair?: string | null;
  readonly add_special_tokens: boolean;
  readonly padding: false;
  readonly truncation: false;
  readonly return_tensor: false;
}

interface XenovaEncoding {
  readonly input_ids: ArrayLike<number>;
  readonly token_type_ids?: ArrayLike<number>;
}

type TokenizerClass = new (tokenizerJson: unknown, tokenizerConfig: unknown) => XenovaTokenizer;

const raw = { padding: false, truncation: false, return_tensor: false } as const;

export function backendOf(tokenizer: XenovaTokenizer, name: "xenova" | "brought"): TokenizerBackend {
  return {
    name,
    encode: (texts) =>
      texts.map((text) => Int32Array.from(tokenizer(text, { ...raw, add_special_tokens: false }).input_ids)),
    encodeWithSpecials: (text, pair) => {
      const encoded = tokenizer(text, { ...raw, text_pair: pair ?? null, add_special_tokens: true });
      const ids = Array.from(encoded.input_ids);
      return { ids, typeIds: encoded.token_type_ids ? Array.from(encoded.token_type_ids) : ids.map(() => 0) };
    },
    decode: (ids, skipSpecialTokens) =>
      tokenizer.decode([...ids], { skip_special_tokens: skipSpecialTokens, clean_up_tokenization_spaces: false }),
  };
}

/** Loads the text of a `tokenizer.json` with the class that `tokenizer_config.json` names. */
export async function loadXenovaBackend(
  source: string,
  tokenizerConfig: Readonly<Record<string, unknown>>,
): Promise<TokenizerBackend> {
  // The package's entry file loads sharp and onnxruntime as well; this file needs neither.
  // @ts-expect-error it has no types of its own
  const loaded = import("@xenova/transformers/src/tokenizers.js");
  const classes: Readonly<Record<string, TokenizerClass>> = await loaded.catch((cause: unknown) => {
    throw (cause as { code?: string }).code === "ERR_MODULE_NOT_FOUND"
      ? new ThawError(
          "NO_XENOVA",
          "The package @xenova/transformers is not installed. Run `npm install --ignore-scripts @xenova/transformers` " +
            "in this project, or use the native tokenizer.",
          { cause },
        )
      : cause;
  });
  const className = String(tokenizerConfig.tokenizer_class ?? "").replace(/Fast$/, "");
  const Class = classes[className] ?? classes.PreTrainedTokenizer;
  if (Class === undefined) throw new Error("@xenova/transformers has no PreTrainedTokenizer");
  const json = xenovaForm(source);
  const tokenizer = new Class(json, { ...tokenizerConfig });
  // a template says which segments there are; otherwise the class decides whether there are any
  if (json.post_processor?.type === "TemplateProcessing") Object.assign(tokenizer, { return_token_type_ids: true });
  return backendOf(tokenizer, "xenova");
}
