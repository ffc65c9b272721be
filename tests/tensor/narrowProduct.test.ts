/** Products in bfloat16, against the same sums in float64 and, bit by bit, in the order in which they are promised. */
import { describe, expect, test } from "vitest";
import { nativeOps } from "../../src/tensor/native.ts";
import { nativeNarrow, nativeProduct, nativeWiden } from "../../src/tensor/nativeOps.ts";
import { randomNormal } from "../../src/tensor/random.ts";
import { tf } from "../../src/tensor/tensorflow.ts";

type Tensor = ReturnType<typeof tf.tensor>;
const matrix = (name: string, rows: number, columns: number): Tensor =>
  tf.tensor(randomNormal(5, name, rows * columns), [rows, columns]);
const rounded = (x: Tensor): Tensor => nativeWiden(nativeNarrow(x), x.shape[1] as number);
const product = (a: Tensor, b: Tensor): Float32Array =>
  nativeProduct([a], [b], false, false, [], true).dataSync() as Float32Array;

/** `a b` of the rounded factors: per element `sum(a[i, k], b[k, j], term k)` over the inner dimension. */
function elements(a: Tensor, b: Tensor, sum: (left: Float32Array, right: Float32Array) => number): number[] {
  const [left, right] = [rounded(a), rounded(b.transpose() as Tensor)].map((x) => x.dataSync() as Float32Array);
  const inner = a.shape[1] as number;
  const part = (values: Float32Array | undefined, i: number) =>
    (values as Float32Array).subarray(i * inner, (i + 1) * inner);
  const [rows, columns] = [a.shape[0] as number, b.shape[1] as number];
  return Array.from({ length: rows * columns }, (_, i) =>
    sum(part(left, Math.floor(i / columns)), part(right, i % columns)),
  );
}

const inFloat64 = (left: Float32Array, right: Float32Array) =>
  left.reduce((sum, value, k) => sum + value * (right[k] as number), 0);

/** Of each pair of terms the second first, rounded to float32 after each: as VDPBF16PS does. */
function inPairs(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < left.length; k += 2) {
    for (const term of [k + 1, k]) {
      if (term < left.length) sum = Math.fround(sum + (left[term] as number) * (right[term] as number));
    }
  }
  return sum;
}

describe.skipIf(!nativeOps)("ThawProduct, narrow", () => {
  test.each([
    [1, 1, 1],
    [3, 1, 5],
    [25, 7, 23],
    [100, 384, 60],
    [49, 1601, 50],
  ])("%i x %i x %i is the product of the rounded factors, summed in float32", (rows, inner, columns) => {
    const [a, b] = [matrix("a", rows, inner), matrix("b", inner, columns)];
    const exact = elements(a, b, inFloat64);
    const sizes = elements(a, b, (left, right) => inFloat64(left.map(Math.abs), right.map(Math.abs)));
    const turned = { a: a.transpose() as Tensor, b: b.transpose() as Tensor };
    for (const [transposeA, transposeB] of [
      [false, false],
      [false, true],
      [true, false],
      [true, true],
    ] as const) {
      const [left, right] = [transposeA ? turned.a : a, transposeB ? turned.b : b];
      const once = nativeProduct([left], [right], transposeA, transposeB, [], true).dataSync();
      const bias = tf.tensor1d(randomNormal(5, "bias", columns));
      const twice = nativeProduct([left, left], [right, right], transposeA, transposeB, [bias], true);
      const alone = twice.sub(bias).dataSync();
      let [worst, worstTwice] = [0, 0];
      exact.forEach((value, i) => {
        const scale = 2 ** -24 * Math.sqrt(inner) * (sizes[i] as number);
        worst = Math.max(worst, Math.abs((once[i] as number) - value) / scale);
        worstTwice = Math.max(worstTwice, Math.abs((alone[i] as number) - 2 * value) / (scale + 2 ** -24 * 8));
      });
      expect(worst).toBeLessThan(1); // the bound is inner where this has its root
      expect(worstTwice).toBeLessThan(4);
    }
  });

  test("the sums have the bits of pairs added one after the other, by whatever instruction", () => {
    for (const inner of [1, 2, 37, 384]) {
      // up to 384 terms are one stretch, at either width of vectors
      const [a, b] = [matrix("a", 15, inner), matrix("b", inner, 21)];
      expect(Array.from(product(a, b))).toEqual(elements(a, b, inPairs));
    }
  });

  test("a row has the same bits wherever it lies and whatever else is multiplied", () => {
    const [rows, inner, columns] = [101, 1601, 37];
    const [a, b] = [matrix("a", rows, inner), matrix("b", inner, columns)];
    const all = tf.tensor2d(product(a, b), [rows, columns]);
    const order = Int32Array.from({ length: rows }, (_, i) => (i * 29) % rows);
    expect(product(tf.gather(a, order), b)).toEqual(tf.gather(all, order).dataSync());
    const few = product(tf.slice(a, [50, 0], [7, inner]), tf.slice(b, [0, 3], [inner, 20]));
    expect(few).toEqual(tf.slice(all, [50, 3], [7, 20]).dataSync());
  });

  test("a number that is none, or infinite, is not hidden", () => {
    const b = matrix("b", 31, 30);
    expect(product(tf.fill([30, 31], Number.NaN) as Tensor, b).every(Number.isNaN)).toBe(true);
    expect(product(tf.fill([30, 31], 3.4e38) as Tensor, b).some(Number.isFinite)).toBe(false); // rounds to infinity
  });
});
