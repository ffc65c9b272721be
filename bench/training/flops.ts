/**
 * Model FLOPs: what the products of a pass need at least. A weight of a layer counts 2 for each real token going forward
 * and 4 going backward where the layer trains (its gradient, and its input's); a weight of the head the same for each
 * text. Embeddings, the products within attention and padding are not counted.
 */

export interface ModelSize {
  /** Weights of one encoder layer. */
  readonly layer: number;
  readonly depth: number;
  /** Weights of the head. */
  readonly head: number;
}

export interface Work {
  readonly texts: number;
  /** Without padding. */
  readonly tokens: number;
  /** Layers that are computed forward, from the top; what lies below is remembered. */
  readonly forwardLayers: number;
  /** Layers that train, from the top. */
  readonly trainedLayers: number;
  /** Whether the head trains: false for a prediction. */
  readonly trained: boolean;
}

export function modelFlops(size: ModelSize, { texts, tokens, forwardLayers, trainedLayers, trained }: Work): number {
  const layers = size.layer * tokens * (2 * forwardLayers + 4 * trainedLayers);
  return layers + size.head * texts * (trained ? 6 : 2);
}
