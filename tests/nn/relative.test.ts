import { describe, expect, test } from "vitest";
import { tf } from "../../src/engine/tensorflow.ts";
import { attend } from "../../src/nn/attend.ts";
import { Packing } from "../../src/nn/packing.ts";
import { distances, relativeShift, relativeUnshift } from "../../src/nn/relativeShift.ts";
import { contentScores, distanceScores, segmentScores } from "../../src/nn/scores.ts";
import { compare, random, type Tensor } from "./compare.ts";

const heads = 3;
const width = 2;

/** One text and one head at a time, with the scores of each pair of tokens written out as the formula has them. */
function textByText(
  lengths: readonly number[],
  value: Tensor,
  score: (rows: (x: Tensor) => Tensor, head: number, length: number, first: number) => Tensor,
): Tensor {
  let first = 0;
  const texts = lengths.map((length) => {
    const parts = Array.from({ length: heads }, (_, head) => {
      const rows = (x: Tensor) => tf.slice2d(x as never, [first, head * width], [length, width]) as Tensor;
      return tf.matMul(tf.softmax(score(rows, head, length, first)) as never, rows(value) as never);
    });
    first += length;
    return tf.concat(parts, 1);
  });
  return tf.concat(texts, 0) as Tensor;
}

/** `table[distance]` of one head for every pair of tokens: `[length, length, width]`. */
function byPair(table: Tensor, head: number, length: number, rowOf: (distance: number) => number): Tensor {
  const rows = Array.from({ length: length * length }, (_, at) => rowOf(Math.floor(at / length) - (at % length)));
  const columns = table.slice([0, head * width], [-1, width]);
  return tf.gather(columns, tf.tensor1d(rows, "int32")).reshape([length, length, width]);
}

describe.each([[[4, 4]], [[3, 1, 5]], [[1]]])("for packed texts of %j tokens", (lengths) => {
  const packing = new Packing(lengths);
  const tokens = packing.tokens;
  const longest = packing.maxLength;
  const layout = { heads, packing };
  const options = { ...layout, factor: 0.6, dropoutRate: 0, stream: undefined };
  const rows = (name: string) => random(name, [tokens, heads * width]);
  const table = random("table", [2 * longest, heads * width]);
  const product = (a: Tensor, b: Tensor) => tf.matMul(a as never, b as never, false, true) as Tensor;

  test("content and query to distance equal the formula", () => {
    compare(
      "query to distance",
      [rows("q"), rows("k"), rows("v"), table],
      (q, k, v, t) =>
        attend(
          [
            contentScores(q as Tensor, k as Tensor, layout),
            distanceScores(q as Tensor, t as Tensor, { ...layout, by: "query" }),
          ],
          v as Tensor,
          options,
        ),
      (q, k, v, t) =>
        textByText(lengths, v as Tensor, (rows, head, length) => {
          const pairs = byPair(t as Tensor, head, length, (distance) => longest - 1 - distance);
          const toDistance = pairs.mul(rows(q as Tensor).expandDims(1)).sum(-1);
          return product(rows(q as Tensor), rows(k as Tensor))
            .add(toDistance)
            .mul(0.6);
        }),
    );
  });

  test("key to distance equals the formula", () => {
    compare(
      "key to distance",
      [rows("k"), rows("v"), table],
      (k, v, t) => attend([distanceScores(k as Tensor, t as Tensor, { ...layout, by: "key" })], v as Tensor, options),
      (k, v, t) =>
        textByText(lengths, v as Tensor, (rows, head, length) => {
          const pairs = byPair(t as Tensor, head, length, (distance) => longest - 1 + distance);
          return pairs
            .mul(rows(k as Tensor).expandDims(0))
            .sum(-1)
            .mul(0.6);
        }),
    );
  });

  test("the segment term equals the formula, that of the same segment included", () => {
    const segments = Int32Array.from({ length: tokens }, (_, i) => (i * i) % 3);
    compare(
      "segments",
      [rows("q"), rows("k"), rows("v"), random("segments", [2, heads * width])],
      (q, k, v, s) =>
        attend(
          [contentScores(q as Tensor, k as Tensor, layout), segmentScores(q as Tensor, s as Tensor, segments, layout)],
          v as Tensor,
          options,
        ),
      (q, k, v, s) =>
        textByText(lengths, v as Tensor, (rows, head, length, first) => {
          const differs = Array.from({ length: length * length }, (_, at) =>
            Number(segments[first + Math.floor(at / length)] !== segments[first + (at % length)]),
          );
          const columns = (s as Tensor).slice([0, head * width], [2, width]);
          const pairs = tf.gather(columns, tf.tensor1d(differs, "int32")).reshape([length, length, width]);
          return product(rows(q as Tensor), rows(k as Tensor))
            .add(pairs.mul(rows(q as Tensor).expandDims(1)).sum(-1))
            .mul(0.6);
        }),
    );
  });

  test.each([1, 2])("a window of %d sees no further", (window) => {
    compare(
      "window",
      [rows("q"), rows("k"), rows("v")],
      (q, k, v) => attend([contentScores(q as Tensor, k as Tensor, layout)], v as Tensor, { ...options, window }),
      (q, k, v) =>
        textByText(lengths, v as Tensor, (rows, _head, length) => {
          const far = Array.from({ length: length * length }, (_, at) =>
            Math.abs(Math.floor(at / length) - (at % length)) > window ? -1e30 : 0,
          );
          return product(rows(q as Tensor), rows(k as Tensor))
            .mul(0.6)
            .add(tf.tensor(far, [length, length]));
        }),
    );
  });
});

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
