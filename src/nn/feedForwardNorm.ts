/** The feed-forward half of a post-norm layer: `layerNorm(dropout(act(x W^T + b) V^T + c) + x)`, `act` a GELU mostly. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { arithmeticOf } from "../tensor/arithmetic.ts";
import { differentiable } from "../tensor/differentiable.ts";
import { choose } from "../tensor/native.ts";
import {
  nativeBiasGelu,
  nativeBiasGeluGradients,
  nativeNormGradients,
  nativeResidualNorm,
} from "../tensor/nativeOps.ts";
import { add } from "../tensor/ops.ts";
import { activate } from "./activation.ts";
import { siteOf } from "./dropout.ts";
import { biasGelu } from "./gelu.ts";
import { linear, project } from "./linear.ts";
import { type ResidualNormOptions, residualNorm } from "./residualNorm.ts";

export interface FeedForwardNormInputs {
  /** `[rows, width]` */
  readonly x: Tensor;
  /** `W [inner, width]` and `b [inner]` */
  readonly up: { readonly weight: Tensor; readonly bias: Tensor };
  /** `V [width, inner]` and `c [width]` */
  readonly down: { readonly weight: Tensor; readonly bias: Tensor };
  /** Weight and bias of the normalisation, `[width]`. */
  readonly norm: { readonly weight: Tensor; readonly bias: Tensor };
}

export interface FeedForwardNormOptions extends ResidualNormOptions {
  /** Hugging Face's name of the activation. Default: `"gelu"`, the erf form, which alone has a fused op. */
  readonly activation?: string;
}

/** -> `[rows, width]` */
export type FeedForwardNorm = (inputs: FeedForwardNormInputs, options: FeedForwardNormOptions) => Tensor;

/** Out of one op after the other. */
export const composedFeedForwardNorm: FeedForwardNorm = ({ x, up, down, norm }, options) => {
  const { activation = "gelu" } = options;
  const inner =
    activation === "gelu"
      ? biasGelu(project(x, up.weight), up.bias)
      : activate(activation, linear(x, up.weight, up.bias));
  return residualNorm(
    { x: project(inner, down.weight), inputBias: down.bias, residual: x, weight: norm.weight, bias: norm.bias },
    options,
  );
};

/** Fused for the erf GELU, composed for other activations. */
export const fusedFeedForwardNorm: FeedForwardNorm = (inputs, options) => {
  const { activation = "gelu" } = options;
  return activation === "gelu" ? fusedGeluFeedForwardNorm(inputs, options) : composedFeedForwardNorm(inputs, options);
};
/** Weight and bias up, weight down, `x`, what goes into the GELU, normalised rows; then what else the norm needs. */
type Kept = [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, ...Tensor[]];

/**
 * One node of the tape, which keeps of the inner rows, the widest of a layer, only what goes into the GELU: what comes
 * out is computed again with its gradient.
 */
const fusedGeluFeedForwardNorm: FeedForwardNorm = ({ x, up, down, norm }, options) => {
  const site = siteOf(options);
  const { matMul, pack, unpack } = arithmeticOf(options.precision);
  const [width, innerWidth] = [x.shape[1] as number, up.bias.size];
  const inputs = [x, up.weight, up.bias, down.weight, norm.weight, norm.bias, down.bias];
  return differentiable(inputs, (save) => {
    const before = matMul(x, up.weight, false, true); // [rows, inner]
    const product = matMul(nativeBiasGelu(before, up.bias), down.weight, false, true);
    const ordered = [product, norm.weight, norm.bias, down.bias, x];
    const [value, normal, inverse] = nativeResidualNorm(ordered, options.epsilon, site);
    const kept = [x, before, normal].map((rows) => () => pack(rows));
    save(up.weight, up.bias, down.weight, ...kept, inverse, norm.weight);
    return {
      value,
      gradient: (dy, saved, wants) => {
        const [upWeight, upBias, downWeight, x, packedBefore, normal, ...rest] = saved as Kept;
        const intoInner = wants(0) || wants(1) || wants(2);
        // outputs of the norm's gradient: product, its weight, its bias, the bias before it, the residual
        const wanted = [intoInner || wants(3), wants(4), wants(5), wants(6), wants(0)];
        const [dProduct, ...ofNorm] = nativeNormGradients(
          dy,
          [unpack(normal, width), ...rest],
          site,
          (output) => wanted[output] as boolean,
        );
        const dResidual = ofNorm.pop();
        const before = unpack(packedBefore, innerWidth);
        let dBefore: Tensor | undefined;
        let dUpBias: Tensor | undefined;
        let inner: Tensor | undefined;
        if (intoInner) {
          const dInner = matMul(dProduct as Tensor, downWeight);
          const needed = [true, wants(2), wants(3)];
          [dBefore, dUpBias, inner] = nativeBiasGeluGradients(dInner, before, upBias, (i) => needed[i] as boolean);
          dInner.dispose();
        } else if (wants(3)) inner = nativeBiasGelu(before, upBias);
        return [
          wants(0) ? add(matMul(dBefore as Tensor, upWeight), dResidual as Tensor) : undefined,
          wants(1) ? matMul(dBefore as Tensor, unpack(x, width), true, false) : undefined,
          dUpBias,
          wants(3) ? matMul(dProduct as Tensor, inner as Tensor, true, false) : undefined,
          ...ofNorm,
        ];
      },
    };
  });
};

export const feedForwardNorm = choose(fusedFeedForwardNorm, composedFeedForwardNorm);
