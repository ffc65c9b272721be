/** Layer normalisation over the last dimension (Ba et al. 2016, arXiv:1607.06450). */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../tensor/differentiable.ts";
import { choose } from "../tensor/native.ts";
import { nativeLayerNorm, nativeNormGradients, noDropout } from "../tensor/nativeOps.ts";
import { add, meanLast, multiply, rsqrt, square, subtract, sumRows } from "../tensor/ops.ts";
import { tf } from "../tensor/tensorflow.ts";

/** The composed form of `layerNorm`. */
export function composedLayerNorm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  return differentiable({ x, weight, bias }, () => {
    const centred = subtract(x, meanLast(x));
    const inverse = rsqrt(add(meanLast(square(centred)), tf.scalar(epsilon))); // [rows, 1]
    const normal = multiply(centred, inverse);
    return {
      value: add(multiply(normal, weight), bias),
      saved: { normal, inverse, weight },
      gradient: (dy, { normal, inverse, weight }) => ({
        x: () => inputGradient(multiply(dy, weight), normal, inverse),
        weight: () => sumRows(multiply(dy, normal)),
        bias: () => sumRows(dy),
      }),
    };
  });
}

/** The fused form of `layerNorm`, in one pass over memory. */
export function fusedLayerNorm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  return differentiable({ x, weight, bias }, () => {
    const { value, normal, inverse } = nativeLayerNorm(x, weight, bias, epsilon);
    return {
      value,
      saved: { normal, inverse, weight },
      gradient: (dy, saved, wanted) => {
        const outputs = { residual: wanted.x, weight: wanted.weight, bias: wanted.bias };
        const gradients = nativeNormGradients(dy, saved, noDropout, outputs);
        return { x: gradients.residual, weight: gradients.weight, bias: gradients.bias };
      },
    };
  });
}

/**
 * `(x - mean) / sqrt(variance + epsilon) * weight + bias`, with the biased variance, as PyTorch.
 * `x [rows, width]`, `weight [width]`, `bias [width]` -> `[rows, width]`.
 */
export const layerNorm = choose(fusedLayerNorm, composedLayerNorm);

/** `inverse * (d - mean(d) - normal * mean(d * normal))` for the gradient `d` of the normalised rows. */
function inputGradient(d: Tensor, normal: Tensor, inverse: Tensor): Tensor {
  const along = multiply(normal, meanLast(multiply(d, normal)));
  return multiply(inverse, subtract(subtract(d, meanLast(d)), along));
}
