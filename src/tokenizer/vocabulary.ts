/**
 * Reads the vocabulary of a tokenizer from its `tokenizer.json` or from its older vocabulary files. A sentencepiece
 * model is a protocol buffer (google/sentencepiece, src/sentencepiece_model.proto).
 */

import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { isObject } from "../platform/foreignFile.ts";
import type { TokenizerClass } from "./classes.ts";
import type { Settings } from "./folder.ts";

/** A component in `tokenizer.json`, in the format of the library `tokenizers`. */
export type Part = Readonly<Record<string, unknown>>;

type Merge = readonly [left: string, right: string];
export type ScoredPiece = readonly [token: string, score: number];

/** A token that is matched in a text before normalisation and splitting. */
export interface AddedToken {
  readonly content: string;
  readonly singleWord: boolean;
  /** Whether the token absorbs the white space before it. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Whether the token is matched in the normalised text. */
  readonly normalized: boolean;
  /** Whether the token is omitted when ids are decoded without special tokens. */
  readonly special: boolean;
}

export type Vocabulary =
  | { readonly kind: "WordPiece"; readonly ids: Readonly<Record<string, number>> }
  | { readonly kind: "BPE"; readonly ids: Readonly<Record<string, number>>; readonly merges: readonly Merge[] }
  | {
      readonly kind: "Unigram";
      readonly pieces: readonly ScoredPiece[];
      /** The compiled character replacements of the normaliser, in base 64; undefined if there are none. */
      readonly charsMap: string | undefined;
      /** Settings that only a sentencepiece model declares; undefined for a `tokenizer.json`. */
      readonly declared?: {
        readonly unknownId: number;
        /** Tokens that are never split. */
        readonly tokens: readonly AddedToken[];
      };
    };

/** Reads the vocabulary of a `tokenizer.json`. Throws an Error if it has none of this kind. */
export function vocabularyIn(json: Part, kind: Vocabulary["kind"]): Vocabulary {
  const model = isObject(json.model) ? json.model : {};
  const { vocab } = model;
  if (kind === "Unigram") {
    if (!Array.isArray(vocab) || vocab.length === 0 || !vocab.every(isScored)) {
      throw new Error('"vocab" must be a list of tokens with their scores');
    }
    return { kind, pieces: vocab, charsMap: charsMapIn(json.normalizer) };
  }
  const ids = Array.isArray(vocab) ? Object.fromEntries(vocab.map((token, id) => [contentOf(token), id])) : vocab;
  if (!isObject(ids) || !Object.values(ids).every(isId)) throw new Error('"vocab" must give each token its id');
  if (kind === "WordPiece") return { kind, ids: ids as Record<string, number> };
  return { kind, ids: ids as Record<string, number>, merges: mergesIn(model.merges) };
}

const isId = (id: unknown): boolean => Number.isSafeInteger(id) && (id as number) >= 0;
const isScored = (entry: unknown): boolean =>
  Array.isArray(entry) && entry.length === 2 && typeof entry[0] === "string" && typeof entry[1] === "number";
const contentOf = (token: unknown): string => String(Array.isArray(token) ? token[0] : token);

/** Reads BPE merges: pairs of tokens, in older files two tokens separated by a space. */
function mergesIn(merges: unknown): Merge[] {
  if (merges === undefined) return [];
  if (!Array.isArray(merges)) throw new Error('"merges" must be a list');
  return merges.map((merge: unknown, number) => {
    const parts = typeof merge === "string" ? merge.split(" ") : merge;
    if (Array.isArray(parts) && parts.length === 2 && parts.every((part) => typeof part === "string")) {
      return parts as unknown as Merge;
    }
    throw new Error(`merge ${number} is no pair of tokens`);
  });
}

/** Finds the first compiled character replacements in a normaliser or its parts. */
function charsMapIn(normalizer: unknown): string | undefined {
  if (!isObject(normalizer)) return undefined;
  const parts = normalizer.type === "Sequence" ? normalizer.normalizers : [normalizer];
  if (!Array.isArray(parts)) return undefined;
  const compiled = parts.find(
    (part) => isObject(part) && part.type === "Precompiled" && "precompiled_charsmap" in part,
  );
  return compiled === undefined ? undefined : String((compiled as Settings).precompiled_charsmap);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads the vocabulary from the files that the class names. Throws an Error if they are not a vocabulary of its kind.
 */
export function vocabularyOf(files: readonly Buffer[], { vocabulary: kind }: TokenizerClass): Vocabulary {
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = files;
  if (kind === "WordPiece") return { kind, ids: idsOfLines(utf8.decode(first)) };
  if (kind === "BPE") return { kind, ids: idsOfJson(utf8.decode(first)), merges: mergesOfLines(utf8.decode(second)) };
  const { pieces, unknownId, charsMap } = readSentencePiece(first);
  return {
    kind,
    pieces: pieces.map(({ text, score }) => [text, score]),
    charsMap: charsMap === undefined ? undefined : Buffer.from(charsMap).toString("base64"),
    declared: {
      unknownId,
      tokens: pieces.filter(({ type }) => type === "control" || type === "user").map(indivisible),
    },
  };
}

/** White space that Rust's `trim_end` removes: Unicode's White_Space, which differs from JavaScript's. */
const trailingSpace = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/;

/** Reads `vocab.txt`: one token per line; its id is the number of the line, from 0. */
function idsOfLines(text: string): Record<string, number> {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return Object.fromEntries(lines.map((line, id) => [line.replace(trailingSpace, ""), id]));
}

function idsOfJson(text: string): Record<string, number> {
  const json: unknown = JSON.parse(text);
  if (!isObject(json)) throw new Error("vocab.json is no JSON object");
  const wrong = Object.entries(json).find(([, id]) => !isId(id));
  if (wrong !== undefined) throw new Error(`vocab.json gives ${JSON.stringify(wrong[0])} no id`);
  return json as Record<string, number>;
}

function mergesOfLines(text: string): Merge[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.flatMap((line, number): Merge[] => {
    const content = line.replace(/\r$/, "");
    if (content.startsWith("#version")) return [];
    const [left, right, ...more] = content.split(" ");
    if (left === undefined || right === undefined || more.length > 0) {
      throw new Error(`line ${number + 1} of merges.txt is no pair of tokens`);
    }
    return [[left, right]];
  });
}

function indivisible({ text, type }: Piece): AddedToken {
  return {
    content: text,
    singleWord: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: type === "control",
  };
}

interface Piece {
  readonly text: string;
  /** Log probability of the piece. */
  readonly score: number;
  readonly type: "normal" | "unknown" | "control" | "user" | "unused" | "byte";
}

interface SentencePieceModel {
  readonly pieces: readonly Piece[];
  readonly unknownId: number;
  /** The compiled character replacements of the normaliser; undefined if there are none. */
  readonly charsMap: Uint8Array | undefined;
}

const pieceTypes = ["normal", "unknown", "control", "user", "unused", "byte"] as const;
const algorithms = ["unigram", "bpe", "word", "char"] as const;

/** Reads a sentencepiece model. Throws an Error for any other file, and for another algorithm than Unigram. */
function readSentencePiece(bytes: Uint8Array): SentencePieceModel {
  const pieces: Piece[] = [];
  let trainer = { algorithm: 1, unknownId: 0 };
  let charsMap: Uint8Array | undefined;
  eachField(bytes, (field, reader) => {
    if (field === 1) pieces.push(readPiece(reader.bytes()));
    else if (field === 2) trainer = readTrainer(reader.bytes());
    else if (field === 3) charsMap = readCharsMap(reader.bytes());
    else return false;
    return true;
  });
  if (pieces.length === 0) throw new Error("it has no pieces, so it is no sentencepiece model");
  if (trainer.algorithm !== 1) {
    throw new Error(`its algorithm is ${algorithms[trainer.algorithm - 1] ?? trainer.algorithm}, only unigram is read`);
  }
  return { pieces, unknownId: trainer.unknownId, charsMap };
}

function readPiece(bytes: Uint8Array): Piece {
  let [text, score, type] = ["", 0, 1];
  eachField(bytes, (field, reader) => {
    if (field === 1) text = reader.string();
    else if (field === 2) score = reader.float();
    else if (field === 3) type = reader.int32();
    else return false;
    return true;
  });
  const named = pieceTypes[type - 1];
  if (named === undefined) throw new Error(`its piece ${JSON.stringify(text)} has the unknown type ${type}`);
  return { text, score, type: named };
}

function readTrainer(bytes: Uint8Array): { algorithm: number; unknownId: number } {
  const spec = { algorithm: 1, unknownId: 0 };
  eachField(bytes, (field, reader) => {
    if (field === 3) spec.algorithm = reader.int32();
    else if (field === 40) spec.unknownId = reader.int32();
    else return false;
    return true;
  });
  return spec;
}

function readCharsMap(bytes: Uint8Array): Uint8Array | undefined {
  let map: Uint8Array | undefined;
  eachField(bytes, (field, reader) => {
    if (field !== 2) return false;
    map = reader.bytes();
    return true;
  });
  return map?.length === 0 ? undefined : map;
}

/**
 * Reads the fields of a message one after the other. `read` reads the value of a field and returns true, or returns
 * false to skip an unknown field.
 */
function eachField(bytes: Uint8Array, read: (field: number, reader: BinaryReader) => boolean): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === WireType.StartGroup || wireType === WireType.EndGroup)
      throw new Error("it is no sentencepiece model");
    if (!read(field, reader)) reader.skip(wireType, field);
  }
}
