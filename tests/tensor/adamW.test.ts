import { expect, test } from "vitest";
import { type AdamWFactors, applyAdamW } from "../../src/tensor/adamW.ts";
import { randomNormal } from "../../src/tensor/random.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { NativeVariable } from "../../src/tensor/variable.ts";

const size = 1000; // several blocks of the fused form, the last one not full
const factors = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** torch.optim.AdamW's formula in double precision. */
function expected(weight: number[], m: number[], v: number[], gradient: Float32Array, f: AdamWFactors): void {
  weight.forEach((value, i) => {
    const g = (gradient[i] as number) * f.gradientScale;
    m[i] = f.beta1 * (m[i] as number) + (1 - f.beta1) * g;
    v[i] = f.beta2 * (v[i] as number) + (1 - f.beta2) * g * g;
    const deviation = Math.sqrt(v[i] as number) / Math.sqrt(1 - f.beta2 ** f.step) + f.epsilon;
    const step = (f.learningRate / (1 - f.beta1 ** f.step)) * ((m[i] as number) / deviation);
    weight[i] = value * (1 - f.learningRate * f.weightDecay) - step;
  });
}

test.each([
  [0, 1],
  [0.1, 1],
  [0, 0.25],
  [0.1, 0.25],
])("applyAdamW with decay %d and gradients scaled by %d equals PyTorch's formula", (weightDecay, gradientScale) => {
  const values = randomNormal(1, "weight", size);
  const [variable, m, v] = [new NativeVariable([size], values), new NativeVariable([size]), new NativeVariable([size])];
  const [weight, first, second] = [Array.from(values), new Array(size).fill(0), new Array(size).fill(0)];
  for (const step of [1, 2, 3]) {
    const gradient = randomNormal(step, "gradient", size);
    gradient.fill(0, 100, 700); // as in rows of an embedding that no text uses
    if (step === 2) gradient[300] = 0.5; // and one that a later text does
    const all = { ...factors, weightDecay, gradientScale, step };
    expected(weight, first, second, gradient, all);
    tf.tidy(() => applyAdamW([{ value: variable, m, v, gradient: tf.tensor1d(gradient), factors: all }]));
  }
  variable.data().forEach((value, i) => {
    expect(Math.abs(value - (weight[i] as number))).toBeLessThan(1e-6);
  });
  for (const each of [variable, m, v]) each.dispose();
});

test("who still holds the old values keeps them", () => {
  const [variable, m, v] = [
    new NativeVariable([2], Float32Array.of(1, 2)),
    new NativeVariable([2]),
    new NativeVariable([2]),
  ];
  const old = variable.value.clone();
  const first = { ...factors, weightDecay: 0, gradientScale: 1, step: 1 };
  applyAdamW([{ value: variable, m, v, gradient: tf.tensor1d([1, 1]), factors: first }]);
  expect([...old.dataSync()]).toEqual([1, 2]);
  expect(variable.data()[0]).toBeCloseTo(0.99, 6);
});
