/** One optimizer step: forward, backward, clip, update. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { lossAndGradients } from "../engine/gradients.ts";
import { tf } from "../engine/tensorflow.ts";
import { ThawError } from "../errors.ts";
import { crossEntropy } from "../loss/crossEntropy.ts";
import type { PackedBatch } from "../models/packedBatch.ts";
import type { Parameter } from "../models/parameter.ts";
import type { Cut, SequenceClassifier } from "../models/sequenceClassifier.ts";
import type { DropoutStream } from "../nn/dropout.ts";
import type { AdamW } from "../optim/adamW.ts";
import { clipFactor, globalNorm } from "../optim/clip.ts";
import { isDecayed } from "../optim/weightDecay.ts";

export interface StepInput {
  readonly model: SequenceClassifier;
  readonly optimizer: AdamW;
  readonly batch: PackedBatch;
  readonly labels: Int32Array;
  /** Where the computation starts, and the cached rows at that place (none at -1). */
  readonly cut: Cut;
  readonly rows: Tensor | undefined;
  readonly stream: DropoutStream | undefined;
  /** Learning rate of each parameter that trains, the schedule's factor included. */
  readonly learningRates: ReadonlyMap<string, number>;
  readonly weightDecay: number;
  /** 0 = no clipping. */
  readonly maxGradNorm: number;
}

export interface StepResult {
  readonly loss: number;
  /** Before clipping. */
  readonly gradNorm: number;
}

/** Throws `NON_FINITE` before any weight changes where the loss or a gradient is not a number. */
export function trainStep(input: StepInput): StepResult {
  const { model, batch, labels, cut, rows, stream } = input;
  return tf.tidy(() => {
    const parameters = [...input.learningRates.keys()].map((name) => model.parameters.get(name) as Parameter);
    const { loss, gradients } = lossAndGradients(
      () => crossEntropy(model.run(rows, cut, batch, stream), labels),
      parameters.map((parameter) => parameter.tensor),
    );
    const present = parameters.flatMap((parameter, i) => {
      const gradient = gradients[i]; // absent where the loss does not depend on it: left alone, as in PyTorch
      return gradient === undefined ? [] : [{ parameter, gradient }];
    });
    const result = {
      loss: loss.dataSync()[0] as number,
      gradNorm: globalNorm(present.map(({ gradient }) => gradient)),
    };
    if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradNorm)) throw nonFinite(result, present);
    const factor = input.maxGradNorm > 0 ? clipFactor(result.gradNorm, input.maxGradNorm) : 1;
    input.optimizer.step(
      present.map(({ parameter, gradient }) => ({
        parameter,
        gradient,
        gradientScale: factor,
        learningRate: input.learningRates.get(parameter.name) as number,
        weightDecay: isDecayed(parameter.name) ? input.weightDecay : 0,
      })),
    );
    for (const { parameter } of present) parameter.newlyInitialized = false;
    return result;
  });
}

function nonFinite(result: StepResult, present: readonly { parameter: Parameter; gradient: Tensor }[]): ThawError {
  const bad = present.find(({ gradient }) => !Number.isFinite(globalNorm([gradient])));
  return new ThawError(
    "NON_FINITE",
    `The loss is ${result.loss} and the norm of the gradients ${result.gradNorm}` +
      `${bad === undefined ? "" : ` (first bad gradient: ${bad.parameter.name})`}. The weights are those of the step ` +
      "before. Lower the learning rate, or add warm-up steps.",
  );
}
