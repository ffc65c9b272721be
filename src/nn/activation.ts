/** Activations by Hugging Face's names for them (transformers 5.23, `ACT2FN` in activations.py), value by value. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { ThawError } from "../errors.ts";
import { differentiable } from "../tensor/differentiable.ts";
import { add, fixedScalar, multiply, scale, square, subtract } from "../tensor/ops.ts";
import { tf } from "../tensor/tensorflow.ts";
import { gelu } from "./gelu.ts";

type Activation = (x: Tensor) => Tensor;

const one = () => fixedScalar(1);

/** An activation of its value and its derivative, both functions of the input. */
function pointwise(value: Activation, derivative: Activation): Activation {
  return (x) =>
    differentiable([x], (save) => {
      save(x);
      return { value: value(x), gradient: (dy, [x]) => [multiply(dy, derivative(x as Tensor))] };
    });
}

/** `tanh(sqrt(2 / pi) (x + 0.044715 x^3))`, what stands for the error function in the GELU of BERT's first release. */
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

/** Names that `activate` knows. */
export const activationNames: readonly string[] = Object.keys(activations);

/** The activation of this name, of any shape. Errors: `BAD_CONFIG`. */
export function activate(name: string, x: Tensor): Tensor {
  const activation = Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (activation !== undefined) return activation(x);
  throw new ThawError("BAD_CONFIG", `There is no activation "${name}" here. Known: ${activationNames.join(", ")}.`);
}
