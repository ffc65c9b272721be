import { expect, test } from "vitest";
import { project } from "../../src/nn/linear.ts";
import { clipFactor, GradientSum, globalNorm } from "../../src/optim/gradients.ts";
import { markConstant } from "../../src/tensor/differentiable.ts";
import { lossAndGradients, tapGradient } from "../../src/tensor/gradients.ts";
import { engineName, tf } from "../../src/tensor/tensorflow.ts";

type Tensor = ReturnType<typeof tf.tensor>;
const vector = (...values: number[]) => tf.tensor1d(values) as unknown as Tensor;

test("gradients are added up, and nothing is left after dispose", () => {
  const before = tf.memory();
  const sum = new GradientSum();
  expect(sum.value).toBeUndefined();
  const seen = [1, 2, 3].map((i) => {
    sum.add(vector(i, -i));
    return [...(sum.value?.dataSync() ?? [])];
  });
  expect(seen).toEqual([
    [1, -1],
    [3, -3],
    [6, -6],
  ]);
  sum.dispose();
  expect(tf.memory().numTensors).toBe(before.numTensors);
  expect(tf.memory().numBytes).toBe(before.numBytes);
});

test("a sum does not grow with what it adds up", () => {
  const sum = new GradientSum();
  const buffers = [1, 2, 3, 4].map(() => {
    sum.add(tf.ones([1000]) as unknown as Tensor);
    return tf.memory().numDataBuffers;
  });
  expect(new Set(buffers.slice(1)).size).toBe(1);
  sum.dispose();
});

test("a tapped gradient is the one that the tape has, and is freed as soon as it has been taken", () => {
  const weights = [1, 2, 3, 4].map((i) => tf.randomNormal([20, 20], 0, 1, "float32", i) as unknown as Tensor);
  const input = markConstant(tf.randomNormal([5, 20], 0, 1, "float32", 9) as unknown as Tensor);
  const loss = (through: (weight: Tensor, i: number) => Tensor) => () =>
    weights.reduce((x, weight, i) => project(x, through(weight, i)), input).sum();
  const { gradients } = lossAndGradients(
    loss((weight) => weight),
    weights,
  );
  const sums = weights.map(() => new GradientSum());
  const buffers: number[] = [];
  for (const round of [1, 2]) {
    tf.tidy(() => {
      lossAndGradients(
        loss((weight, i) =>
          tapGradient(weight, (gradient) => {
            sums[i]?.add(gradient);
            if (round === 2) buffers.push(tf.memory().numDataBuffers);
          }),
        ),
        weights,
      );
    });
  }
  sums.forEach((sum, i) => {
    const once = [...(gradients[i]?.dataSync() ?? [])];
    expect([...(sum.value?.dataSync() ?? [])]).toEqual(once.map((value) => Math.fround(2 * value)));
  });
  // going down, each layer leaves the gradient of its input and none for its weight; WebAssembly's clones are copies
  const perLayer = engineName === "wasm" ? 3 : 1;
  expect(Math.max(...buffers) - (buffers[0] as number)).toBeLessThanOrEqual(perLayer * (weights.length - 1));
});

test("a constant is not tapped", () => {
  const constant = markConstant(vector(1, 2));
  expect(tapGradient(constant, () => expect.unreachable())).toBe(constant);
});

const tensor = (values: number[], shape = [values.length]) => tf.tensor(values, shape);

test("the norm is that of all values of all gradients together", () => {
  expect(globalNorm([tensor([3]), tensor([0, 4, 0, 0], [2, 2])])).toBeCloseTo(5, 6);
  expect(globalNorm([tensor([-2, 2, 2, -2])])).toBeCloseTo(4, 6);
  expect(globalNorm([])).toBe(0);
});

test("a gradient that is not finite is seen in the norm", () => {
  expect(globalNorm([tensor([1]), tensor([Number.NaN])])).toBeNaN();
  expect(globalNorm([tensor([1]), tensor([Number.POSITIVE_INFINITY])])).toBe(Number.POSITIVE_INFINITY);
});

test("a norm leaves no tensor behind", () => {
  const gradients = [tensor([1, 2]), tensor([3])];
  const before = tf.memory().numTensors;
  globalNorm(gradients);
  expect(tf.memory().numTensors).toBe(before);
});

// torch.nn.utils.clip_grad_norm_: clip_coef = max_norm / (total_norm + 1e-6), clamped to 1
test.each([
  [4, 1, 1 / 4.000001],
  [0.5, 1, 1],
  [1, 1, 1 / 1.000001],
  [0, 1, 1],
  [10, 5, 5 / 10.000001],
])("a norm of %d is brought down to %d by the factor %d", (norm, maxNorm, factor) => {
  expect(clipFactor(norm, maxNorm)).toBe(factor);
});
