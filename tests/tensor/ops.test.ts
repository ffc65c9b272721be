import { expect, test } from "vitest";
import { halfSquaredNorm, sumRows } from "../../src/tensor/ops.ts";
import { randomNormal } from "../../src/tensor/random.ts";
import { tf } from "../../src/tensor/tensorflow.ts";

test.each([
  [1, 1],
  [7, 3],
  [16, 8],
  [33, 20],
  [500, 384],
])("the sums over %d rows of %d are those of double precision, within what float32 holds", (rows, width) => {
  const values = randomNormal(0, "x", rows * width, { std: 1 });
  const sums = tf.tidy(() => sumRows(tf.tensor2d(values, [rows, width])).dataSync());
  for (let column = 0; column < width; column++) {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += values[row * width + column] as number;
    expect(Math.abs((sums[column] as number) - sum)).toBeLessThan(1e-5 * Math.sqrt(rows));
  }
});

test("half the squared norm of many values is exact to single precision", () => {
  const values = randomNormal(2, "values", 100_003);
  const exact = values.reduce((sum, value) => sum + value * value, 0) / 2;
  expect(Math.abs((halfSquaredNorm([tf.tensor1d(values)]).dataSync()[0] as number) / exact - 1)).toBeLessThan(1e-6);
  expect(halfSquaredNorm([tf.tensor1d([1, Number.NaN])]).dataSync()[0]).toBeNaN();
});
