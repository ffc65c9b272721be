import { expect, test } from "vitest";
import { Packing } from "../../src/nn/packing.ts";
import { tf } from "../../src/tensor/tensorflow.ts";

const packed = (tokens: number) =>
  tf.tensor2d(
    Array.from({ length: 2 * tokens }, (_, i) => i + 1),
    [tokens, 2],
  );

test("texts lie one after the other", () => {
  const { batch, tokens, maxLength, firstTokens } = new Packing([2, 1, 3]);
  expect([batch, tokens, maxLength, [...firstTokens]]).toEqual([3, 6, 3, [0, 2, 3]]);
});

test("padding puts zeros behind each text, and unpadding takes them away", () => {
  const packing = new Packing([2, 1]);
  const padded = packing.pad(packed(3) as never);
  expect(padded.arraySync()).toEqual([
    [
      [1, 2],
      [3, 4],
    ],
    [
      [5, 6],
      [0, 0],
    ],
  ]);
  expect(packing.unpad(padded).arraySync()).toEqual(packed(3).arraySync());
});

test("the mask is 0 on tokens and far below every score on padding", () => {
  const { mask } = new Packing([2, 1]);
  expect(mask?.shape).toEqual([2, 1, 1, 2]);
  const values = [...(mask?.dataSync() ?? [])];
  expect(values.slice(0, 3)).toEqual([0, 0, 0]);
  expect(values[3]).toBeLessThan(-1e29);
});

test("texts of one length need no mask, and are only reshaped", () => {
  const packing = new Packing([2, 2]);
  expect(packing.mask).toBeUndefined();
  expect(packing.pad(packed(4) as never).shape).toEqual([2, 2, 2]);
  expect(packing.unpad(packing.pad(packed(4) as never)).arraySync()).toEqual(packed(4).arraySync());
});

test("what a layout keeps is freed with it", () => {
  const before = tf.memory().numTensors;
  const packing = new Packing([2, 1]);
  tf.tidy(() => {
    packing.pad(packed(3) as never);
    expect(packing.mask).toBe(packing.mask);
  });
  expect(tf.memory().numTensors).toBe(before + 2);
  packing.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
