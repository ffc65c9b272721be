/** Gradient clipping by the norm of all gradients together, as `torch.nn.utils.clip_grad_norm_`. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { halfSquaredNorm } from "../tensor/ops.ts";
import { tf } from "../tensor/tensorflow.ts";

/** The L2 norm of all values of all gradients. */
export function globalNorm(gradients: readonly Tensor[]): number {
  if (gradients.length === 0) return 0;
  const half = tf.tidy(() => halfSquaredNorm(gradients).dataSync()[0] as number);
  return Math.sqrt(2 * half);
}

/** The factor that brings a norm down to `maxNorm`: `min(1, maxNorm / (norm + 1e-6))`. */
export function clipFactor(norm: number, maxNorm: number): number {
  return Math.min(1, maxNorm / (norm + 1e-6));
}
