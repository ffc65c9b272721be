/** Layer normalisation over the last dimension (Ba et al. 2016, arXiv:1607.06450). */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../tensor/differentiable.ts";
import { choose } from "../tensor/native.ts";
import { nativeLayerNorm, nativeNormGradients, noDropout } from "../tensor/nativeOps.ts";
import { add, meanLast, multiply, rsqrt, square, subtract, sumRows } from "../tensor/ops.ts";
import { tf } from "../tensor/tensorflow.ts";

/**
 * `(x - mean) / sqrt(variance + epsilon) * weight + bias`, with the biased variance, as PyTorch.
 * `x [rows, width]`, `weight [width]`, `bias [width]` -> `[rows, width]`.
 */
export function composedLayerNorm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  return differentiable([x, weight, bias], (save) => {
    const centred = subtract(x, meanLast(x));
    const inverse = rsqrt(add(meanLast(square(centred)), tf.scalar(epsilon))); // [rows, 1]
    const normal = multiply(centred, inverse);
    save(normal, inverse, weight);
    return {
      value: add(multiply(normal, weight), bias),
      gradient: (dy, saved, wants) => {
        const [normal, inverse, weight] = saved as [Tensor, Tensor, Tensor];
        return [
          wants(0) ? inputGradient(multiply(dy, weight), normal, inverse) : undefined,
          wants(1) ? sumRows(multiply(dy, normal)) : undefined,
          wants(2) ? sumRows(dy) : undefined,
        ];
      },
    };
  });
}

/** The same in one pass over memory. */
export function fusedLayerNorm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  return differentiable([x, weight, bias], (save) => {
    const [value, normal, inverse] = nativeLayerNorm(x, weight, bias, epsilon);
    save(normal, inverse, weight);
    return {
      value,
      gradient: (dy, saved, wants) => {
        const residual = 4; // where the native op has the gradient of what it normalises
        const wanted = (output: number) => (output === residual ? wants(0) : output !== 0 && wants(output));
        const [, dWeight, dBias, , dx] = nativeNormGradients(dy, saved, noDropout, wanted);
        return [dx, dWeight, dBias];
      },
    };
  });
}

export const layerNorm = choose(fusedLayerNorm, composedLayerNorm);

/** `inverse * (d - mean(d) - normal * mean(d * normal))` for the gradient `d` of the normalised rows. */
function inputGradient(d: Tensor, normal: Tensor, inverse: Tensor): Tensor {
  const along = multiply(normal, meanLast(multiply(d, normal)));
  return multiply(inverse, subtract(subtract(d, meanLast(d)), along));
}
