/**
 * How the texts of a batch lie in one matrix without padding. Every op but attention works token by token, so a batch
 * travels as `[tokens, hidden]`, text after text; only attention has to know where each text begins.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { gatherRows, scatterRows } from "../engine/ops.ts";
import { tf } from "../engine/tensorflow.ts";

/** The tensors of a layout are kept until `dispose`. */
export class Packing {
  readonly lengths: readonly number[];
  readonly batch: number;
  readonly maxLength: number;
  readonly tokens: number;
  /** Index of each text's first token. */
  readonly firstTokens: Int32Array;
  /** `[batch, 1, 1, maxLength]`: 0 for a token, -1e30 for padding; undefined where nothing is padded. */
  readonly mask: Tensor | undefined;
  readonly #rows: Tensor | undefined; //  [tokens]: where each token goes in the padded matrix
  readonly #rowsColumn: Tensor | undefined; // the same as [tokens, 1]

  constructor(lengths: readonly number[]) {
    this.lengths = lengths;
    this.batch = lengths.length;
    this.maxLength = Math.max(...lengths);
    this.tokens = lengths.reduce((sum, length) => sum + length, 0);
    this.firstTokens = new Int32Array(this.batch);
    const rows = new Int32Array(this.tokens);
    const mask = new Float32Array(this.batch * this.maxLength).fill(-1e30);
    let token = 0;
    lengths.forEach((length, text) => {
      this.firstTokens[text] = token;
      mask.fill(0, text * this.maxLength, text * this.maxLength + length);
      for (let i = 0; i < length; i++) rows[token++] = text * this.maxLength + i;
    });
    if (this.tokens === this.batch * this.maxLength) return;
    this.mask = tf.keep(tf.tensor(mask, [this.batch, 1, 1, this.maxLength]));
    this.#rows = tf.keep(tf.tensor1d(rows, "int32"));
    this.#rowsColumn = tf.keep(tf.tensor2d(rows, [this.tokens, 1], "int32"));
  }

  /** `[tokens, width]` -> `[batch, maxLength, width]`, zeros on padding. No gradient. */
  pad(packed: Tensor): Tensor {
    const width = packed.shape[1] as number;
    const shape = [this.batch, this.maxLength, width];
    if (this.#rowsColumn === undefined) return packed.reshape(shape);
    const size = tf.tensor1d([this.batch * this.maxLength, width], "int32");
    return scatterRows(packed, this.#rowsColumn, size).reshape(shape);
  }

  /** The reverse: `[batch, maxLength, width]` -> `[tokens, width]`. No gradient. */
  unpad(padded: Tensor): Tensor {
    const flat = padded.reshape([this.batch * this.maxLength, padded.shape[2] as number]);
    return this.#rows === undefined ? flat : gatherRows(flat, this.#rows);
  }

  dispose(): void {
    this.mask?.dispose();
    this.#rows?.dispose();
    this.#rowsColumn?.dispose();
  }
}
