/** A batch packed without padding, on which models compute. */
import { ThawError } from "../errors.ts";
import { Packing } from "../nn/packing.ts";

/** The text of one example, or its pair of texts, as token ids. */
export interface EncodedText {
  readonly inputIds: ArrayLike<number>;
  /** Token types, `[tokens]`: 0 for the first text, 1 for the second. Default: all 0. */
  readonly tokenTypeIds?: ArrayLike<number>;
}

/** A padded batch as tokenizers return it, each `[batch, tokens]`. */
export interface PaddedBatch {
  /** Ids of the tokens, `[batch, tokens]`. */
  readonly inputIds: readonly ArrayLike<number>[];
  /** Attention mask, `[batch, tokens]`: 1 for a token, 0 for padding. Default: all 1. */
  readonly attentionMask?: readonly ArrayLike<number>[];
  /** Token types, `[batch, tokens]`: 1 for tokens of a second text. Default: all 0. */
  readonly tokenTypeIds?: readonly ArrayLike<number>[];
}

/**
 * The tokens of a batch, one example after the other: ids, types and positions, each `[tokens]`. A position is the
 * token's column in the padded batch. It owns tensors: `dispose()` frees them.
 */
export class PackedBatch {
  readonly packing: Packing;
  readonly inputIds: Int32Array;
  readonly tokenTypeIds: Int32Array;
  readonly positions: Int32Array;
  /** Number of columns of each example, padding included: `[batch]`. */
  readonly columns: Int32Array;

  private constructor(
    packing: Packing,
    inputIds: Int32Array,
    tokenTypeIds: Int32Array,
    positions: Int32Array,
    columns: Int32Array,
  ) {
    this.packing = packing;
    this.inputIds = inputIds;
    this.tokenTypeIds = tokenTypeIds;
    this.positions = positions;
    this.columns = columns;
  }

  static fromTexts(texts: readonly EncodedText[]): PackedBatch {
    const packing = new Packing(texts.map((text) => text.inputIds.length));
    const ids = new Int32Array(packing.tokens);
    const types = new Int32Array(packing.tokens);
    const positions = new Int32Array(packing.tokens);
    texts.forEach((text, index) => {
      const first = packing.firstTokens[index] as number;
      ids.set(text.inputIds, first);
      if (text.tokenTypeIds !== undefined) types.set(text.tokenTypeIds, first);
      for (let i = 0; i < text.inputIds.length; i++) positions[first + i] = i;
    });
    return new PackedBatch(packing, ids, types, positions, Int32Array.from(packing.lengths));
  }

  static fromPadded({ inputIds, attentionMask, tokenTypeIds }: PaddedBatch): PackedBatch {
    if (!Array.isArray(inputIds) || inputIds.some((row) => typeof row !== "object" || row === null)) {
      throw new ThawError(
        "BAD_BATCH",
        "A batch has inputIds, a list of token ids for each text: give what the tokenizer returns for a list of texts.",
      );
    }
    const columns = inputIds.map((row, text) => {
      const mask = attentionMask?.[text];
      const kept = Array.from(row, (_, column) => column).filter((column) => mask === undefined || mask[column] !== 0);
      if (kept.length > 0) return kept;
      throw new ThawError(
        "BAD_BATCH",
        `Text ${text} of the batch has no token (its attention mask is all 0, or it is empty). ` +
          "Encode it with the tokenizer, which adds the special tokens even to an empty text.",
      );
    });
    const pick = (rows: readonly ArrayLike<number>[] | undefined) =>
      Int32Array.from(columns.flatMap((kept, text) => kept.map((column) => rows?.[text]?.[column] ?? 0)));
    const packing = new Packing(columns.map((kept) => kept.length));
    const widths = Int32Array.from(inputIds, (row) => row.length);
    return new PackedBatch(packing, pick(inputIds), pick(tokenTypeIds), Int32Array.from(columns.flat()), widths);
  }

  dispose(): void {
    this.packing.dispose();
  }
}

/**
 * Computes the positions of RoBERTa and MPNet, `[tokens]`: `padding + 1` for the first token of an example and counting
 * on from there; tokens with the padding's id have position `padding` and are not counted
 * (`create_position_ids_from_input_ids` of transformers).
 */
export function positionsAfterPadding({ inputIds, packing }: PackedBatch, padding: number): Int32Array {
  const positions = new Int32Array(inputIds.length);
  packing.lengths.forEach((length, text) => {
    const first = packing.firstTokens[text] as number;
    let position = padding;
    for (let i = first; i < first + length; i++) {
      const isPadding = inputIds[i] === padding;
      if (!isPadding) position += 1;
      positions[i] = isPadding ? padding : position;
    }
  });
  return positions;
}
