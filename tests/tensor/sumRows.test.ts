/** Sums over rows, as the gradient of a bias needs them. */
import { expect, test } from "vitest";
import { sumRows } from "../../src/tensor/ops.ts";
import { randomNormal } from "../../src/tensor/random.ts";
import { tf } from "../../src/tensor/tensorflow.ts";

test.each([
  [1, 1],
  [7, 3],
  [16, 8],
  [33, 20],
  [500, 384],
])("%d rows of %d", (rows, width) => {
  const values = randomNormal(0, "x", rows * width, { std: 1 });
  const sums = tf.tidy(() => sumRows(tf.tensor2d(values, [rows, width])).dataSync());
  for (let column = 0; column < width; column++) {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += values[row * width + column] as number;
    expect(Math.abs((sums[column] as number) - sum)).toBeLessThan(1e-5 * Math.sqrt(rows));
  }
});
