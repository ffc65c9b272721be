/** Activations by Hugging Face's names for them (transformers 5.23, `ACT2FN` in activations.py), value by value. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { ThawError } from "../errors.ts";
import { differentiable, once } from "../tensor/differentiable.ts";
import { choose } from "../tensor/native.ts";
import { nativeBiasGelu, nativeBiasGeluGradients } from "../tensor/nativeOps.ts";
import { add, biasAdd, erf, exp, fixedScalar, multiply, scale, square, subtract, sumRows } from "../tensor/ops.ts";
import { tf } from "../tensor/tensorflow.ts";
import { linear, project } from "./linear.ts";

type Activation = (x: Tensor) => Tensor;

const one = () => fixedScalar(1);

/** Makes an activation out of its value and its derivative, both functions of the input. */
function pointwise(value: Activation, derivative: Activation): Activation {
  return (x) =>
    differentiable({ x }, () => ({
      value: value(x),
      saved: { x },
      gradient: (dy, { x }) => ({ x: () => multiply(dy, derivative(x)) }),
    }));
}

/** `Phi(x) = (1 + erf(x / sqrt(2))) / 2` */
const normalCdf: Activation = (x) => scale(add(erf(scale(x, Math.SQRT1_2)), one()), 0.5);

const erfGelu: Activation = (x) => multiply(x, normalCdf(x));

/** `d/dx x Phi(x) = Phi(x) + x phi(x)`; Phi is computed again: cheaper than to keep it for every layer. */
function erfGeluDerivative(x: Tensor): Tensor {
  const density = scale(exp(scale(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return add(normalCdf(x), multiply(x, density));
}

/** The Gaussian error linear unit in its exact form, `x Phi(x)` (Hendrycks and Gimpel 2016, arXiv:1606.08415); any shape. */
export const gelu = pointwise(erfGelu, erfGeluDerivative);

/** The composed form of `biasGelu`. */
export function composedBiasGelu(x: Tensor, bias: Tensor): Tensor {
  return differentiable({ x, bias }, () => {
    const sum = biasAdd(x, bias);
    return {
      value: erfGelu(sum),
      saved: { sum },
      gradient: (dy, { sum }) => {
        const dSum = once(() => multiply(dy, erfGeluDerivative(sum)));
        return { x: dSum, bias: () => sumRows(dSum()) };
      },
    };
  });
}

/** The fused form of `biasGelu`, in one pass over memory. */
export function fusedBiasGelu(x: Tensor, bias: Tensor): Tensor {
  return differentiable({ x, bias }, () => ({
    value: nativeBiasGelu(x, bias),
    saved: { x, bias },
    gradient: (dy, { x, bias }, wanted) => nativeBiasGeluGradients(dy, x, bias, wanted),
  }));
}

/** `gelu(x + bias)`: `x [rows, width]`, `bias [width]` -> `[rows, width]`. */
export const biasGelu = choose(fusedBiasGelu, composedBiasGelu);

/** `tanh(sqrt(2 / pi) (x + 0.044715 x^3))`, which stands for the error function in the GELU of BERT's first release. */
const innerTanh: Activation = (x) =>
  tf.tanh(scale(multiply(x, add(scale(square(x), 0.044715), one())), Math.sqrt(2 / Math.PI)));

/** `x (1 + innerTanh(x)) / 2` */
const tanhGelu = pointwise(
  (x) => scale(multiply(x, add(innerTanh(x), one())), 0.5),
  (x) => {
    const inner = innerTanh(x);
    const slope = scale(add(scale(square(x), 3 * 0.044715), one()), Math.sqrt(2 / Math.PI));
    const rise = multiply(multiply(x, subtract(one(), square(inner))), slope);
    return scale(add(add(inner, one()), rise), 0.5);
  },
);

const tanh = pointwise(
  (x) => tf.tanh(x),
  (x) => subtract(one(), square(tf.tanh(x))),
);

/** 0 below 0, and at 0 itself, as PyTorch. */
const relu = pointwise(
  (x) => tf.relu(x),
  (x) => tf.step(x),
);

/** `s (1 - s)` for `s = 1 / (1 + exp(-x))` */
const sigmoid = pointwise(
  (x) => tf.sigmoid(x),
  (x) => {
    const s: Tensor = tf.sigmoid(x);
    return multiply(s, subtract(one(), s));
  },
);

/** `x / (1 + exp(-x))` (Hendrycks and Gimpel 2016, arXiv:1606.08415) */
const silu = pointwise(
  (x) => multiply(x, tf.sigmoid(x)),
  (x) => {
    const s: Tensor = tf.sigmoid(x);
    return multiply(s, add(multiply(x, subtract(one(), s)), one()));
  },
);

const activations: Readonly<Record<string, Activation>> = {
  gelu,
  gelu_python: gelu,
  gelu_new: tanhGelu,
  gelu_pytorch_tanh: tanhGelu,
  linear: (x) => x,
  relu,
  sigmoid,
  silu,
  swish: silu,
  tanh,
};

/** The names that `activate` knows. */
export const activationNames: readonly string[] = Object.keys(activations);

/** Applies the activation of this name to `x` of any shape. Errors: `BAD_CONFIG`. */
export function activate(name: string, x: Tensor): Tensor {
  const activation = Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (activation !== undefined) return activation(x);
  throw new ThawError("BAD_CONFIG", `There is no activation "${name}" here. Known: ${activationNames.join(", ")}.`);
}

/** Applies a linear layer and then the activation of this name: `x [rows, in]` -> `[rows, out]`. Errors: `BAD_CONFIG`. */
export function denseActivated(
  name: string,
  x: Tensor,
  { weight, bias }: { readonly weight: Tensor; readonly bias: Tensor },
): Tensor {
  if (name === "gelu") return biasGelu(project(x, weight), bias); // one op adds the bias as well
  return activate(name, linear(x, weight, bias));
}
