/**
 * The two halves of a post-norm layer after its attention: each ends with `layerNorm(dropout(x) + residual)`. The fused
 * forms are one node of the tape each, which keeps less than their ops one by one.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable, once } from "../tensor/differentiable.ts";
import { choose } from "../tensor/native.ts";
import {
  nativeBiasGelu,
  nativeBiasGeluGradients,
  nativeNormGradients,
  nativeResidualNorm,
} from "../tensor/nativeOps.ts";
import { add } from "../tensor/ops.ts";
import { arithmeticOf, type Precision } from "../tensor/precision.ts";
import { denseActivated } from "./activation.ts";
import { composedDropout, type DropoutOptions, siteOf } from "./dropout.ts";
import { composedLayerNorm } from "./layerNorm.ts";
import { project } from "./linear.ts";
import { addBias, addRows } from "./rows.ts";

interface ResidualNormInputs {
  /** A product without its bias, `[rows, width]`. */
  readonly x: Tensor;
  /** The bias of that product, `[width]`. */
  readonly inputBias: Tensor;
  /** `[rows, width]` */
  readonly residual: Tensor;
  /** Weight of the normalisation, `[width]`. */
  readonly weight: Tensor;
  /** Bias of the normalisation, `[width]`. */
  readonly bias: Tensor;
}

interface ResidualNormOptions extends DropoutOptions {
  /** Added to the variance by the normalisation. */
  readonly epsilon: number;
  /** Precision of products before the normalisation, and of what the backward pass needs. Default: `"float32"`. */
  readonly precision?: Precision;
}

type ResidualNorm = (inputs: ResidualNormInputs, options: ResidualNormOptions) => Tensor;

/** The composed form of `residualNorm`. */
export const composedResidualNorm: ResidualNorm = ({ x, inputBias, residual, weight, bias }, options) => {
  const dropped = composedDropout(addBias(x, inputBias), options.dropoutRate, options.dropoutRng);
  return composedLayerNorm(addRows(dropped, residual), weight, bias, options.epsilon);
};

/** The fused form of `residualNorm`, in one pass over memory. */
export const fusedResidualNorm: ResidualNorm = (inputs, options) => {
  const { x, inputBias, residual, weight, bias } = inputs;
  const site = siteOf(options);
  return differentiable({ x, weight, bias, inputBias, residual }, () => {
    const { value, normal, inverse } = nativeResidualNorm(inputs, options.epsilon, site);
    return {
      value,
      saved: { normal, inverse, weight },
      gradient: (dy, saved, wanted) => nativeNormGradients(dy, saved, site, wanted),
    };
  });
};

/** `layerNorm(dropout(x + inputBias) + residual)` -> `[rows, width]`. */
export const residualNorm = choose(fusedResidualNorm, composedResidualNorm);

interface DenseResidualNormInputs extends ResidualNormInputs {
  /** The rows that are projected, `[rows, in]`. */
  readonly x: Tensor;
  /** Weight of the projection, `[width, in]`. */
  readonly projection: Tensor;
}

type DenseResidualNorm = (inputs: DenseResidualNormInputs, options: ResidualNormOptions) => Tensor;

/** The composed form of `denseResidualNorm`. */
export const composedDenseResidualNorm: DenseResidualNorm = ({ projection, ...inputs }, options) =>
  residualNorm({ ...inputs, x: project(inputs.x, projection) }, options);

/** The fused form of `denseResidualNorm`, which does not keep the product. */
export const fusedDenseResidualNorm: DenseResidualNorm = (inputs, options) => {
  const { x, projection, inputBias, residual, weight, bias } = inputs;
  const site = siteOf(options);
  const { matMul, pack, unpack } = arithmeticOf(options.precision);
  const [inWidth, width] = [x.shape[1] as number, residual.shape[1] as number];
  return differentiable({ x, projection, weight, bias, inputBias, residual }, () => {
    const product = matMul(x, projection, false, true);
    const { value, normal, inverse } = nativeResidualNorm({ ...inputs, x: product }, options.epsilon, site);
    return {
      value,
      saved: { x: () => pack(x), projection, normal: () => pack(normal), inverse, weight },
      gradient: (dy, saved, wanted) => {
        const norm = { ...saved, normal: unpack(saved.normal, width) };
        const outputs = { ...wanted, x: wanted.x || wanted.projection };
        const { x: dProduct, ...gradients } = nativeNormGradients(dy, norm, site, outputs);
        return {
          ...gradients,
          x: () => matMul(dProduct(), saved.projection),
          projection: () => matMul(dProduct(), unpack(saved.x, inWidth), true, false),
        };
      },
    };
  });
};

/** The end of the attention half: `layerNorm(dropout(x W^T + inputBias) + residual)`, `W` the projection -> `[rows, width]`. */
export const denseResidualNorm = choose(fusedDenseResidualNorm, composedDenseResidualNorm);

interface FeedForwardNormInputs {
  /** `[rows, width]` */
  readonly x: Tensor;
  /** `W [inner, width]` and `b [inner]` */
  readonly up: { readonly weight: Tensor; readonly bias: Tensor };
  /** `V [width, inner]` and `c [width]` */
  readonly down: { readonly weight: Tensor; readonly bias: Tensor };
  /** Weight and bias of the normalisation, `[width]`. */
  readonly norm: { readonly weight: Tensor; readonly bias: Tensor };
}

interface FeedForwardNormOptions extends ResidualNormOptions {
  /** Hugging Face's name of the activation. Default: `"gelu"`, the erf form, which alone has a fused op. */
  readonly activation?: string;
}

type FeedForwardNorm = (inputs: FeedForwardNormInputs, options: FeedForwardNormOptions) => Tensor;

/** The composed form of `feedForwardNorm`. */
export const composedFeedForwardNorm: FeedForwardNorm = ({ x, up, down, norm }, options) => {
  const inner = denseActivated(options.activation ?? "gelu", x, up);
  return residualNorm({ x: project(inner, down.weight), inputBias: down.bias, residual: x, ...norm }, options);
};

/** The fused form of `feedForwardNorm` for the erf GELU, and the composed one for other activations. */
export const fusedFeedForwardNorm: FeedForwardNorm = (inputs, options) => {
  const { activation = "gelu" } = options;
  return activation === "gelu" ? fusedGeluFeedForwardNorm(inputs, options) : composedFeedForwardNorm(inputs, options);
};

/**
 * The fused form for the GELU. It keeps of the inner rows, the widest of a layer, only those that go into the GELU: those
 * that come out are computed again with its gradient.
 */
const fusedGeluFeedForwardNorm: FeedForwardNorm = ({ x, up, down, norm }, options) => {
  const site = siteOf(options);
  const { matMul, pack, unpack } = arithmeticOf(options.precision);
  const [width, innerWidth] = [x.shape[1] as number, up.bias.size];
  const inputs = {
    x,
    upWeight: up.weight,
    upBias: up.bias,
    downWeight: down.weight,
    downBias: down.bias,
    weight: norm.weight,
    bias: norm.bias,
  };
  return differentiable(inputs, () => {
    const before = matMul(x, up.weight, false, true); // [rows, inner]
    const product = matMul(nativeBiasGelu(before, up.bias), down.weight, false, true);
    const normInputs = { ...norm, x: product, inputBias: down.bias, residual: x };
    const { value, normal, inverse } = nativeResidualNorm(normInputs, options.epsilon, site);
    const rows = { x: () => pack(x), before: () => pack(before), normal: () => pack(normal) };
    return {
      value,
      saved: { ...rows, upWeight: up.weight, upBias: up.bias, downWeight: down.weight, inverse, weight: norm.weight },
      gradient: (dy, saved, wanted) => {
        const intoInner = wanted.x || wanted.upWeight || wanted.upBias;
        const outputs = {
          x: intoInner || wanted.downWeight,
          weight: wanted.weight,
          bias: wanted.bias,
          inputBias: wanted.downBias,
          residual: wanted.x,
        };
        const ofNorm = nativeNormGradients(dy, { ...saved, normal: unpack(saved.normal, width) }, site, outputs);
        const before = once(() => unpack(saved.before, innerWidth));
        const ofGelu = once(() => {
          const dInner = matMul(ofNorm.x(), saved.downWeight);
          const outputs = { x: true, bias: wanted.upBias, value: wanted.downWeight };
          const gradients = nativeBiasGeluGradients(dInner, before(), saved.upBias, outputs);
          dInner.dispose();
          return gradients;
        });
        const inner = () => (intoInner ? ofGelu().value() : nativeBiasGelu(before(), saved.upBias));
        return {
          x: () => add(matMul(ofGelu().x(), saved.upWeight), ofNorm.residual()),
          upWeight: () => matMul(ofGelu().x(), unpack(saved.x, width), true, false),
          upBias: () => ofGelu().bias(),
          downWeight: () => matMul(ofNorm.x(), inner(), true, false),
          downBias: ofNorm.inputBias,
          weight: ofNorm.weight,
          bias: ofNorm.bias,
        };
      },
    };
  });
};

/**
 * The feed-forward half: `layerNorm(dropout(act(x W^T + b) V^T + c) + x)` -> `[rows, width]`; the activation is a GELU
 * mostly.
 */
export const feedForwardNorm = choose(fusedFeedForwardNorm, composedFeedForwardNorm);
