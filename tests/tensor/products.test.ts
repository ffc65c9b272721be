/** Products of matrices: our own against TensorFlow's. */
import { describe, expect, test } from "vitest";
import { nativeOps } from "../../src/tensor/native.ts";
import { nativeProduct } from "../../src/tensor/nativeOps.ts";
import { matMul, matMulBias, sumOfProducts } from "../../src/tensor/ops.ts";
import { randomNormal } from "../../src/tensor/random.ts";
import { tf } from "../../src/tensor/tensorflow.ts";

type Tensor = ReturnType<typeof tf.tensor>;
const matrix = (name: string, rows: number, columns: number): Tensor =>
  tf.tensor(randomNormal(5, name, rows * columns), [rows, columns]);
const difference = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().dataSync()[0] as number;

test("the bias and the sum of products are what they say, whoever multiplies", () => {
  const [a, b, c, d] = [matrix("a", 7, 5), matrix("b", 5, 3), matrix("c", 7, 5), matrix("d", 5, 3)];
  const bias = tf.tensor1d([1, 2, 3]);
  expect(difference(sumOfProducts([a, c], [b, d]), tf.matMul(a, b).add(tf.matMul(c, d)))).toBeLessThan(1e-5);
  expect(difference(matMulBias(a, b.transpose(), bias), tf.matMul(a, b).add(bias))).toBeLessThan(1e-5);
  expect(difference(matMul(a, c, true), tf.matMul(a, c, true))).toBeLessThan(1e-5);
});

describe.skipIf(!nativeOps)("ThawProduct", () => {
  test.each([
    [1, 1, 1],
    [3, 1, 5],
    [25, 7, 23],
    [438, 384, 100],
    [49, 1030, 50],
  ])("%i x %i x %i equals TensorFlow's, transposed or not, with bias or without", (rows, inner, columns) => {
    for (const [transposeA, transposeB] of [
      [false, false],
      [false, true],
      [true, false],
      [true, true],
    ] as const) {
      const a = transposeA ? matrix("a", inner, rows) : matrix("a", rows, inner);
      const b = transposeB ? matrix("b", columns, inner) : matrix("b", inner, columns);
      const expected = tf.matMul(a as never, b as never, transposeA, transposeB) as Tensor;
      const tolerance = 3e-6 * Math.sqrt(inner) * 4;
      expect(difference(nativeProduct([a], [b], transposeA, transposeB), expected)).toBeLessThan(tolerance);
      const bias = tf.tensor1d(randomNormal(5, "bias", columns));
      const twice = nativeProduct([a, a], [b, b], transposeA, transposeB, [bias]);
      expect(difference(twice, expected.mul(2).add(bias) as Tensor)).toBeLessThan(2 * tolerance);
    }
  });

  test("a row has the same bits wherever it lies and whatever else is multiplied", () => {
    const [rows, inner, columns] = [101, 1000, 37];
    const [a, b] = [matrix("a", rows, inner), matrix("b", inner, columns)];
    const all = nativeProduct([a], [b], false, false);
    const order = Int32Array.from({ length: rows }, (_, i) => (i * 29) % rows);
    const moved = nativeProduct([tf.gather(a, order)], [b], false, false);
    expect(moved.dataSync()).toEqual(tf.gather(all, order).dataSync());
    const few = nativeProduct([tf.slice(a, [50, 0], [7, inner])], [tf.slice(b, [0, 3], [inner, 20])], false, false);
    expect(few.dataSync()).toEqual(tf.slice(all, [50, 3], [7, 20]).dataSync());
  });

  test("it does not hide a number that is none, and refuses shapes that do not fit", () => {
    const nan = tf.fill([30, 30], Number.NaN) as Tensor;
    expect(
      nativeProduct([nan], [matrix("b", 30, 30)], false, false)
        .dataSync()
        .every(Number.isNaN),
    ).toBe(true);
    expect(() => nativeProduct([matrix("a", 4, 5)], [matrix("b", 4, 5)], false, false)).toThrow("do not fit");
  });
});
