/** One optimizer step: forward and backward over its micro-batches, clip, update. */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { PackedBatch } from "../models/packedBatch.ts";
import type { Parameter } from "../models/parameter.ts";
import type { Cut, SequenceClassifier } from "../models/sequenceClassifier.ts";
import type { DropoutRng } from "../nn/dropout.ts";
import type { AdamW } from "../optim/adamW.ts";
import { isDecayed } from "../optim/adamW.ts";
import { clipFactor, GradientSum, globalNorm } from "../optim/gradients.ts";
import { assertFiniteWeights, nonFiniteGradient, nonFiniteValue } from "../optim/nonFinite.ts";
import type { Stage } from "../plan/stage.ts";
import type { Labels, LossOptions } from "../task/task.ts";
import { taskOf } from "../task/taskOf.ts";
import { lossAndGradients, tapGradient } from "../tensor/gradients.ts";
import type { Precision } from "../tensor/precision.ts";
import { tf } from "../tensor/tensorflow.ts";

/** The inputs of one optimizer step. */
interface StepInput {
  readonly model: SequenceClassifier;
  readonly optimizer: AdamW;
  /** Number of examples in all micro-batches of the step; the loss is the mean over them. */
  readonly examples: number;
  /** Smoothing and weights of the labels in the loss. Default: neither. */
  readonly loss?: LossOptions;
  /** Number that the sum of the losses is divided by, for all micro-batches. Default: `examples`. */
  readonly lossTotal?: number;
  /** Learning rate of each parameter that trains, the schedule's factor included. */
  readonly learningRates: ReadonlyMap<string, number>;
  readonly weightDecay: number;
  /** Largest L2 norm of all gradients together; 0 = no clipping. */
  readonly maxGradNorm: number;
}

/** A micro-batch: examples that go through the model at once. */
interface MicroBatch {
  readonly batch: PackedBatch;
  readonly labels: Labels;
  /** The cut at which the computation starts, and the stored hidden states there (none at -1). */
  readonly cut: Cut;
  readonly rows: Tensor | undefined;
  readonly dropoutRng: DropoutRng | undefined;
  /** Dropout rates that replace the config's. Default: none. */
  readonly dropout?: Stage["dropout"];
  /** Whether each layer is computed again in the backward pass. Default: false. */
  readonly gradientCheckpointing?: boolean;
  /** Precision of the layers. Default: "float32". */
  readonly precision?: Precision;
}

/** The result of one optimizer step. */
export interface StepResult {
  /** Mean loss over the examples; with weights of single labels it is the weighted mean. */
  readonly loss: number;
  /** L2 norm of all gradients together, before clipping. */
  readonly gradNorm: number;
  /** Names of the parameters that got a gradient and were updated. */
  readonly updated: readonly string[];
}

/**
 * One optimizer step. From the first `add` to `dispose` it holds one gradient per parameter, however many micro-batches
 * there are.
 */
export class OptimizerStep {
  readonly #input: StepInput;
  readonly #gradients: readonly { readonly parameter: Parameter; readonly sum: GradientSum }[];
  #loss = 0;

  constructor(input: StepInput) {
    this.#input = input;
    this.#gradients = [...input.learningRates.keys()].map((name) => ({
      parameter: input.model.parameters.get(name) as Parameter,
      sum: new GradientSum(),
    }));
  }

  /**
   * Runs a micro-batch forward and backward, and adds its gradients in place to those of earlier micro-batches. Throws
   * `NON_FINITE` if the loss is NaN or infinite.
   */
  add({
    batch,
    labels,
    cut,
    rows,
    dropoutRng,
    dropout,
    gradientCheckpointing = false,
    precision = "float32",
  }: MicroBatch): void {
    const { model, examples, lossTotal = examples, loss: lossOptions } = this.#input;
    const inputs = this.#gradients.map(({ parameter }) => parameter.tensor);
    tf.tidy(() => {
      const isWhole = batch.packing.batch === examples;
      const task = taskOf(model.problemType);
      // a part's gradients are added as they come: all of them beside all of the sums would be two sets
      const taps = new Map(this.#gradients.map(({ parameter, sum }) => [parameter.name, sum]));
      const tapped = (name: string, tensor: Tensor) => tapGradient(tensor, (gradient) => taps.get(name)?.add(gradient));
      const options = {
        dropoutRng,
        dropout,
        gradientCheckpointing,
        precision,
        ...(isWhole ? {} : { through: tapped }),
      };
      const { loss, gradients } = lossAndGradients(
        () => task.loss(model.run(rows, cut, batch, options), labels, lossTotal, lossOptions),
        inputs,
      );
      const value = loss.dataSync()[0] as number; // nothing waits for it: the ops have run when they return
      if (!Number.isFinite(value)) {
        throw nonFiniteValue(`The loss is ${value}.`, { model, batch, cut, rows, precision });
      }
      this.#loss += value;
      if (!isWhole) return;
      gradients.forEach((gradient, i) => {
        // absent where the loss does not depend on it: left alone, as in PyTorch
        if (gradient !== undefined) this.#gradients[i]?.sum.add(tf.keep(gradient));
      });
    });
  }

  /**
   * Clips the gradients and updates the weights. Throws `NON_FINITE` before any weight changes if a gradient or a new
   * weight is NaN or infinite. `changing` is called right before the first weight changes.
   */
  finish(changing: () => void = () => {}): StepResult {
    const { model, optimizer, learningRates, weightDecay, maxGradNorm } = this.#input;
    const present = this.#gradients.flatMap(({ parameter, sum: { value } }) =>
      value === undefined ? [] : [{ parameter, gradient: value }],
    );
    const result = {
      loss: this.#loss,
      gradNorm: globalNorm(present.map(({ gradient }) => gradient)),
      updated: present.map(({ parameter }) => parameter.name),
    };
    if (!Number.isFinite(result.gradNorm)) throw nonFiniteGradient(model, present);
    assertFiniteWeights(model); // also of frozen layers, whose stored outputs know nothing of it
    const factor = maxGradNorm > 0 ? clipFactor(result.gradNorm, maxGradNorm) : 1;
    changing();
    optimizer.step(
      present.map(({ parameter, gradient }) => ({
        parameter,
        gradient,
        gradientScale: factor,
        learningRate: learningRates.get(parameter.name) as number,
        weightDecay: isDecayed(parameter.name) ? weightDecay : 0,
      })),
    );
    for (const { parameter } of present) parameter.newlyInitialized = false;
    return result;
  }

  /** Frees the gradients. */
  dispose(): void {
    for (const { sum } of this.#gradients) sum.dispose();
  }
}
