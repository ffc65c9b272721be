/** What a model family consists of: names and shapes, and the computation cut at every place where freezing may cut it. */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { HuggingFaceConfig } from "../config/config.ts";
import type { Precision } from "../engine/precision.ts";
import type { DropoutStream } from "../nn/dropout.ts";
import type { PackedBatch } from "./packedBatch.ts";
import type { ParameterSpec } from "./parameter.ts";

/** What every part of a forward pass is given. */
export interface Pass {
  readonly config: HuggingFaceConfig;
  /** The values of a parameter by its state-dict name. */
  readonly weight: (name: string) => Tensor;
  /** Where dropout masks come from; undefined = evaluation, no dropout. */
  readonly stream: DropoutStream | undefined;
  /** Of the layers' products and of what they keep for a backward pass; embeddings and head are always in float32. */
  readonly precision: Precision;
}

/** One family, as plain functions. The hidden states between them are `[tokens, hidden]`, unpadded. */
export interface Family {
  /** `model_type` in config.json. */
  readonly modelType: string;
  /** Prefix of the encoder's names in a classifier's state dict, which files of the bare encoder lack. */
  readonly basePrefix: string;
  /** In which its layers can be computed; "float32" is among them. */
  readonly precisions: readonly Precision[];
  /** All parameters, bottom to top, in the order of the state dict. */
  parameters(config: HuggingFaceConfig): ParameterSpec[];
  /** -> `[tokens, hidden]` */
  embeddings(pass: Pass, batch: PackedBatch): Tensor;
  /** `[tokens, hidden]` -> `[tokens, hidden]` */
  layer(pass: Pass, index: number, hidden: Tensor, batch: PackedBatch): Tensor;
  /** The rows that the head reads: `[tokens, hidden]` -> `[batch, hidden]`. */
  pooledRows(hidden: Tensor, batch: PackedBatch): Tensor;
  /** `[batch, hidden]` -> logits `[batch, labels]` */
  head(pass: Pass, rows: Tensor): Tensor;
}
