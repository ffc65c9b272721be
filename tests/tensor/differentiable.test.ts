import { expect, test } from "vitest";
import { differentiable, isConstant, markConstant, markTrainable, once } from "../../src/tensor/differentiable.ts";
import { lossAndGradients } from "../../src/tensor/gradients.ts";
import { multiply } from "../../src/tensor/ops.ts";
import { tf } from "../../src/tensor/tensorflow.ts";

type Tensor = ReturnType<typeof tf.tensor>;
const vector = (...values: number[]) => tf.tensor1d(values) as unknown as Tensor;

/** `a * b`, noting which gradients were asked for. */
function product(a: Tensor, b: Tensor, asked: boolean[][] = []): Tensor {
  return differentiable({ a, b }, () => ({
    value: multiply(a, b),
    saved: { a, b },
    gradient: (dy, { a, b }, wanted) => {
      asked.push([wanted.a, wanted.b]);
      const called = (name: "a" | "b", gradient: Tensor) => {
        expect(wanted[name], `gradient of ${name}`).toBe(true);
        return gradient;
      };
      return { a: () => called("a", multiply(dy, b)), b: () => called("b", multiply(dy, a)) };
    },
  }));
}

const valuesOf = (tensors: readonly (Tensor | undefined)[]) =>
  tensors.map((tensor) => tensor && [...tensor.dataSync()]);

test("the gradients given by hand are those that come back, each to its input", () => {
  const [a, b] = [vector(1, 2), vector(3, 4)];
  const { loss, gradients } = lossAndGradients(() => product(a, b).sum(), [a, b]);
  expect(loss.dataSync()[0]).toBe(11);
  expect(valuesOf(gradients)).toEqual([
    [3, 4],
    [1, 2],
  ]);
});

test.each([
  [0, [false, true]],
  [1, [true, false]],
])("where input %i is constant, its gradient is not asked for and the other's is right", (frozen, wanted) => {
  const inputs = [vector(1, 2), vector(3, 4)] as [Tensor, Tensor];
  markConstant(inputs[frozen] as Tensor);
  const asked: boolean[][] = [];
  const other = inputs[1 - frozen] as Tensor;
  const { gradients } = lossAndGradients(() => product(...inputs, asked).sum(), [other]);
  expect(asked).toEqual([wanted]);
  expect(valuesOf(gradients)).toEqual([[...(inputs[frozen] as Tensor).dataSync()]]);
});

test("what is computed from constants alone is constant, and stays so down the line", () => {
  const [a, b, c] = [markConstant(vector(1)), markConstant(vector(2)), vector(3)];
  expect(isConstant(product(a, b))).toBe(true);
  expect(isConstant(product(product(a, b), a))).toBe(true);
  expect(isConstant(product(a, c))).toBe(false);
  const asked: boolean[][] = [];
  lossAndGradients(() => product(product(a, b, asked), c).sum(), [c]);
  expect(asked).toEqual([]); // the frozen product is on no tape
});

test("a constant that is to train again gets its gradient", () => {
  const a = markTrainable(markConstant(vector(5)));
  expect(isConstant(a)).toBe(false);
  expect(valuesOf(lossAndGradients(() => product(a, vector(2)).sum(), [a]).gradients)).toEqual([[2]]);
});

test("an op on constants leaves its result and nothing else", () => {
  const [a, b] = [markConstant(vector(1)), markConstant(vector(2))];
  const before = tf.memory().numTensors;
  const result = differentiable({ a, b }, () => ({
    value: multiply(multiply(a, b), b),
    saved: { a },
    gradient: () => ({ a: () => expect.unreachable(), b: () => expect.unreachable() }),
  }));
  expect(tf.memory().numTensors).toBe(before + 1);
  expect(result.dataSync()[0]).toBe(4);
});

test("a pass through the tape leaves its loss and gradients and nothing else", () => {
  const [a, b] = [vector(1), vector(2)];
  const before = tf.memory().numTensors;
  const { loss, gradients } = lossAndGradients(() => product(product(a, b), b).sum(), [a, b]);
  expect(valuesOf(gradients)).toEqual([[4], [4]]);
  expect(tf.memory().numTensors).toBe(before + 3);
  tf.dispose([loss, ...(gradients as Tensor[])]);
  expect(tf.memory().numTensors).toBe(before);
});

test("on the way back what the forward pass kept is freed op by op, and so are the gradients in between", () => {
  const inputs = Array.from({ length: 6 }, (_, i) => vector(i + 1, 2));
  const held: number[] = [];
  const counted = (a: Tensor, b: Tensor) =>
    differentiable({ a, b }, () => ({
      value: multiply(a, b),
      saved: { a, b },
      gradient: (dy, { a, b }) => {
        held.push(tf.memory().numDataBuffers);
        return { a: () => multiply(dy, b), b: () => multiply(dy, a) };
      },
    }));
  lossAndGradients(() => inputs.reduce(counted).sum(), inputs);
  // an op leaves the gradient of its parameter, and frees the result of the op below and the gradient it was given
  expect(held.length).toBe(5);
  expect(Math.max(...held) - (held[0] as number)).toBeLessThanOrEqual(1);
});

test("an input that is absent has no gradient, and what is saved of it is absent too", () => {
  const scaled = (x: Tensor, factor?: Tensor) =>
    differentiable({ x, factor }, () => ({
      value: factor === undefined ? x.clone() : multiply(x, factor),
      saved: { x, factor },
      gradient: (dy, { x, factor }) => ({
        x: () => (factor === undefined ? dy.clone() : multiply(dy, factor)),
        factor: () => multiply(dy, x),
      }),
    }));
  const [x, factor] = [vector(1, 2), vector(3, 4)];
  expect(valuesOf(lossAndGradients(() => scaled(x).sum(), [x]).gradients)).toEqual([[1, 1]]);
  expect(valuesOf(lossAndGradients(() => scaled(x, factor).sum(), [x, factor]).gradients)).toEqual([
    [3, 4],
    [1, 2],
  ]);
});

test("work that gradients share is done once, at the first that needs it", () => {
  let runs = 0;
  const shared = once(() => {
    runs += 1;
    return undefined;
  });
  expect(runs).toBe(0);
  expect([shared(), shared()]).toEqual([undefined, undefined]);
  expect(runs).toBe(1);
});
