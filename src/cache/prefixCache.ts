/**
 * Stores the outputs of the frozen layers, example by example. The layers below the lowest trainable one have the same
 * output for an example in every epoch (their dropout is off), so they are computed once. Their outputs are computed in
 * the run's precision and stored unpadded, in float32, in memory while there is room, then on the disk. The pass uses
 * batches of its own. With the ops of native/ an example has the same bits in every batch, so a cached run equals an
 * uncached one bit for bit. Without them, and for families with composed attention, that holds only for batches of the
 * same shape; others differ in the last bits.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { formatBytes } from "../display/numbers.ts";
import { type EncodedText, PackedBatch } from "../models/packedBatch.ts";
import type { Cut, SequenceClassifier } from "../models/sequenceClassifier.ts";
import { isFiniteTensor, nonFiniteValue, rowList } from "../optim/nonFinite.ts";
import { lengthBatches } from "../plan/batches.ts";
import { prefixBytes } from "../plan/prefix.ts";
import { noteGarbage } from "../platform/machine.ts";
import { sweep } from "../platform/owner.ts";
import { breathe } from "../platform/threads.ts";
import { markConstant } from "../tensor/differentiable.ts";
import type { Precision } from "../tensor/precision.ts";
import { section } from "../tensor/section.ts";
import { tf } from "../tensor/tensorflow.ts";
import { CacheBudget, DiskRows, diskRowsPrefix, MemoryRows, type RowStore } from "./rowStore.ts";

/** The outputs of the frozen layers for the examples of one data set, at any number of cuts. */
export class PrefixCache {
  /** Sentences about outputs that could not be stored. */
  readonly notices: string[] = [];
  readonly #noticed = new Set<Cut>();
  readonly #model: SequenceClassifier;
  readonly #texts: readonly EncodedText[];
  readonly #budget: CacheBudget;
  readonly #precision: Precision;
  /** Stores by cut: `[tokens, hidden]` per example, or `[hidden]` at the cut before the head. */
  readonly #stores = new Map<Cut, RowStore>();

  constructor(
    model: SequenceClassifier,
    texts: readonly EncodedText[],
    budget = new CacheBudget(),
    precision: Precision = "float32",
  ) {
    this.#model = model;
    this.#texts = texts;
    this.#budget = budget;
    this.#precision = precision;
  }

  /** Tells whether the outputs at this cut are stored. */
  has(cut: Cut): boolean {
    return this.#stores.has(cut);
  }

  /** Bytes in use, in memory and on the disk. */
  get bytes(): number {
    return [...this.#stores.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Returns where the outputs at a cut are; undefined where they are not stored. */
  placeOf(cut: Cut): RowStore["place"] | undefined {
    return this.#stores.get(cut)?.place;
  }

  /**
   * Computes the outputs at cuts that are not stored yet, in one pass from the highest stored cut below them; yields
   * the number of examples done. A cut without room is skipped with a notice, and `rows` computes it each time.
   */
  async *fill(cuts: readonly Cut[], signal?: AbortSignal): AsyncGenerator<number> {
    const stores = this.#makeRoom(cuts.filter((cut) => !this.has(cut)));
    if ([...stores.values()].some(({ place }) => place === "disk")) await sweep(this.#budget.folder, diskRowsPrefix);
    try {
      let done = 0;
      for (const indices of lengthBatches(this.#texts, 64)) {
        if (stores.size === 0) return;
        signal?.throwIfAborted();
        section(() => this.#pass(stores, indices));
        done += indices.length;
        yield done;
        await breathe();
      }
      for (const [cut, store] of stores) this.#stores.set(cut, store);
      stores.clear();
    } finally {
      for (const [cut, store] of stores) this.#giveUp(cut, store);
    }
  }

  /**
   * Returns the hidden states at this cut for the examples at these indices: `[tokens, hidden]`, or `[batch, hidden]`
   * before the head. `batch` holds the same examples. Hidden states that are not stored are computed.
   */
  rows(cut: Cut, indices: ArrayLike<number>, batch: PackedBatch): Tensor {
    const store = this.#stores.get(cut);
    if (store === undefined) {
      const precision = this.#precision;
      return markConstant(tf.tidy(() => this.#model.runPrefix([cut], batch, { precision }).get(cut) as Tensor));
    }
    const hidden = this.#model.config.hiddenSize;
    const count = cut === this.#model.depth ? indices.length : batch.packing.tokens;
    const values = new Float32Array(count * hidden);
    noteGarbage(values.byteLength);
    let first = 0;
    for (let i = 0; i < indices.length; i++) first += store.read(indices[i] as number, values.subarray(first));
    return markConstant(tf.tensor2d(values, [count, hidden]));
  }

  /** Drops all other cuts: layers below them have trained, or no stage needs them any more. */
  keepOnly(cuts: readonly Cut[]): void {
    for (const [cut, store] of this.#stores) {
      if (cuts.includes(cut)) continue;
      this.#stores.delete(cut);
      this.#giveUp(cut, store);
    }
  }

  /** Frees memory and files. */
  dispose(): void {
    this.keepOnly([]);
  }

  /** Runs a batch of examples through the frozen layers and stores their outputs; drops a store that fails. */
  #pass(stores: Map<Cut, RowStore>, indices: readonly number[]): void {
    const wanted = [...stores.keys()];
    const batch = PackedBatch.fromTexts(indices.map((index) => this.#texts[index] as EncodedText));
    const computed = new Map<Cut, Float32Array>();
    try {
      tf.tidy(() => {
        const below = Math.max(...[...this.#stores.keys()].filter((cut) => cut <= Math.min(...wanted)));
        const start = Number.isFinite(below) ? { cut: below, hidden: this.rows(below, indices, batch) } : undefined;
        const precision = this.#precision;
        for (const [cut, tensor] of this.#model.runPrefix(wanted, batch, { start, precision })) {
          if (!isFiniteTensor(tensor)) {
            const what = `What the frozen layers give for ${rowList(indices.map((index) => index + 1))} of the texts is NaN or infinite.`;
            const computation = { model: this.#model, batch, cut: start?.cut ?? -1, rows: start?.hidden, precision };
            throw nonFiniteValue(what, computation, "Load the model again, or thaw these layers.");
          }
          computed.set(cut, tensor.dataSync() as Float32Array);
        }
      });
    } finally {
      batch.dispose();
    }
    for (const [cut, rows] of computed) {
      const store = stores.get(cut) as RowStore;
      if (store.place === "disk") noteGarbage(rows.byteLength);
      try {
        this.#store(store, cut, rows, indices);
      } catch (error) {
        stores.delete(cut);
        this.#giveUp(cut, store);
        this.#budget.disk = 0;
        this.#notice(cut, `the disk took no more (${error instanceof Error ? error.message : error})`);
      }
    }
  }

  #store(store: RowStore, cut: Cut, rows: Float32Array, indices: readonly number[]): void {
    let first = 0;
    for (const index of indices) {
      const size = this.#rowsOf(index, cut) * this.#model.config.hiddenSize;
      store.write(index, rows.subarray(first, first + size));
      first += size;
    }
  }

  /** Makes a place for each cut, small cuts first, in memory while there is room, then on the disk. */
  #makeRoom(cuts: readonly Cut[]): Map<Cut, RowStore> {
    const stores = new Map<Cut, RowStore>();
    for (const cut of [...cuts].sort((a, b) => this.#sizeOf(a) - this.#sizeOf(b))) {
      const store = this.#place(cut);
      if (store === undefined) continue;
      this.#budget[store.place] -= this.#sizeOf(cut);
      stores.set(cut, store);
    }
    return stores;
  }

  #place(cut: Cut): RowStore | undefined {
    const { memory, disk, folder } = this.#budget;
    const size = this.#sizeOf(cut);
    if (size <= memory) return new MemoryRows();
    const room = `${formatBytes(memory)} of memory (cacheMemory)`;
    if (size > disk) {
      this.#notice(cut, `there is room for ${room} and ${formatBytes(disk)} in ${folder} (cacheDisk)`);
      return undefined;
    }
    try {
      return new DiskRows(folder);
    } catch (error) {
      this.#notice(cut, `there is room for ${room}, and ${error instanceof Error ? error.message : error}`);
      return undefined;
    }
  }

  #giveUp(cut: Cut, store: RowStore): void {
    this.#budget[store.place] += this.#sizeOf(cut);
    store.dispose();
  }

  #notice(cut: Cut, reason: string): void {
    if (this.#noticed.has(cut)) return;
    this.#noticed.add(cut);
    const layers = cut === 0 ? "the embeddings" : `layers 0 to ${cut - 1}`;
    this.notices.push(
      `What ${layers} give for ${this.#texts.length} texts (${formatBytes(this.#sizeOf(cut))}) could not be kept: ` +
        `${reason}. It is computed again in every epoch.`,
    );
  }

  #sizeOf(cut: Cut): number {
    return prefixBytes(this.#model, this.#texts, cut);
  }

  #rowsOf(index: number, cut: Cut): number {
    return cut === this.#model.depth ? 1 : (this.#texts[index] as EncodedText).inputIds.length;
  }
}
