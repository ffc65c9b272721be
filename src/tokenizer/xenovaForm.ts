/**
 * A `tokenizer.json` in the form that `@xenova/transformers` 2.17.2 reads rightly. It says the same to the Rust tokenizers:
 * today's files write some things in ways that this version does not know.
 */

type Json = Readonly<Record<string, unknown>>;

/** What is read of it again. */
export interface XenovaForm extends Json {
  readonly post_processor?: { readonly type?: string } | null;
}

/** From the text of the file. */
export function xenovaForm(source: string): XenovaForm {
  const json = JSON.parse(source, withPrefixSpace);
  return { ...json, normalizer: withoutAccents(json.normalizer ?? null), model: understood(json.model) };
}

/** Today's files say only `prepend_scheme` where this version also asks for what it replaced. */
function withPrefixSpace(_: string, part: unknown): unknown {
  const { type, prepend_scheme: scheme } = (part ?? {}) as Json;
  return type === "Metaspace" && scheme !== undefined
    ? { add_prefix_space: scheme !== "never", ...(part as object) }
    : part;
}

/** Where BERT's normaliser takes accents away it decomposes letters; this version then knows only the marks of Latin ones. */
function withoutAccents(normalizer: Json | null): Json | null {
  const strips = normalizer?.type === "BertNormalizer" && Boolean(normalizer.strip_accents ?? normalizer.lowercase);
  if (!strips) return normalizer;
  const marks = { type: "Replace", pattern: { Regex: "\\p{Mn}" }, content: "" };
  return { type: "Sequence", normalizers: [normalizer, marks] };
}

function understood(model: Json): Json {
  const merges: unknown = model.merges;
  return {
    ...model,
    // Without a type it falls back to a model that gives other ids.
    type: model.type ?? ("max_input_chars_per_word" in model ? "WordPiece" : undefined),
    ...(Array.isArray(merges) && { merges: merges.map((pair) => (Array.isArray(pair) ? pair.join(" ") : pair)) }),
  };
}
