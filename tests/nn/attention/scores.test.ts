import { expect, test } from "vitest";
import { relativeShift, relativeUnshift } from "../../../src/nn/attention/scores.ts";
import { distances } from "../../../src/nn/attention/scoreTables.ts";
import { tf } from "../../../src/tensor/tensorflow.ts";
import type { Tensor } from "../compare.ts";

test("the shift takes each row's own columns, and its gradient puts them back", () => {
  const length = 3;
  const x = tf.tensor3d(
    Array.from({ length: 2 * length * 2 * length }, (_, i) => i),
    [2, length, 2 * length],
  );
  const shifted = relativeShift(x);
  const values = (x as Tensor).arraySync() as number[][][];
  const expected = values.map((text) =>
    text.map((row, i) => Array.from({ length }, (_, j) => row[distances(length).indexOf(i - j)])),
  );
  expect(shifted.arraySync()).toEqual(expected);
  const back = relativeUnshift(shifted).arraySync() as number[][][];
  back.forEach((text, n) => {
    text.forEach((row, i) => {
      const kept = values[n]?.[i]?.map((value, column) => {
        const j = i - (distances(length)[column] as number);
        return j >= 0 && j < length ? value : 0;
      });
      expect(row).toEqual(kept);
    });
  });
});
