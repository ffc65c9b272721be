/** What a model family consists of: names and shapes, and the computation cut at every place where freezing may cut it. */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { DropoutRng } from "../nn/dropout.ts";
import type { QueryRows } from "../nn/packing.ts";
import type { Precision } from "../tensor/precision.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import type { PackedBatch } from "./packedBatch.ts";
import type { ParameterSpec } from "./parameter.ts";

/** What every part of a forward pass is given. */
export interface Pass {
  readonly config: HuggingFaceConfig;
  /** The values of a parameter by its state-dict name. */
  readonly weight: (name: string) => Tensor;
  /** Where dropout masks come from; undefined = evaluation, no dropout. */
  readonly dropoutRng: DropoutRng | undefined;
  /** Of the layers' products and of what they keep for a backward pass; embeddings and head are always in float32. */
  readonly precision: Precision;
}

/** One family, as plain functions. The hidden states between them are `[tokens, hidden]`, unpadded. */
export interface Family {
  /** `model_type` in config.json. */
  readonly modelType: string;
  /** Prefix of the encoder's names in a classifier's state dict, which files of the bare encoder lack. */
  readonly basePrefix: string;
  /** In which its layers can be computed; "float32" is among them. Default: in no other. */
  precisions?(config: HuggingFaceConfig): readonly Precision[];
  /** All parameters, bottom to top, in the order of the state dict. */
  parameters(config: HuggingFaceConfig): ParameterSpec[];
  /** -> `[tokens, hidden]` */
  embeddings(pass: Pass, batch: PackedBatch): Tensor;
  /**
   * `[tokens, hidden]` -> the rows of those that ask, which are all below the topmost layer: `[tokens, hidden]` or
   * `[batch, hidden]`. Reads the weights of its own block and "shared" ones, no others.
   */
  layer(pass: Pass, index: number, hidden: Tensor, batch: PackedBatch, queryRows?: QueryRows): Tensor;
  /** Whose rows of the topmost layer are used: the others are not computed. Default: each text's first token's. */
  queryRows?(config: HuggingFaceConfig): QueryRows;
  /** From these rows to those that the head reads, `[batch, hidden]`. May read "shared" weights. Default: they are these. */
  pool?(pass: Pass, rows: Tensor, batch: PackedBatch): Tensor;
  /** Whether token types make a difference; where not, they are ignored. */
  usesTokenTypes(config: HuggingFaceConfig): boolean;
  /** Throws `BAD_BATCH` for what only this family cannot take. Default: it takes every batch of known ids. */
  checkBatch?(batch: PackedBatch, config: HuggingFaceConfig): void;
  /** `[batch, hidden]` -> logits `[batch, labels]` */
  head(pass: Pass, rows: Tensor): Tensor;
}
