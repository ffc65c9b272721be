/** How long a stage takes, from what one layer takes on this machine. */
import { layersHaveWeights } from "../freezing/selection.ts";
import type { Cut, SequenceClassifier } from "../models/sequenceClassifier.ts";
import { sizeOf } from "./plan.ts";
import type { Speed } from "./speed.ts";

export interface SecondsInput {
  readonly model: SequenceClassifier;
  readonly trainable: ReadonlySet<string>;
  /** Where a training step begins, and where an evaluation does. */
  readonly cut: Cut;
  readonly evalCut: Cut;
  readonly epochs: number;
  /** Optimizer steps, and passes forward and back, of one epoch. */
  readonly steps: number;
  readonly microBatches: number;
  /** Of one epoch. */
  readonly trainTokens: number;
  readonly evalTokens: number;
  /** Layers that both data sets go through once before the stage. */
  readonly prefixLayers: number;
  readonly gradientCheckpointing: boolean;
  /** Parameters that are hashed before and after the stage. */
  readonly hashed: number;
  readonly speed: Speed;
}

export function stageSeconds(input: SecondsInput): number {
  const { model, trainable, epochs, steps, microBatches, trainTokens, evalTokens, speed } = input;
  const { forward, both, head, update, hash } = speed;
  const training = new Set([...trainable].map((name) => model.blocks.get(name)));
  const lowest =
    training.has("embeddings") || training.has("shared")
      ? 0
      : Math.min(...[...training].map((b) => (typeof b === "number" ? b : model.depth)));
  const share = layersHaveWeights(model.blocks) ? undefined : "shared";
  let token = 0;
  for (let layer = Math.max(0, input.cut); layer < model.depth; layer++) {
    if (layer < lowest)
      token += forward; // frozen, and run all the same for its dropout
    else
      token +=
        (training.has(share ?? layer) ? both : (forward + both) / 2) + (input.gradientCheckpointing ? forward : 0);
  }
  const epoch =
    trainTokens * token +
    microBatches * head +
    steps * sizeOf(trainable, model) * update +
    evalTokens * (model.depth - Math.max(0, input.evalCut)) * forward;
  return (trainTokens + evalTokens) * input.prefixLayers * forward + epochs * epoch + 2 * input.hashed * hash;
}
