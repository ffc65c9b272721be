/** The Gaussian error linear unit, in its exact form (Hendrycks and Gimpel 2016, arXiv:1606.08415). */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../engine/differentiable.ts";
import { add, erf, exp, fixedScalar, multiply, scale, square } from "../engine/ops.ts";

/** `x * Phi(x)` with `Phi(x) = (1 + erf(x / sqrt(2))) / 2`; any shape. */
export function gelu(x: Tensor): Tensor {
  return differentiable([x], (save) => {
    save(x);
    return {
      value: multiply(x, normalCdf(x)),
      gradient: (dy, [x]) => {
        const input = x as Tensor;
        // d/dx x Phi(x) = Phi(x) + x phi(x); Phi is computed again: cheaper than to keep it for every layer
        const density = scale(exp(scale(square(input), -0.5)), 1 / Math.sqrt(2 * Math.PI));
        return [multiply(dy, add(normalCdf(input), multiply(input, density)))];
      },
    };
  });
}

function normalCdf(x: Tensor): Tensor {
  return scale(add(erf(scale(x, Math.SQRT1_2)), fixedScalar(1)), 0.5);
}
