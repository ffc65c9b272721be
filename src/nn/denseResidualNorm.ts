/** What ends the attention half of a post-norm layer: `layerNorm(dropout(x W^T + inputBias) + residual)`. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { arithmeticOf } from "../tensor/arithmetic.ts";
import { differentiable } from "../tensor/differentiable.ts";
import { choose } from "../tensor/native.ts";
import { nativeNormGradients, nativeResidualNorm } from "../tensor/nativeOps.ts";
import { siteOf } from "./dropout.ts";
import { project } from "./linear.ts";
import { type ResidualNormInputs, type ResidualNormOptions, residualNorm } from "./residualNorm.ts";

export interface DenseResidualNormInputs extends ResidualNormInputs {
  /** What is projected, `[rows, in]`. */
  readonly x: Tensor;
  /** Of the projection, `[width, in]`. */
  readonly projection: Tensor;
}

/** -> `[rows, width]` */
export type DenseResidualNorm = (inputs: DenseResidualNormInputs, options: ResidualNormOptions) => Tensor;

/** Out of one op after the other. */
export const composedDenseResidualNorm: DenseResidualNorm = ({ projection, ...inputs }, options) =>
  residualNorm({ ...inputs, x: project(inputs.x, projection) }, options);

/** One node of the tape, which does not keep the product. */
export const fusedDenseResidualNorm: DenseResidualNorm = (inputs, options) => {
  const { x, projection, inputBias, residual, weight, bias } = inputs;
  const site = siteOf(options);
  const { matMul, pack, unpack } = arithmeticOf(options.precision);
  const [inWidth, width] = [x.shape[1] as number, residual.shape[1] as number];
  return differentiable([x, projection, weight, bias, inputBias, residual], (save) => {
    const product = matMul(x, projection, false, true);
    const ordered = [product, weight, bias, inputBias, residual];
    const [value, normal, inverse] = nativeResidualNorm(ordered, options.epsilon, site);
    save(
      () => pack(x),
      projection,
      () => pack(normal),
      inverse,
      weight,
    );
    return {
      value,
      gradient: (dy, saved, wants) => {
        const [x, projection, normal, ...rest] = saved as [Tensor, Tensor, Tensor, ...Tensor[]];
        const wanted = (output: number) => (output === 0 ? wants(0) || wants(1) : wants(output + 1));
        const [dProduct, ...others] = nativeNormGradients(dy, [unpack(normal, width), ...rest], site, wanted);
        return [
          wants(0) ? matMul(dProduct as Tensor, projection) : undefined,
          wants(1) ? matMul(dProduct as Tensor, unpack(x, inWidth), true, false) : undefined,
          ...others,
        ];
      },
    };
  });
};

export const denseResidualNorm = choose(fusedDenseResidualNorm, composedDenseResidualNorm);
