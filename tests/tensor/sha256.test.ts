import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { randomNormal } from "../../src/tensor/random.ts";
import { composedSha256, sha256Of } from "../../src/tensor/sha256.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { NativeVariable } from "../../src/tensor/variable.ts";

const expected = (values: Float32Array) =>
  createHash("sha256")
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest("hex");

/** Around the sizes of SHA-256's blocks of 64 bytes, and far beyond them. */
const sizes = [1, 13, 14, 15, 16, 17, 31, 32, 33, 1000, 4096, 100_003];

test.each([
  ["the op in use", sha256Of],
  ["the composed one", composedSha256],
])("%s gives the hashes of Node, of many tensors in their order", (_, hash) => {
  const values = sizes.map((size) => randomNormal(size, "values", size));
  const tensors = values.map((each) => tf.tensor1d(each));
  expect(hash(tensors)).toEqual(values.map(expected));
  expect(hash(tensors.toReversed())).toEqual(values.map(expected).reverse());
  expect(hash([])).toEqual([]);
  tf.dispose(tensors);
});

test("bits count, not numbers: -0 is not 0, and one NaN not another", () => {
  const of = (bits: number) => tf.tensor1d(new Float32Array(Uint32Array.of(bits).buffer));
  const tensors = [0, 0x80000000, 0x7fc00000, 0x7fc00001].map(of);
  const hashes = sha256Of(tensors);
  expect(new Set(hashes).size).toBe(4);
  expect(hashes).toEqual(composedSha256(tensors));
  tf.dispose(tensors);
});

test("a variable is hashed where it lies: its next change is seen, and no tensor is left", () => {
  const variable = new NativeVariable([3], Float32Array.of(1, 2, 3));
  const before = sha256Of([variable.value]);
  const tensors = tf.memory().numTensors;
  variable.assign(Float32Array.of(1, 2, 4));
  expect(sha256Of([variable.value])).not.toEqual(before);
  variable.assign(Float32Array.of(1, 2, 3));
  expect(sha256Of([variable.value])).toEqual(before);
  expect(tf.memory().numTensors).toBe(tensors);
  variable.dispose();
});
