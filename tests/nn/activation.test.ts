import { expect, test } from "vitest";
import { activate, activationNames, gelu } from "../../src/nn/activation.ts";
import { lossAndGradients } from "../../src/tensor/gradients.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { compare, random, type Tensor } from "./compare.ts";

/** Each formula in float64. */
const formulas: Readonly<Record<string, (x: number) => number>> = {
  gelu: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  gelu_new: (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  silu: (x) => x / (1 + Math.exp(-x)),
  tanh: Math.tanh,
};
const otherNames: Readonly<Record<string, string>> = {
  gelu_python: "gelu",
  gelu_pytorch_tanh: "gelu_new",
  swish: "silu",
};

/** Its power series, which is exact to 1e-12 for |x| <= 4. */
function erf(x: number): number {
  let [sum, term] = [x, x];
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

const points = Float32Array.from({ length: 81 }, (_, i) => (i - 40) / 10 + 0.01); // -3.99 to 4.01: 0 itself has no slope in relu

test.each(activationNames)("%s equals its formula, and its gradient the formula's slope", (name) => {
  const formula = formulas[otherNames[name] ?? name] as (x: number) => number;
  const x: Tensor = tf.tensor(points);
  const { gradients } = lossAndGradients(() => activate(name, x).sum(), [x]);
  const [value, slope] = [activate(name, x), gradients[0] as Tensor].map((tensor) => tensor.dataSync());
  points.forEach((point, i) => {
    expect(value?.[i], `${name}(${point})`).toBeCloseTo(formula(point), 5);
    expect(slope?.[i], `slope of ${name} at ${point}`).toBeCloseTo(
      (formula(point + 1e-4) - formula(point - 1e-4)) / 2e-4,
      5,
    );
  });
});

test("relu has no slope at 0, as in PyTorch", () => {
  const x: Tensor = tf.zeros([3]);
  const { gradients } = lossAndGradients(() => activate("relu", x).sum(), [x]);
  expect([...(gradients[0] as Tensor).dataSync()]).toEqual([0, 0, 0]);
});

test("an unknown activation is refused with the known ones", () => {
  expect(() => activate("mish", tf.zeros([1]))).toThrow(/"mish".*gelu_new/);
  expect(() => activate("constructor", tf.zeros([1]))).toThrow(/"constructor"/);
});

const erfGelu = (x: Tensor) => x.mul(x.mul(Math.SQRT1_2).erf().add(1).mul(0.5));

test("gelu is the erf form, not the tanh one", () => {
  compare("gelu", [random("x", [50])], gelu, erfGelu as never);
});
