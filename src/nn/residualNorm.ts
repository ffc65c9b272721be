/** What ends both halves of a post-norm layer: `layerNorm(dropout(x + inputBias) + residual)`. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../tensor/differentiable.ts";
import { choose } from "../tensor/native.ts";
import { nativeNormGradients, nativeResidualNorm } from "../tensor/nativeOps.ts";
import { add, biasAdd, sumRows } from "../tensor/ops.ts";
import type { Precision } from "../tensor/precision.ts";
import { composedDropout, type DropoutOptions, siteOf } from "./dropout.ts";
import { composedLayerNorm } from "./layerNorm.ts";

export interface ResidualNormInputs {
  /** A product without its bias, `[rows, width]`. */
  readonly x: Tensor;
  /** The bias of that product, `[width]`. */
  readonly inputBias: Tensor;
  /** `[rows, width]` */
  readonly residual: Tensor;
  /** Of the normalisation, `[width]`. */
  readonly weight: Tensor;
  /** Of the normalisation, `[width]`. */
  readonly bias: Tensor;
}

export interface ResidualNormOptions extends DropoutOptions {
  readonly epsilon: number;
  /** Of products before the normalisation, and of what the backward pass needs. Default: "float32". */
  readonly precision?: Precision;
}

/** -> `[rows, width]`, out of one op after the other. */
export function composedResidualNorm(inputs: ResidualNormInputs, options: ResidualNormOptions): Tensor {
  const { x, inputBias, residual, weight, bias } = inputs;
  const dropped = composedDropout(plus(x, inputBias, true), options.dropoutRate, options.dropoutRng);
  return composedLayerNorm(plus(dropped, residual, false), weight, bias, options.epsilon);
}

/** The same in one pass over memory. */
export function fusedResidualNorm(inputs: ResidualNormInputs, options: ResidualNormOptions): Tensor {
  const { x, inputBias, residual, weight, bias } = inputs;
  const site = siteOf(options);
  const ordered = [x, weight, bias, inputBias, residual];
  return differentiable(ordered, (save) => {
    const [value, normal, inverse] = nativeResidualNorm(ordered, options.epsilon, site);
    save(normal, inverse, weight);
    return { value, gradient: (dy, saved, wants) => nativeNormGradients(dy, saved, site, wants) };
  });
}

export const residualNorm = choose(fusedResidualNorm, composedResidualNorm);

/** `a + b`, where `b` is a row for all of `a` or has its shape. */
function plus(a: Tensor, b: Tensor, isRow: boolean): Tensor {
  return differentiable([a, b], () => ({
    value: isRow ? biasAdd(a, b) : add(a, b),
    gradient: (dy, _saved, wants) => [
      wants(0) ? dy.clone() : undefined, // a tensor of its own for each input: tfjs frees them one by one
      wants(1) ? (isRow ? sumRows(dy) : dy.clone()) : undefined,
    ],
  }));
}
