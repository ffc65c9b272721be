import { describe, expect, test } from "vitest";
import { gelu } from "../../src/nn/activation.ts";
import { project } from "../../src/nn/linear.ts";
import { isConstant, markConstant } from "../../src/tensor/differentiable.ts";
import { lossAndGradients, recomputed } from "../../src/tensor/gradients.ts";
import { tf } from "../../src/tensor/tensorflow.ts";

type Tensor = ReturnType<typeof tf.tensor>;
const scalar = (value: number) => tf.scalar(value) as unknown as Tensor;

test("the loss is computed once, and its value and gradients come from that one pass", () => {
  const [x, y] = [scalar(3), scalar(5)];
  let runs = 0;
  const { loss, gradients } = lossAndGradients(() => {
    runs += 1;
    return x.mul(x).add(y.mul(2));
  }, [x, y]);
  expect(runs).toBe(1);
  expect([loss, ...gradients].map((tensor) => tensor?.dataSync()[0])).toEqual([19, 6, 2]);
});

test("an input that is used twice gets the sum of its gradients", () => {
  const x = scalar(4);
  expect(lossAndGradients(() => x.mul(3).add(x.square()), [x]).gradients[0]?.dataSync()[0]).toBe(11);
});

test("an input on no path has no gradient, and those beside it keep their places", () => {
  const [x, y, z] = [scalar(1), scalar(2), scalar(3)];
  const { gradients } = lossAndGradients(() => x.mul(5).add(z.mul(7)), [x, y, z]);
  expect(gradients.map((gradient) => gradient?.dataSync()[0])).toEqual([5, undefined, 7]);
});

test("a tensor that is in no path has no gradient", () => {
  const [x, y] = [scalar(1), scalar(2)];
  const { gradients } = lossAndGradients(() => x.sum(), [x, y]);
  expect(gradients[1]).toBeUndefined();
});

describe("a part that is recomputed", () => {
  const random = (seed: number, ...shape: number[]) =>
    tf.randomNormal(shape, 0, 1, "float32", seed) as unknown as Tensor;

  const weights = [1, 2, 3].map((seed) => random(seed, 20, 20));
  const x = random(9, 6, 20);
  /** Two uses of the input, so that its gradient is a sum. */
  const layer = (input: Tensor, weight: Tensor): Tensor => gelu(project(input, weight)).add(input) as Tensor;
  const plain = () => weights.reduce(layer, x).sum() as Tensor;
  const runs: boolean[] = [];
  const again = () =>
    weights
      .reduce(
        (input, weight) =>
          recomputed({ input, weight }, ({ input, weight }, isAgain) => {
            runs.push(isAgain);
            return layer(input, weight);
          }),
        x,
      )
      .sum() as Tensor;
  const bytes = (tensors: readonly (Tensor | undefined)[]) => tensors.map((tensor) => tensor && [...tensor.dataSync()]);

  test("loss and gradients are the same to the last bit, and each part runs once forward and once on the way back", () => {
    const inputs = [x, ...weights];
    const [expected, actual] = [lossAndGradients(plain, inputs), lossAndGradients(again, inputs)];
    expect(bytes([actual.loss, ...actual.gradients])).toEqual(bytes([expected.loss, ...expected.gradients]));
    expect(runs.splice(0)).toEqual([false, false, false, true, true, true]);
  });

  test("where an input is constant the others get their gradients, and parts of constants alone run once", () => {
    markConstant(x);
    markConstant(weights[0] as Tensor);
    markConstant(weights[2] as Tensor);
    const wanted = [weights[1] as Tensor];
    const [expected, actual] = [lossAndGradients(plain, wanted), lossAndGradients(again, wanted)];
    expect(bytes(actual.gradients)).toEqual(bytes(expected.gradients));
    expect(runs.splice(0)).toEqual([false, false, false, true, true]);
    expect(isConstant(recomputed({ x }, ({ x }) => gelu(x)))).toBe(true);
  });

  test("an input that the result does not depend on has a gradient of zeros", () => {
    const [a, b] = [random(4, 3), random(5, 3)];
    const { gradients } = lossAndGradients(() => recomputed({ a, b }, ({ a }) => gelu(a)).sum(), [a, b]);
    expect(bytes(gradients)[1]).toEqual([0, 0, 0]);
  });

  test("nothing is left behind, and of what happens inside nothing is kept for the way back", () => {
    const input = random(6, 20, 20);
    const part = (input: Tensor) => gelu(gelu(gelu(gelu(input))));
    const passOf = (loss: () => Tensor) => {
      let kept = 0;
      const before = tf.memory().numTensors;
      const { loss: value, gradients } = lossAndGradients(() => {
        const result = loss().sum() as Tensor;
        kept = tf.memory().numBytes;
        return result;
      }, [input]);
      tf.dispose([value, ...(gradients as Tensor[])]);
      expect(tf.memory().numTensors).toBe(before);
      return kept;
    };
    const [all, inputOnly] = [
      passOf(() => part(input)),
      passOf(() => recomputed({ input }, ({ input }) => part(input))),
    ];
    expect(all - inputOnly).toBeGreaterThanOrEqual(3 * 1600); // three inner results of 400 floats
  });
});
