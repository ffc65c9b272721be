/**
 * The layout of a batch whose examples lie in one matrix without padding. Every op except attention works token by
 * token, so a batch is passed as `[tokens, hidden]`, one example after the other; only attention needs to know where
 * each example begins.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { gatherRows, scatterRows } from "../tensor/ops.ts";
import { tf } from "../tensor/tensorflow.ts";

/** The tokens whose outputs are needed: all of each example, its first, or its last. */
export type QueryRows = "all" | "first" | "last";

/**
 * The layout of one batch. Its tensors are made at first use and kept until `dispose`; a later backward pass makes them
 * again.
 */
export class Packing {
  /** Tokens of each example. */
  readonly lengths: readonly number[];
  /** Number of examples. */
  readonly batch: number;
  /** Tokens of the longest example. */
  readonly maxLength: number;
  /** Tokens of all examples together. */
  readonly tokens: number;
  /** Index of each example's first token. */
  readonly firstTokens: Int32Array;
  readonly #kept = new Map<string, Tensor>();
  #isDisposed = false;

  constructor(lengths: readonly number[]) {
    this.lengths = lengths;
    this.batch = lengths.length;
    this.maxLength = Math.max(...lengths);
    this.firstTokens = new Int32Array(this.batch);
    let tokens = 0;
    lengths.forEach((length, example) => {
      this.firstTokens[example] = tokens;
      tokens += length;
    });
    this.tokens = tokens;
  }

  /** Returns the index of each example's first or last token, `[batch]`; undefined for all tokens. */
  rowsOf(queryRows: QueryRows = "all"): Int32Array | undefined {
    if (queryRows === "all") return undefined;
    if (queryRows === "first") return this.firstTokens;
    return this.firstTokens.map((first, example) => first + (this.lengths[example] as number) - 1);
  }

  /** The lengths for a native op: int32 `[batch]`. */
  get lengthsTensor(): Tensor {
    return this.#once("lengths", () => tf.tensor1d([...this.lengths], "int32"));
  }

  /**
   * The additive attention mask, `[batch, 1, 1, maxLength]`: 0 for a token, -1e30 for padding; undefined if nothing is
   * padded.
   */
  get mask(): Tensor | undefined {
    if (this.#isFull) return undefined;
    return this.#once("mask", () => tf.tensor(this.#maskValues(), [this.batch, 1, 1, this.maxLength]));
  }

  /** Pads a matrix: `[tokens, width]` -> `[batch, maxLength, width]`, with zeros on padding. No gradient. */
  pad(packed: Tensor): Tensor {
    const width = packed.shape[1] as number;
    const shape = [this.batch, this.maxLength, width];
    if (this.#isFull) return packed.reshape(shape);
    const size = tf.tensor1d([this.batch * this.maxLength, width], "int32");
    return scatterRows(packed, this.#paddedRows.reshape([this.tokens, 1]), size).reshape(shape);
  }

  /** Removes the padding: `[batch, maxLength, width]` -> `[tokens, width]`. No gradient. */
  unpad(padded: Tensor): Tensor {
    const flat = padded.reshape([this.batch * this.maxLength, padded.shape[2] as number]);
    return this.#isFull ? flat : gatherRows(flat, this.#paddedRows);
  }

  dispose(): void {
    for (const tensor of this.#kept.values()) tensor.dispose();
    this.#kept.clear();
    this.#isDisposed = true;
  }

  #once(name: string, make: () => Tensor): Tensor {
    const before = this.#kept.get(name);
    if (before !== undefined) return before;
    const tensor = make();
    if (!this.#isDisposed) this.#kept.set(name, tf.keep(tensor));
    return tensor;
  }

  get #isFull(): boolean {
    return this.tokens === this.batch * this.maxLength;
  }

  /** The row of each token in the padded matrix, int32 `[tokens]`. */
  get #paddedRows(): Tensor {
    const rows = () =>
      Int32Array.from(
        this.lengths.flatMap((length, example) => Array.from({ length }, (_, i) => example * this.maxLength + i)),
      );
    return this.#once("rows", () => tf.tensor1d(rows(), "int32"));
  }

  #maskValues(): Float32Array {
    const mask = new Float32Array(this.batch * this.maxLength).fill(-1e30);
    this.lengths.forEach((length, example) => {
      mask.fill(0, example * this.maxLength, example * this.maxLength + length);
    });
    return mask;
  }
}
