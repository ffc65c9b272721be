/** What the layers of a model cost beside each other: the topmost one computes no more than the head reads. */
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";

/**
 * Work of layer `index` for one token, in units of a whole layer. Of the topmost one only key and value are computed for
 * every token, unless the head reads all of its rows.
 */
export function layerWork({ asking, config, depth }: SequenceClassifier, index: number): number {
  if (index < depth - 1 || asking === "all") return 1;
  const { hiddenSize, intermediateSize } = config;
  return (2 * hiddenSize) / (4 * hiddenSize + 2 * intermediateSize);
}

/** Work of the layers from `from` to below `to`. */
export function layersWork(model: SequenceClassifier, from: number, to: number): number {
  let work = 0;
  for (let layer = from; layer < to; layer++) work += layerWork(model, layer);
  return work;
}
