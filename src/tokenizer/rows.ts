/** Turns encoded texts into model inputs: truncates them, adds the special tokens, and pads them to one length. */

import { ThawError } from "../errors.ts";
import { isObject } from "../platform/foreignFile.ts";

/** The model inputs of a batch: three arrays, each `[batch, tokens]`. Without padding the rows differ in length. */
export interface BatchEncoding {
  /** Token ids, special tokens included: `[batch, tokens]`. */
  readonly inputIds: number[][];
  /** Attention mask, 1 for tokens of the example, 0 for padding: `[batch, tokens]`. */
  readonly attentionMask: number[][];
  /** Token types, in most models 0 for the first text and 1 for the second text of a pair: `[batch, tokens]`. */
  readonly tokenTypeIds: number[][];
}

/** One encoded text or pair without padding: ids and token types, each `[tokens]`. */
export interface UnpaddedText {
  /** Ids of the tokens, `[tokens]`. */
  readonly inputIds: Int32Array;
  /** Token types, `[tokens]`. */
  readonly tokenTypeIds: Int32Array;
}

/**
 * The part of a tokenizer library that is used. Special tokens, truncation and padding are added on top of it, in the
 * same way for all libraries.
 */
export interface TokenizerBackend {
  /** The library that splits texts into tokens; "brought": a tokenizer object of the user's. */
  readonly name: "native" | "xenova" | "brought";
  /** Encodes each text as token ids, without special tokens, padding or truncation. */
  encode(texts: readonly string[]): Int32Array[];
  /** Decodes ids into text, with or without special tokens. */
  decode(ids: readonly number[], skipSpecialTokens: boolean): string;
}

/** The possible limits of an input's length, in tokens. */
export interface LimitSources {
  /**
   * The limit by the tokenizer's files and the positions of the model in the same folder; Infinity if they set none.
   */
  readonly modelMaxLength: number;
  /** Number of positions of the model in use; undefined or Infinity if unlimited. */
  readonly positions?: number | undefined;
  /** The limit set by the user, which takes precedence over the tokenizer's files. Default: none. */
  readonly maxLength?: number | undefined;
}

/** The limit in tokens if no other is known. */
const unknownLength = 512;

/**
 * Computes the number of tokens to which an example is truncated, special tokens included: `maxLength`, or else the
 * limit of the tokenizer's files, but never more than the model has positions for; 512 if there is no limit. The
 * tokenizer, trainer, export and saved files all use this rule.
 */
export function tokenLimit({ modelMaxLength, positions = Number.POSITIVE_INFINITY, maxLength }: LimitSources): number {
  const limit = Math.min(maxLength ?? modelMaxLength, positions);
  return Number.isFinite(limit) ? limit : unknownLength;
}

/** A side of a text: `"left"` is its beginning. */
export type Side = "left" | "right";
/** The text of a pair that is truncated, by Hugging Face's names: the longer one first, or only the first or second. */
export type TruncationStrategy = "longest_first" | "only_first" | "only_second";

/** A run of special tokens. */
interface Run {
  readonly ids: readonly number[];
  readonly typeIds: readonly number[];
}

/** The special tokens around a single text or a pair; `between` is empty for a single text. */
export interface Template {
  readonly before: Run;
  readonly between: Run;
  readonly after: Run;
  readonly firstTypeId: number;
  readonly secondTypeId: number;
  /** The number of special tokens. */
  readonly specials: number;
}

/** The templates of a tokenizer for single texts and for pairs. */
export interface Templates {
  readonly single: Template;
  readonly pair: Template;
}

/**
 * Reads the templates out of the `post_processor` of a `tokenizer.json`. Throws an Error if it names a token without an
 * id or uses a text twice.
 */
export function templatesIn(postProcessor: unknown): Templates {
  const part = isObject(postProcessor) ? postProcessor : {};
  switch (part.type) {
    case "Sequence": {
      const parts = Array.isArray(part.processors) ? part.processors : [];
      const placing = parts.filter((each) => !isObject(each) || each.type !== "ByteLevel");
      if (placing.length > 1) throw new Error("its post_processor places special tokens twice");
      return templatesIn(placing[0]);
    }
    case "TemplateProcessing": {
      const tokens = isObject(part.special_tokens) ? part.special_tokens : {};
      return {
        single: templateOf(stepsOf(part.single, tokens), false),
        pair: templateOf(stepsOf(part.pair, tokens), true),
      };
    }
    case "RobertaProcessing": {
      const [cls, sep] = [numbered(part.cls), numbered(part.sep)];
      return templates([cls, "A", sep], [cls, "A", sep, sep, "B", sep]);
    }
    case "BertProcessing": {
      const [cls, sep] = [numbered(part.cls), numbered(part.sep)];
      const [second, closing] = [{ text: "B", typeId: 1 } as const, { ids: [sep], typeId: 1 }];
      return templates([cls, "A", sep], [cls, "A", sep, second, closing]);
    }
    case "ByteLevel":
    case undefined:
      return templates(["A"], ["A", { text: "B", typeId: 1 }]);
    default:
      throw new Error(`its post_processor is of the unknown type ${JSON.stringify(part.type)}`);
  }
}

/** An item of a template: a text or special tokens. */
type Step =
  | { readonly text: "A" | "B"; readonly typeId: number }
  | { readonly ids: readonly number[]; readonly typeId: number };

/** Makes templates from lists of items. Token types are 0 unless an item sets another. */
function templates(
  single: readonly (Step | number | "A" | "B")[],
  pair: readonly (Step | number | "A" | "B")[],
): Templates {
  const step = (each: Step | number | "A" | "B"): Step =>
    typeof each === "object" ? each : typeof each === "number" ? { ids: [each], typeId: 0 } : { text: each, typeId: 0 };
  return { single: templateOf(single.map(step), false), pair: templateOf(pair.map(step), true) };
}

function stepsOf(steps: unknown, tokens: Readonly<Record<string, unknown>>): Step[] {
  if (!Array.isArray(steps)) throw new Error("its post_processor has no template");
  return steps.map((each: unknown): Step => {
    const { Sequence: text, SpecialToken: special } = isObject(each) ? each : {};
    const named = isObject(text) ? text : isObject(special) ? special : {};
    const typeId = Number.isSafeInteger(named.type_id) ? (named.type_id as number) : 0;
    if (isObject(text)) return { text: text.id === "B" ? "B" : "A", typeId };
    const known = Object.hasOwn(tokens, String(named.id)) ? tokens[String(named.id)] : undefined;
    if (isObject(known) && Array.isArray(known.ids) && known.ids.every(Number.isSafeInteger))
      return { ids: known.ids, typeId };
    throw new Error(`its post_processor names the token ${JSON.stringify(named.id)}, which its special_tokens lack`);
  });
}

function numbered(pair: unknown): number {
  if (Array.isArray(pair) && Number.isSafeInteger(pair[1])) return pair[1] as number;
  throw new Error("its post_processor has no ids");
}

function templateOf(steps: readonly Step[], isPair: boolean): Template {
  const texts = steps.flatMap((step) => ("text" in step ? [step.text] : []));
  if (texts.join("") !== (isPair ? "AB" : "A")) {
    throw new Error(`its post_processor has the texts ${texts.join(", ")} for ${isPair ? "a pair" : "one text"}`);
  }
  const runs: { ids: number[]; typeIds: number[] }[] = [{ ids: [], typeIds: [] }];
  const typeIds: number[] = [];
  for (const step of steps) {
    const run = runs.at(-1);
    if ("text" in step) {
      typeIds.push(step.typeId);
      runs.push({ ids: [], typeIds: [] });
    } else {
      run?.ids.push(...step.ids);
      run?.typeIds.push(...step.ids.map(() => step.typeId));
    }
  }
  const none: Run = { ids: [], typeIds: [] };
  const [before = none, between = none, after = between] = runs;
  return {
    before,
    between: isPair ? between : none,
    after,
    firstTypeId: typeIds[0] ?? 0,
    secondTypeId: typeIds[1] ?? 0,
    specials: runs.reduce((sum, { ids }) => sum + ids.length, 0),
  };
}

/** How examples are truncated; undefined for no truncation. */
export interface Truncation {
  /** Largest length of an example in tokens, special tokens included. */
  readonly maxLength: number;
  readonly strategy: TruncationStrategy;
  /** The side from which tokens are removed. */
  readonly side: Side;
}

/** Truncates an encoded text or pair and adds the special tokens. Errors: `BAD_MAX_LENGTH`. */
export function rowOf(
  template: Template,
  first: Int32Array,
  second: Int32Array | undefined,
  truncation: Truncation | undefined,
): UnpaddedText {
  if (truncation === undefined) return fill(template, first, second);
  const { maxLength, strategy, side } = truncation;
  if (!(Number.isSafeInteger(maxLength) && maxLength >= template.specials)) {
    throw new ThawError(
      "BAD_MAX_LENGTH",
      `maxLength is ${maxLength}: use an integer from ${template.specials} (the special tokens alone) on, such as 128.`,
    );
  }
  const cut = (ids: Int32Array, length: number) =>
    side === "right" ? ids.subarray(0, length) : ids.subarray(ids.length - length);
  const room = maxLength - template.specials;
  const [keptFirst, keptSecond] = keptLengths(first.length, second?.length, room, strategy);
  return fill(template, cut(first, keptFirst), second === undefined ? undefined : cut(second, keptSecond));
}

/**
 * Computes the number of tokens to keep of each text of a pair. Ported from tokenizers 0.23, `utils/truncation.rs`,
 * `truncate_encodings`.
 */
function keptLengths(
  first: number,
  second: number | undefined,
  room: number,
  strategy: TruncationStrategy,
): [number, number] {
  const excess = first + (second ?? 0) - room;
  if (excess <= 0) return [first, second ?? 0];
  if (strategy === "longest_first") return second === undefined ? [room, 0] : longestFirst(first, second, room);
  if (strategy === "only_first" && first > excess) return [first - excess, second ?? 0];
  if (strategy === "only_second" && second !== undefined && second > excess) return [first, second - excess];
  const what = strategy === "only_first" ? "the first text" : "the second text";
  throw new ThawError(
    "BAD_MAX_LENGTH",
    `truncation is "${strategy}", but even without ${what} there is too much for maxLength by ${excess} tokens or more` +
      `${strategy === "only_second" && second === undefined ? ", since there is no second one" : ""}. ` +
      "Use truncation: true, which cuts the longer text first, or a larger maxLength.",
  );
}

/**
 * Divides `room` tokens between the two texts: the longer text is cut first; if both are too long each gets half, and
 * the longer one the odd token.
 */
function longestFirst(first: number, second: number, room: number): [first: number, second: number] {
  const shorter = Math.min(first, second);
  const longer = shorter > room ? shorter : Math.max(shorter, room - shorter);
  const [short, long] = shorter + longer > room ? [room >> 1, (room >> 1) + (room % 2)] : [shorter, longer];
  return first > second ? [long, short] : [short, long];
}

/** Adds the special tokens to texts that are short enough. */
function fill(template: Template, first: Int32Array, second: Int32Array | undefined): UnpaddedText {
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

/** Pads every row to `length` tokens; a longer one stays as it is. */
export function pad(rows: readonly UnpaddedText[], length: number, padId: number, side: Side): BatchEncoding {
  const fillUp = (values: ArrayLike<number>, filler: number): number[] => {
    const padding = new Array<number>(Math.max(0, length - values.length)).fill(filler);
    return side === "right" ? [...Array.from(values), ...padding] : [...padding, ...Array.from(values)];
  };
  return {
    inputIds: rows.map(({ inputIds }) => fillUp(inputIds, padId)),
    attentionMask: rows.map(({ inputIds }) => fillUp(new Uint8Array(inputIds.length).fill(1), 0)),
    tokenTypeIds: rows.map(({ tokenTypeIds }) => fillUp(tokenTypeIds, 0)),
  };
}
