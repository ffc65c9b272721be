import { expect, test } from "vitest";
import { embedding } from "../../src/nn/embedding.ts";
import { type AdamWFactors, applyAdamW } from "../../src/tensor/adamW.ts";
import { lossAndGradients } from "../../src/tensor/gradients.ts";
import { halfSquaredNorm } from "../../src/tensor/ops.ts";
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

test("half the squared norm of many values is exact to single precision", () => {
  const values = randomNormal(2, "values", 100_003);
  const exact = values.reduce((sum, value) => sum + value * value, 0) / 2;
  expect(Math.abs((halfSquaredNorm([tf.tensor1d(values)]).dataSync()[0] as number) / exact - 1)).toBeLessThan(1e-6);
  expect(halfSquaredNorm([tf.tensor1d([1, Number.NaN])]).dataSync()[0]).toBeNaN();
});

test("gradients of an embedding do not mix from step to step, nor while an older one is held", () => {
  const table = tf.ones([6, 3]) as ReturnType<typeof tf.tensor>;
  const gradientOf = (...ids: number[]) =>
    lossAndGradients(() => embedding(table, Int32Array.from(ids)).sum(), [table]).gradients[0] as typeof table;
  const rows = (gradient: typeof table) => Array.from(gradient.sum(1).dataSync());
  const first = gradientOf(1, 1, 5);
  const second = gradientOf(2);
  expect([rows(first), rows(second)]).toEqual([
    [0, 6, 0, 0, 0, 3],
    [0, 0, 3, 0, 0, 0],
  ]);
  first.dispose();
  second.dispose();
  const third = gradientOf(0, 4);
  expect(rows(third)).toEqual([3, 0, 0, 0, 3, 0]);
  third.dispose();
  expect(rows(gradientOf(3))).toEqual([0, 0, 0, 3, 0, 0]);
});

test("assigned values are read back, as a copy that later changes leave alone", () => {
  const variable = new NativeVariable([2, 2]);
  expect([...variable.data()]).toEqual([0, 0, 0, 0]);
  variable.assign(Float32Array.of(1, 2, 3, 4));
  const copy = variable.data();
  variable.assign(Float32Array.of(5, 6, 7, 8));
  copy[3] = 9;
  expect([[...copy], [...variable.data()], variable.value.shape]).toEqual([
    [1, 2, 3, 9],
    [5, 6, 7, 8],
    [2, 2],
  ]);
  variable.dispose();
});

test("two variables of one shape do not share their values", () => {
  const [a, b] = [new NativeVariable([1], Float32Array.of(1)), new NativeVariable([1], Float32Array.of(2))];
  a.assign(Float32Array.of(3));
  expect([a.data()[0], b.data()[0]]).toEqual([3, 2]);
});

test("values of another size are refused, and the old ones stay", () => {
  const variable = new NativeVariable([2], Float32Array.of(1, 2));
  expect(() => variable.assign(Float32Array.of(1, 2, 3))).toThrow(/3 values do not fit the shape \[2\]: give 2/);
  expect([...variable.data()]).toEqual([1, 2]);
});

test("a freed variable leaves no tensor, refuses to be used, and can be freed again", () => {
  const before = tf.memory().numTensors;
  const variable = new NativeVariable([2]);
  variable.data();
  variable.dispose();
  expect(tf.memory().numTensors).toBe(before);
  variable.dispose();
  for (const use of [() => variable.value, () => variable.data(), () => variable.assign(new Float32Array(2))]) {
    expect(use).toThrow(expect.objectContaining({ code: "DISPOSED" }));
  }
});

test("variables that come and go leave no memory behind, and none has the values of another", () => {
  const round = (count: number) => {
    for (let i = 0; i < count; i++) {
      const [first, second] = [new NativeVariable([3], Float32Array.of(i, i, i)), new NativeVariable([3])];
      if (i % 1000 === 0) expect([...first.data(), ...second.data()]).toEqual([i, i, i, 0, 0, 0]);
      first.dispose();
      second.dispose();
    }
  };
  round(1000);
  const before = process.memoryUsage.rss();
  round(10_000);
  expect((process.memoryUsage.rss() - before) / 1e6).toBeLessThan(25); // MB; with a name each it was 62
});
