import { expect, test } from "vitest";
import { embedding } from "../../src/nn/embedding.ts";
import { lossAndGradients } from "../../src/tensor/gradients.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { compare, random, type Tensor } from "./compare.ts";

test("embedding gathers rows and sums the gradients of repeated ids", () => {
  const ids = Int32Array.of(0, 3, 3, 1);
  compare(
    "embedding",
    [random("table", [5, 3])],
    (table) => embedding(table as Tensor, ids),
    (table) => tf.gather(table as Tensor, tf.tensor1d(ids, "int32")),
  );
});

test("the padding row of an embedding gets no gradient", () => {
  const table = random("table", [5, 3]);
  const { gradients } = lossAndGradients(() => embedding(table, Int32Array.of(0, 3, 0), 0).sum(), [table]);
  expect(Array.from((gradients[0] as Tensor).sum(1).dataSync())).toEqual([0, 0, 0, 3, 0]);
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
