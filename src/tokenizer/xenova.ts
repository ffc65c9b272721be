/**
 * Runs tokenizers of `@xenova/transformers`: on machines where the native library does not load, for tokenizer objects
 * that a user brings, and for exported models. Its own truncation (which cuts off the final `[SEP]`) and padding
 * (always on the right) are never used.
 */

import { ThawError } from "../errors.ts";
import { isObject } from "../platform/foreignFile.ts";
import { contentOf } from "./addedTokens.ts";
import { generic } from "./classes.ts";
import { type EffectiveTokenizer, runForm } from "./effective.ts";
import type { Settings } from "./folder.ts";
import type { Template, Templates, TokenizerBackend } from "./rows.ts";
import type { Part } from "./vocabulary.ts";

/** A tokenizer object of `@xenova/transformers` or `@huggingface/transformers`. */
export interface XenovaTokenizer {
  /** Encodes one text or pair. */
  (text: string, options: XenovaOptions): XenovaEncoding;
  /** Decodes token ids into text. */
  decode(ids: number[], options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean }): string;
  /** Id of the padding token. */
  readonly pad_token_id?: number | undefined;
  /** The longest input in tokens. */
  readonly model_max_length?: number | undefined;
  /** The side on which texts are padded. */
  readonly padding_side?: string | undefined;
}

/** The options with which Thaw calls such a tokenizer. */
export interface XenovaOptions {
  /** The second text of a pair. */
  readonly text_pair?: string | null;
  /** Whether special tokens such as `[CLS]` are added. */
  readonly add_special_tokens: boolean;
  /** Always false: Thaw pads by itself. */
  readonly padding: false;
  /** Always false: Thaw truncates by itself. */
  readonly truncation: false;
  /** Always false: ids are returned as plain numbers. */
  readonly return_tensor: false;
}

/** The encoding of one text or pair by such a tokenizer. */
export interface XenovaEncoding {
  /** Ids of the tokens. */
  readonly input_ids: ArrayLike<number>;
  /** Token types; absent if the tokenizer returns none. */
  readonly token_type_ids?: ArrayLike<number>;
}

type TokenizerClass = new (tokenizerJson: unknown, tokenizerConfig: unknown) => XenovaTokenizer;

const raw = { padding: false, truncation: false, return_tensor: false } as const;

export function backendOf(tokenizer: XenovaTokenizer, name: "xenova" | "brought"): TokenizerBackend {
  return {
    name,
    encode: (texts) =>
      texts.map((text) => Int32Array.from(tokenizer(text, { ...raw, add_special_tokens: false }).input_ids)),
    decode: (ids, skipSpecialTokens) =>
      ids.length === 0
        ? ""
        : tokenizer.decode([...ids], { skip_special_tokens: skipSpecialTokens, clean_up_tokenization_spaces: false }),
  };
}

/**
 * Loads the effective tokenizer into `@xenova/transformers`. Throws `NO_XENOVA` if the package is missing, or an Error
 * if the package cannot read the tokenizer.
 */
export async function loadXenovaBackend(effective: EffectiveTokenizer): Promise<TokenizerBackend> {
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
  const Class = classes[effective.className] ?? classes.PreTrainedTokenizer;
  if (Class === undefined) throw new Error("@xenova/transformers has no PreTrainedTokenizer");
  return backendOf(new Class(xenovaForm(runForm(effective)), xenovaSettings(effective)), "xenova");
}

/**
 * Makes the settings for `@xenova/transformers`: without those that this package applies and Python does not, and with
 * special tokens as plain strings.
 */
export function xenovaSettings({ className, json, settings }: EffectiveTokenizer): Settings {
  const { remove_space: _, do_lowercase_and_remove_accent: __, ...rest } = settings;
  const plain = Object.entries(rest).map(([key, value]) => [
    key,
    key.endsWith("_token") ? (contentOf(value) ?? value) : value,
  ]);
  const [anyToken] = json.added_tokens as { content: string }[];
  return {
    tokenizer_class: className === generic ? "PreTrainedTokenizerFast" : className,
    ...Object.fromEntries(plain),
    // Batches are padded in any case; what stands on padding makes no difference.
    pad_token: contentOf(settings.pad_token) ?? anyToken?.content ?? null,
  };
}

/**
 * Rewrites a `tokenizer.json` so that `@xenova/transformers` 2.17.2 reads it correctly, since it does not know some
 * newer notations. The Rust tokenizers read the same tokenizer from it.
 */
export function xenovaForm(json: Part): Part {
  const spelt = withPrefixSpace(json) as Part;
  return {
    ...spelt,
    normalizer: withoutAccents((spelt.normalizer ?? null) as Part | null),
    post_processor: namedByIds(spelt),
    model: understood(spelt.model as Part),
  };
}

/**
 * Makes the names of special tokens in the post-processor agree with their ids: `@xenova/transformers` uses the names,
 * the Rust library the ids.
 */
function namedByIds(json: Part): unknown {
  const processor = json.post_processor;
  if (isObject(processor) && processor.type === "RobertaProcessing") {
    const renamed = (token: unknown) => {
      const [name, id] = token as readonly [string, number];
      return [tokenOf(json, id) ?? name, id];
    };
    return { ...processor, cls: renamed(processor.cls), sep: renamed(processor.sep) };
  }
  if (!isObject(processor) || processor.type !== "TemplateProcessing" || !isObject(processor.special_tokens))
    return processor;
  const names = new Map<unknown, string>();
  for (const [name, token] of Object.entries(processor.special_tokens)) {
    const [id] = (token as { ids: readonly number[] }).ids;
    names.set(name, tokenOf(json, id) ?? name);
  }
  const steps = (list: unknown) =>
    (list as readonly Part[]).map((step) =>
      isObject(step.SpecialToken)
        ? { SpecialToken: { ...step.SpecialToken, id: names.get(step.SpecialToken.id) } }
        : step,
    );
  const special_tokens = Object.fromEntries(
    Object.entries(processor.special_tokens).map(([name, token]) => {
      const content = names.get(name) as string;
      return [content, { ...(token as Part), id: content, tokens: [content] }];
    }),
  );
  return { ...processor, single: steps(processor.single), pair: steps(processor.pair), special_tokens };
}

function tokenOf({ added_tokens: added, model }: Part, id: number | undefined): string | undefined {
  const named = (added as { id: number; content: string }[]).find((token) => token.id === id);
  if (named !== undefined || id === undefined) return named?.content;
  const { vocab } = model as Part;
  if (Array.isArray(vocab)) return vocab[id]?.[0];
  return Object.entries(isObject(vocab) ? vocab : {}).find(([, value]) => value === id)?.[0];
}

/** Adds `add_prefix_space`, which this version still reads, where newer files have only `prepend_scheme`. */
function withPrefixSpace(part: unknown, key?: string): unknown {
  if (key === "vocab" || key === "merges" || key === "added_tokens" || typeof part !== "object" || part === null)
    return part;
  if (Array.isArray(part)) return part.map((each) => withPrefixSpace(each));
  const filled = Object.fromEntries(Object.entries(part).map(([name, value]) => [name, withPrefixSpace(value, name)]));
  const { type, prepend_scheme: scheme } = filled;
  return type === "Metaspace" && scheme !== undefined ? { add_prefix_space: scheme !== "never", ...filled } : filled;
}

/**
 * Replaces accent stripping in BERT's normaliser by separate normalisers, because this version strips only the accents
 * of Latin letters.
 */
function withoutAccents(normalizer: Part | null): Part | null {
  const strips = normalizer?.type === "BertNormalizer" && Boolean(normalizer.strip_accents ?? normalizer.lowercase);
  if (!strips) return normalizer;
  const marks = { type: "Replace", pattern: { Regex: "\\p{Mn}" }, content: "" };
  return { type: "Sequence", normalizers: [normalizer, marks] };
}

function understood(model: Part): Part {
  const merges: unknown = model.merges;
  return {
    ...model,
    // Without a type it falls back to a model that gives other ids.
    type: model.type ?? ("max_input_chars_per_word" in model ? "WordPiece" : undefined),
    ...(Array.isArray(merges) && { merges: merges.map((pair) => (Array.isArray(pair) ? pair.join(" ") : pair)) }),
  };
}

/**
 * Finds where a tokenizer object places its special tokens by encoding sample texts with it. Errors: `BAD_TOKENIZER`.
 */
export function templatesByAsking(tokenizer: XenovaTokenizer): Templates {
  const content = (text: string) => Array.from(tokenizer(text, { ...raw, add_special_tokens: false }).input_ids);
  const [a, b] = [content("a"), content("b")];
  const ask = (pair: string | null) => {
    const encoded = tokenizer("a", { ...raw, text_pair: pair, add_special_tokens: true });
    const ids = Array.from(encoded.input_ids);
    return { ids, typeIds: encoded.token_type_ids ? Array.from(encoded.token_type_ids) : ids.map(() => 0) };
  };
  const templateOf = ({ ids, typeIds }: ReturnType<typeof ask>, isPair: boolean): Template => {
    const run = (start: number, end = ids.length) => ({
      ids: ids.slice(start, end),
      typeIds: typeIds.slice(start, end),
    });
    const first = placeOf(a, ids, 0);
    const second = isPair ? placeOf(b, ids, first.end) : first;
    return {
      before: run(0, first.start),
      between: isPair ? run(first.end, second.start) : run(0, 0),
      after: run(second.end),
      firstTypeId: typeIds[first.start] ?? 0,
      secondTypeId: typeIds[second.start] ?? 0,
      specials: ids.length - a.length - (isPair ? b.length : 0),
    };
  };
  let pair: Template | undefined;
  return {
    single: templateOf(ask(null), false),
    get pair() {
      pair ??= templateOf(ask("b"), true); // not all of them take two texts
      return pair;
    },
  };
}

function placeOf(part: readonly number[], ids: readonly number[], from: number): { start: number; end: number } {
  for (let start = from; part.length > 0 && start + part.length <= ids.length; start++) {
    if (part.every((id, i) => id === ids[start + i])) return { start, end: start + part.length };
  }
  throw new ThawError(
    "BAD_TOKENIZER",
    `The tokenizer gives [${part}] for a probe without special tokens and [${ids}] with them: the one is not in ` +
      "the other, so its special tokens cannot be placed. Load it with AutoTokenizer.fromPretrained(folder).",
  );
}
