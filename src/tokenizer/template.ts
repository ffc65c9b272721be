/** Where a model's special tokens go, found out by asking the tokenizer: the same for any library and any family. */
import { ThawError } from "../errors.ts";
import type { EncodedWithSpecials, TokenizerBackend } from "./backend.ts";

/** A run of special tokens; all three have the same meaning for one text (`between` is then empty) and for two. */
interface Run {
  readonly ids: readonly number[];
  readonly typeIds: readonly number[];
}

export interface Template {
  readonly before: Run;
  readonly between: Run;
  readonly after: Run;
  readonly firstTypeId: number;
  readonly secondTypeId: number;
  /** Number of special tokens. */
  readonly specials: number;
}

const probes = ["a", "b"] as const;

/** The template for one text: `[CLS] text [SEP]`. */
export function singleTemplate(backend: TokenizerBackend): Template {
  const encoded = backend.encodeWithSpecials(probes[0]);
  const first = locate(encoded, probe(backend, probes[0]), 0);
  return {
    before: run(encoded, 0, first.start),
    between: run(encoded, 0, 0),
    after: run(encoded, first.end),
    firstTypeId: encoded.typeIds[first.start] ?? 0,
    secondTypeId: 0,
    specials: encoded.ids.length - (first.end - first.start),
  };
}

/** The template for two texts: `[CLS] first [SEP] second [SEP]`. */
export function pairTemplate(backend: TokenizerBackend): Template {
  const encoded = backend.encodeWithSpecials(probes[0], probes[1]);
  const first = locate(encoded, probe(backend, probes[0]), 0);
  const second = locate(encoded, probe(backend, probes[1]), first.end);
  return {
    before: run(encoded, 0, first.start),
    between: run(encoded, first.end, second.start),
    after: run(encoded, second.end),
    firstTypeId: encoded.typeIds[first.start] ?? 0,
    secondTypeId: encoded.typeIds[second.start] ?? 0,
    specials: encoded.ids.length - (first.end - first.start) - (second.end - second.start),
  };
}

function probe(backend: TokenizerBackend, text: string): Int32Array {
  return backend.encode([text])[0] ?? new Int32Array(0);
}

function locate({ ids }: EncodedWithSpecials, part: Int32Array, from: number): { start: number; end: number } {
  for (let start = from; part.length > 0 && start + part.length <= ids.length; start++) {
    if (part.every((id, i) => id === ids[start + i])) return { start, end: start + part.length };
  }
  throw new ThawError(
    "BAD_TOKENIZER",
    `The tokenizer gives [${[...part]}] for a probe without special tokens and [${[...ids]}] with them: the one is not in ` +
      "the other, so its special tokens cannot be placed. Check tokenizer.json.",
  );
}

function run({ ids, typeIds }: EncodedWithSpecials, start: number, end = ids.length): Run {
  return { ids: ids.slice(start, end), typeIds: typeIds.slice(start, end) };
}

/** One encoded text or pair: ids and segment ids, `[tokens]`. */
export interface UnpaddedText {
  readonly inputIds: Int32Array;
  readonly tokenTypeIds: Int32Array;
}

/** Puts the special tokens around content that is already short enough. */
export function fillTemplate(template: Template, first: Int32Array, second?: Int32Array): UnpaddedText {
  const length = template.specials + first.length + (second?.length ?? 0);
  const inputIds = new Int32Array(length);
  const tokenTypeIds = new Int32Array(length);
  let at = 0;
  const put = (ids: ArrayLike<number>, typeIds: ArrayLike<number> | number): void => {
    inputIds.set(ids, at);
    if (typeof typeIds === "number") tokenTypeIds.fill(typeIds, at, at + ids.length);
    else tokenTypeIds.set(typeIds, at);
    at += ids.length;
  };
  put(template.before.ids, template.before.typeIds);
  put(first, template.firstTypeId);
  if (second !== undefined) {
    put(template.between.ids, template.between.typeIds);
    put(second, template.secondTypeId);
  }
  put(template.after.ids, template.after.typeIds);
  return { inputIds, tokenTypeIds };
}
