import { expect, test } from "vitest";
import { clipFactor, globalNorm } from "../../src/optim/clip.ts";
import { tf } from "../../src/tensor/tensorflow.ts";

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
