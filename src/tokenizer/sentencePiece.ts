/** Reads a sentencepiece model: a protocol buffer (google/sentencepiece, src/sentencepiece_model.proto). */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

export interface Piece {
  readonly text: string;
  /** Log probability. */
  readonly score: number;
  readonly type: "normal" | "unknown" | "control" | "user" | "unused" | "byte";
}

export interface SentencePieceModel {
  readonly pieces: readonly Piece[];
  readonly unknownId: number;
  /** How characters are replaced before anything else, compiled; undefined: not at all. */
  readonly charsMap: Uint8Array | undefined;
}

const pieceTypes = ["normal", "unknown", "control", "user", "unused", "byte"] as const;
const algorithms = ["unigram", "bpe", "word", "char"] as const;

/** Throws an Error for what is no such file, and for another algorithm than Unigram. */
export function readSentencePiece(bytes: Uint8Array): SentencePieceModel {
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

/** `read` takes the value of a field and says whether it did; fields that it does not know are passed over. */
function eachField(bytes: Uint8Array, read: (field: number, reader: BinaryReader) => boolean): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === WireType.StartGroup || wireType === WireType.EndGroup)
      throw new Error("it is no sentencepiece model");
    if (!read(field, reader)) reader.skip(wireType, field);
  }
}
