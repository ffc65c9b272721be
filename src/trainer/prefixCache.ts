/**
 * The output of the frozen layers, text by text. What lies below the lowest trainable layer gives the same for a text in
 * every epoch (its dropout is off), so it is computed once. Stored unpadded, in float32, in memory, as far as that goes.
 */
import { freemem } from "node:os";
import type { Tensor } from "@tensorflow/tfjs-core";
import { markConstant } from "../engine/differentiable.ts";
import { tf } from "../engine/tensorflow.ts";
import { type EncodedText, PackedBatch } from "../models/packedBatch.ts";
import type { Cut, SequenceClassifier } from "../models/sequenceClassifier.ts";
import { breathe } from "./breathe.ts";
import { lengthBatches } from "./lengthBatches.ts";

export class PrefixCache {
  readonly #model: SequenceClassifier;
  readonly #texts: readonly EncodedText[];
  /** Per cut and text `[tokens of the text, hidden]`, or `[hidden]` at the cut before the head. */
  readonly #states = new Map<Cut, readonly Float32Array[]>();

  /** Bytes at most. */
  readonly #limit: number;

  /** `limitBytes`: default, half of the memory that is free now. */
  constructor(model: SequenceClassifier, texts: readonly EncodedText[], limitBytes = freemem() / 2) {
    this.#model = model;
    this.#texts = texts;
    this.#limit = limitBytes;
  }

  has(cut: Cut): boolean {
    return this.#states.has(cut);
  }

  /** Memory in use. */
  get bytes(): number {
    return [...this.#states.values()].flat().reduce((sum, rows) => sum + rows.byteLength, 0);
  }

  /**
   * Computes the cuts that are not there yet, all in one pass; yields the number of texts done. A cut that would go
   * beyond the limit is left out: `rows` computes it anew each time, with the same result.
   */
  async *fill(cuts: readonly Cut[], signal?: AbortSignal): AsyncGenerator<number> {
    const wanted = this.#withinLimit(cuts.filter((cut) => !this.has(cut)));
    if (wanted.length === 0) return;
    const states = new Map(wanted.map((cut) => [cut, new Array<Float32Array>(this.#texts.length)]));
    let done = 0;
    for (const indices of lengthBatches(this.#texts, 64)) {
      signal?.throwIfAborted();
      const batch = PackedBatch.fromTexts(indices.map((index) => this.#texts[index] as EncodedText));
      const computed = new Map<Cut, Float32Array>();
      tf.tidy(() => {
        for (const [cut, tensor] of this.#model.runPrefix(wanted, batch)) {
          computed.set(cut, tensor.dataSync() as Float32Array);
        }
      });
      for (const [cut, rows] of computed) {
        let first = 0;
        for (const index of indices) {
          const size = this.#rowsOf(index, cut) * this.#model.config.hiddenSize;
          (states.get(cut) as Float32Array[])[index] = rows.subarray(first, first + size);
          first += size;
        }
      }
      batch.dispose();
      done += indices.length;
      yield done;
      await breathe();
    }
    for (const [cut, rows] of states) this.#states.set(cut, rows);
  }

  /**
   * What the model computes on from this cut on, for some of the texts: `[tokens, hidden]`, or `[batch, hidden]` before
   * the head. `batch` holds the same texts.
   */
  rows(cut: Cut, indices: ArrayLike<number>, batch: PackedBatch): Tensor {
    if (!this.has(cut)) return markConstant(tf.tidy(() => this.#model.runPrefix([cut], batch).get(cut) as Tensor));
    const hidden = this.#model.config.hiddenSize;
    const parts = Array.from(
      indices,
      (index) => (this.#states.get(cut) as readonly Float32Array[])[index] as Float32Array,
    );
    const joined = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    let first = 0;
    for (const part of parts) {
      joined.set(part, first);
      first += part.length;
    }
    return markConstant(tf.tensor2d(joined, [joined.length / hidden, hidden]));
  }

  /** Forgets the cuts above `cut`: the layers between have trained. */
  dropAbove(cut: Cut): void {
    for (const other of [...this.#states.keys()]) if (other > cut) this.#states.delete(other);
  }

  /** Small cuts first, as many as there is room for. */
  #withinLimit(cuts: readonly Cut[]): Cut[] {
    const sizeOf = (cut: Cut) =>
      4 * this.#model.config.hiddenSize * this.#texts.reduce((sum, _, index) => sum + this.#rowsOf(index, cut), 0);
    let free = this.#limit - this.bytes;
    return [...cuts]
      .sort((a, b) => sizeOf(a) - sizeOf(b))
      .filter((cut) => {
        const size = sizeOf(cut);
        const fits = size <= free;
        if (fits) free -= size;
        return fits;
      });
  }

  #rowsOf(index: number, cut: Cut): number {
    return cut === this.#model.depth ? 1 : (this.#texts[index] as EncodedText).inputIds.length;
  }
}
