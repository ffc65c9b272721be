/** The attention op refuses inputs that do not fit each other, instead of reading beyond them. */
import { expect, test } from "vitest";
import { nativeOps } from "../../src/tensor/native.ts";
import { nativeAttention } from "../../src/tensor/nativeAttention.ts";
import { noDropout } from "../../src/tensor/nativeOps.ts";
import { tf } from "../../src/tensor/tensorflow.ts";

const [heads, hidden] = [2, 6];
const ones = (...shape: number[]) => tf.ones(shape) as ReturnType<typeof tf.tensor>;
const lengths = tf.tensor1d([3, 2], "int32") as ReturnType<typeof tf.tensor>;
const options = { heads, lengths, segments: undefined, factor: 1, window: undefined, last: false, site: noDropout };
const inputs = { query: ones(5, hidden), key: ones(5, hidden), value: ones(5, hidden) };

test.runIf(nativeOps).each([
  ["a table for shorter texts", { byQuery: ones(4, hidden) }],
  ["a table of another width", { byKey: ones(6, hidden - 2) }],
  ["a bias for fewer heads", { byDistance: ones(6, heads - 1) }],
  ["a segment's row without segments", { otherSegment: ones(1, hidden), segmentBias: ones(1, heads) }],
])("%s is refused", (_what, tables) => {
  expect(() => nativeAttention({ ...inputs, ...tables }, options)).toThrow(
    /the terms of the scores do not fit the texts/,
  );
});

test.runIf(nativeOps)("so are lengths of other texts, and queries of some tokens", () => {
  const three = { ...options, lengths: tf.tensor1d([3, 1], "int32") as ReturnType<typeof tf.tensor> };
  expect(() => nativeAttention(inputs, three)).toThrow(/do not add up to the number of tokens/);
  expect(() => nativeAttention({ ...inputs, query: ones(3, hidden) }, options)).toThrow(
    /neither a query for each token/,
  );
});
