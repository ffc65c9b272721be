/** What the graph of a model family consists of: the parts of `Family` (src/models/family.ts), in the same order. */
import type { HuggingFaceConfig } from "../config/config.ts";
import type { GraphBuilder, Value } from "./graph.ts";
import type { GraphWeights } from "./graphWeights.ts";

/** What every part of a graph is given. Texts are padded: `[batch, tokens]`, of whatever size when it runs. */
export interface GraphPass {
  readonly config: HuggingFaceConfig;
  readonly graph: GraphBuilder;
  readonly weights: GraphWeights;
  /** int64 `[batch, tokens]` */
  readonly inputIds: Value;
  /** int64 `[batch, tokens]`: 1 for a token, 0 for padding. */
  readonly attentionMask: Value;
  /** int64 `[batch, tokens]`; undefined where they make no difference. */
  readonly tokenTypeIds: Value | undefined;
  /** int64 `[tokens]`: 0, 1, 2, ... */
  readonly columns: Value;
  /** float32 `[batch, 1, 1, tokens]`, to be added to scores: 0 for a token, -1e30 for padding. */
  readonly paddingMask: Value;
}

/** One family, as plain functions that add to the graph. The hidden states between them are `[batch, tokens, hidden]`. */
export interface OnnxFamily {
  /** `model_type` in config.json. */
  readonly modelType: string;
  embeddings(pass: GraphPass): Value;
  layer(pass: GraphPass, index: number, hidden: Value): Value;
  /** `[batch, tokens, hidden]` -> `[batch, hidden]` */
  pooledRows(pass: GraphPass, hidden: Value): Value;
  /** `[batch, hidden]` -> logits `[batch, labels]` */
  head(pass: GraphPass, rows: Value): Value;
}
