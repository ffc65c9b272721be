/** Gradients between the backward pass and the optimizer: summed over micro-batches, and clipped by their common norm. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { halfSquaredNorm } from "../tensor/ops.ts";
import { tf } from "../tensor/tensorflow.ts";
import { NativeVariable } from "../tensor/variable.ts";

/** The gradient of one parameter over several micro-batches, in the memory of one. */
export class GradientSum {
  /** The gradient itself, while there is only one. */
  #first: Tensor | undefined;
  #sum: NativeVariable | undefined;

  /** Adds a gradient, in place. It belongs to the sum from then on. */
  add(gradient: Tensor): void {
    if (this.#first === undefined && this.#sum === undefined) {
      this.#first = gradient;
      return;
    }
    if (this.#first !== undefined) {
      this.#sum = new NativeVariable(this.#first.shape, this.#first);
      this.#first.dispose();
      this.#first = undefined;
    }
    this.#sum?.add(gradient);
    gradient.dispose();
  }

  /** The sum so far, which owns the tensor; undefined where nothing was added. */
  get value(): Tensor | undefined {
    return this.#first ?? this.#sum?.value;
  }

  dispose(): void {
    this.#first?.dispose();
    this.#sum?.dispose();
  }
}

/** Returns the L2 norm of all values of all gradients, NaN or infinite where one of them is. */
export function globalNorm(gradients: readonly Tensor[]): number {
  if (gradients.length === 0) return 0;
  const half = tf.tidy(() => halfSquaredNorm(gradients).dataSync()[0] as number);
  return Math.sqrt(2 * half);
}

/**
 * Returns the factor that brings a norm down to `maxNorm`, `min(1, maxNorm / (norm + 1e-6))`: that of
 * `torch.nn.utils.clip_grad_norm_`.
 */
export function clipFactor(norm: number, maxNorm: number): number {
  return Math.min(1, maxNorm / (norm + 1e-6));
}
