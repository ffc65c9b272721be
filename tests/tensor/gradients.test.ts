import { expect, test } from "vitest";
import { lossAndGradients } from "../../src/tensor/gradients.ts";
import { tf } from "../../src/tensor/tensorflow.ts";

const scalar = (value: number) => tf.scalar(value) as unknown as ReturnType<typeof tf.tensor>;

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
