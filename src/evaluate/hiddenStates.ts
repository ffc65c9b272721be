/** Computes one vector per example from the hidden states of a model. */
import { ThawError } from "../errors.ts";
import { type EncodedText, PackedBatch } from "../models/packedBatch.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { meanRows } from "../nn/rows.ts";
import { lengthBatches } from "../plan/batches.ts";
import { breathe } from "../platform/threads.ts";
import { section } from "../tensor/section.ts";
import { tf } from "../tensor/tensorflow.ts";
import { dataOf } from "../tensor/variable.ts";

/**
 * Computes the mean over the tokens of the hidden states after `layer` layers, at `model.depth` what the head reads:
 * `[examples][hidden]`. Throws `NON_FINITE`; the signal's reason if it is aborted, between two batches.
 */
export async function hiddenStates(
  model: SequenceClassifier,
  texts: readonly EncodedText[],
  layer: number,
  signal: AbortSignal | undefined,
): Promise<Float32Array[]> {
  const states = new Array<Float32Array>(texts.length);
  for (const indices of lengthBatches(texts, 64)) {
    signal?.throwIfAborted();
    const rows = section(() => {
      const batch = PackedBatch.fromTexts(indices.map((index) => texts[index] as EncodedText));
      try {
        return tf.tidy(() => {
          const hidden = model.runPrefix([layer], batch).get(layer) as ReturnType<typeof tf.tensor>;
          return dataOf(layer === model.depth ? hidden : meanRows(hidden, batch.packing));
        });
      } finally {
        batch.dispose();
      }
    });
    const width = rows.length / indices.length;
    indices.forEach((index, i) => {
      states[index] = rows.slice(i * width, (i + 1) * width);
    });
    await breathe();
  }
  if (states.every((row) => row.every(Number.isFinite))) return states;
  throw new ThawError(
    "NON_FINITE",
    `Hidden states after layer ${layer} are NaN or infinite: the model's weights are damaged. Load it again.`,
  );
}
