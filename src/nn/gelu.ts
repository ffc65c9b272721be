/** The Gaussian error linear unit, in its exact form (Hendrycks and Gimpel 2016, arXiv:1606.08415). */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../tensor/differentiable.ts";
import { choose } from "../tensor/native.ts";
import { nativeBiasGelu, nativeBiasGeluGradients } from "../tensor/nativeOps.ts";
import { add, biasAdd, erf, exp, fixedScalar, multiply, scale, square, sumRows } from "../tensor/ops.ts";

/** `x * Phi(x)` with `Phi(x) = (1 + erf(x / sqrt(2))) / 2`; any shape. */
export function gelu(x: Tensor): Tensor {
  return differentiable([x], (save) => {
    save(x);
    return {
      value: multiply(x, normalCdf(x)),
      gradient: (dy, [x]) => [multiply(dy, derivative(x as Tensor))],
    };
  });
}

/** `gelu(x + bias)`: `x [rows, width]`, `bias [width]`. */
export function composedBiasGelu(x: Tensor, bias: Tensor): Tensor {
  return differentiable([x, bias], (save) => {
    const sum = biasAdd(x, bias);
    save(sum);
    return {
      value: multiply(sum, normalCdf(sum)),
      gradient: (dy, [sum], wants) => {
        const dSum = multiply(dy, derivative(sum as Tensor));
        return [dSum, wants(1) ? sumRows(dSum) : undefined];
      },
    };
  });
}

/** The same in one pass over memory. */
export function fusedBiasGelu(x: Tensor, bias: Tensor): Tensor {
  return differentiable([x, bias], (save) => {
    save(x, bias);
    return {
      value: nativeBiasGelu(x, bias),
      gradient: (dy, [x, bias], wants) => nativeBiasGeluGradients(dy, x as Tensor, bias as Tensor, wants),
    };
  });
}

export const biasGelu = choose(fusedBiasGelu, composedBiasGelu);

/** `d/dx x Phi(x) = Phi(x) + x phi(x)`; Phi is computed again: cheaper than to keep it for every layer. */
function derivative(x: Tensor): Tensor {
  const density = scale(exp(scale(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return add(normalCdf(x), multiply(x, density));
}

function normalCdf(x: Tensor): Tensor {
  return scale(add(erf(scale(x, Math.SQRT1_2)), fixedScalar(1)), 0.5);
}
