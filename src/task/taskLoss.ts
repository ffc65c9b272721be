/** The loss that belongs to a problem type, as in every `...ForSequenceClassification` of transformers 5.23 (loss/loss_utils.py). */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { Labels, ProblemType } from "../models/config/config.ts";
import { binaryCrossEntropy } from "./binaryCrossEntropy.ts";
import { crossEntropy } from "./crossEntropy.ts";
import { meanSquaredError } from "./meanSquaredError.ts";

/**
 * `logits [batch, labels]` and the labels of the same texts -> a scalar, the mean. Where the batch is a part of a larger
 * one, `texts` is the size of that: the losses of its parts add up to its mean.
 */
export function taskLoss(
  problemType: ProblemType,
  logits: Tensor,
  labels: Labels,
  texts: number = logits.shape[0] as number,
): Tensor {
  switch (problemType) {
    case "single_label_classification":
      return crossEntropy(logits, Int32Array.from(labels), texts);
    case "multi_label_classification":
      return binaryCrossEntropy(logits, Float32Array.from(labels), texts);
    case "regression":
      return meanSquaredError(logits, Float32Array.from(labels), texts);
  }
}
