/** Computes the logits of a whole data set. */
import type { PrefixCache } from "../cache/prefixCache.ts";
import { type EncodedText, PackedBatch } from "../models/packedBatch.ts";
import type { Cut, SequenceClassifier } from "../models/sequenceClassifier.ts";
import { nonFiniteValue, rowList } from "../optim/nonFinite.ts";
import { lengthBatches } from "../plan/batches.ts";
import { breathe } from "../platform/threads.ts";
import type { Precision } from "../tensor/precision.ts";
import { section } from "../tensor/section.ts";
import { tf } from "../tensor/tensorflow.ts";

/** The inputs of a computation of logits. */
interface LogitsInput {
  readonly model: SequenceClassifier;
  readonly texts: readonly EncodedText[];
  /** Largest number of examples in a batch. */
  readonly batchSize: number;
  /**
   * The cut to start from, and the cache that holds its outputs for these examples. Default: start from the token ids.
   */
  readonly cached?: { readonly cache: PrefixCache; readonly cut: Cut } | undefined;
  /** Precision of the layers, those below the cut included. Default: "float32". */
  readonly precision?: Precision;
  /** Ends the computation between two batches. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Computes the logits `[labels]` of each example without dropout, and returns them in the order of `texts`; yields the
 * number of examples done. Throws `NON_FINITE` if a logit is NaN or infinite.
 */
export async function* computeLogits(input: LogitsInput): AsyncGenerator<number, readonly Float32Array[]> {
  const { model, texts, batchSize, cached, precision = "float32", signal } = input;
  const logits = new Array<Float32Array>(texts.length);
  const { numLabels } = model.config;
  let done = 0;
  for (const indices of lengthBatches(texts, batchSize)) {
    signal?.throwIfAborted();
    const values = section(() => {
      const batch = PackedBatch.fromTexts(indices.map((index) => texts[index] as EncodedText));
      try {
        return tf.tidy(() => {
          const rows = cached?.cache.rows(cached.cut, indices, batch);
          const cut = cached?.cut ?? -1;
          const found = model.run(rows, cut, batch, { precision }).dataSync() as Float32Array;
          if (found.every(Number.isFinite)) return found;
          const bad = indices.filter(
            (_, i) => !found.subarray(i * numLabels, (i + 1) * numLabels).every(Number.isFinite),
          );
          const answers = `The model's answers for ${rowList(bad.map((index) => index + 1))} of the texts are NaN or infinite.`;
          const computation = { model, batch, cut, rows, precision };
          throw nonFiniteValue(answers, computation, "Train the model again from the start, at a lower learning rate.");
        });
      } finally {
        batch.dispose();
      }
    });
    indices.forEach((index, i) => {
      logits[index] = values.subarray(i * numLabels, (i + 1) * numLabels);
    });
    done += indices.length;
    yield done;
    await breathe();
  }
  return logits;
}
