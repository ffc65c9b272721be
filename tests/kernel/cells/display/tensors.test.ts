import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-wasm";
import { JSDOM } from "jsdom";
import { beforeAll, expect, test } from "vitest";
import { createToBundle } from "../../../../kernel/cells/display/mimeBundle.ts";

beforeAll(async () => {
  await tf.setBackend("wasm");
});

const toBundle = createToBundle({ describe: String, warn: () => undefined });

async function text(value: unknown): Promise<string> {
  return String((await toBundle(value)).data["text/plain"]);
}

async function rows(value: unknown): Promise<string[][]> {
  const { document } = new JSDOM(String((await toBundle(value)).data["text/html"])).window;
  return [...document.querySelectorAll("tr")].map((row) => [...row.children].map((cell) => String(cell.textContent)));
}

test.each<[string, () => tf.Tensor, string]>([
  ["a scalar", () => tf.scalar(3.5), "Tensor [] float32\n3.5000"],
  ["a vector", () => tf.range(0, 4), "Tensor [4] float32\n[0, 1, 2, 3]"],
  [
    "a matrix",
    () =>
      tf.tensor2d([
        [1, 2.5],
        [3, -4],
      ]),
    "Tensor [2, 2] float32\n[[ 1.0000,  2.5000],\n [ 3.0000, -4.0000]]",
  ],
  ["whole numbers", () => tf.tensor1d([1, 20], "int32"), "Tensor [2] int32\n[ 1, 20]"],
  ["booleans", () => tf.tensor1d([true, false], "bool"), "Tensor [2] bool\n[ true, false]"],
  ["texts", () => tf.tensor1d(["a", "it's\n"]), `Tensor [2] string\n['a', "it's\\n"]`],
  ["tiny numbers", () => tf.tensor1d([1e-8, 1]), "Tensor [2] float32\n[1.0000e-8, 1.0000e+0]"],
  [
    "no numbers",
    () => tf.tensor1d([Number.NaN, Number.POSITIVE_INFINITY, 1]),
    "Tensor [3] float32\n[     NaN, Infinity,        1]",
  ],
  ["three axes", () => tf.ones([2, 1, 2]), "Tensor [2, 1, 2] float32\n[[[1, 1]],\n\n [[1, 1]]]"],
  ["nothing", () => tf.zeros([0, 3]), "Tensor [0, 3] float32\n[]"],
])("%s", async (_, make, expected) => {
  expect(await text(make())).toBe(expected);
});

test("a long vector shows its ends, a middling one wraps", async () => {
  expect(await text(tf.range(0, 1000))).toBe("Tensor [1000] float32\n[  0,   1,   2, ..., 997, 998, 999]");
  const lines = (await text(tf.range(0, 100))).split("\n");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  expect(lines.slice(1).join(" ").match(/\d+/g)).toEqual(Array.from({ length: 100 }, (_, i) => String(i)));
});

test("a matrix is a table too, with the numbers of its rows and columns", async () => {
  expect(
    await rows(
      tf.tensor2d(
        [
          [1, 2],
          [3, 4],
        ],
        [2, 2],
        "int32",
      ),
    ),
  ).toEqual([
    ["", "0", "1"],
    ["0", "1", "2"],
    ["1", "3", "4"],
  ]);
  const big = await rows(tf.reshape(tf.range(0, 10_000), [100, 100]));
  expect(big).toHaveLength(12);
  expect(big[0]).toEqual(["", "0", "1", "2", "3", "4", "…", "95", "96", "97", "98", "99"]);
  expect(big.at(-1)).toEqual([
    "99",
    "9900",
    "9901",
    "9902",
    "9903",
    "9904",
    "…",
    "9995",
    "9996",
    "9997",
    "9998",
    "9999",
  ]);
});

test("many axes stay short", async () => {
  expect((await text(tf.ones([20, 20, 20, 20]))).length).toBeLessThan(5000);
  expect((await text(tf.ones([3, 3, 3, 3, 3, 3]))).length).toBeLessThan(20_000);
  const twenty = { shape: Array(20).fill(2), dtype: "int32", size: 2 ** 20, dataSync: () => new Int32Array(2 ** 20) };
  expect(await text(twenty)).toMatch(/^Tensor \[2, .*\] int32\n\[\.\.\.\]$/);
});

test("of a big tensor only the corners are read, the right ones, and nothing is left in the engine", async () => {
  const big = tf.reshape(tf.range(0, 2_000_000, 1, "int32"), [2000, 1000]);
  big.dataSync = () => {
    throw new Error("read whole");
  };
  const before = tf.memory().numTensors;
  const shown = await rows(big);
  expect(shown[1]?.slice(0, 3)).toEqual(["0", "0", "1"]);
  expect(shown[1]?.at(-1)).toBe("999");
  expect(shown.at(-1)?.slice(0, 2)).toEqual(["1999", "1999000"]);
  expect(shown.at(-1)?.at(-1)).toBe("1999999");
  expect(tf.memory().numTensors).toBe(before);
  expect(await text(tf.range(0, 1_500_000))).toMatch(/\[ +0, +1, +2, \.\.\., 1499997, 1499998, 1499999\]/);
});

test("a disposed tensor says so; a variable has its name", async () => {
  const gone = tf.ones([2, 2]);
  gone.dispose();
  expect(await text(gone)).toBe("Tensor [2, 2] float32, disposed");
  expect(await text(tf.variable(tf.scalar(1), true, "weight"))).toBe('Variable "weight" [] float32\n1');
  expect(await text(tf.variable(tf.scalar(1), false, "bias"))).toBe('Variable "bias" [] float32, not trainable\n1');
});

test("complex numbers are pairs in the engine", async () => {
  const values = Float32Array.of(1, 3, 2, 4);
  const complex = { shape: [2], dtype: "complex64", size: 2, dataSync: () => values };
  expect(await text(complex)).toBe("Tensor [2] complex64\n[1 + 3i, 2 + 4i]");
});

test("values that cannot be read leave shape and type", async () => {
  const lost = {
    shape: [2],
    dtype: "float32",
    size: 2,
    dataSync: () => {
      throw new Error("on the GPU");
    },
  };
  expect(await text(lost)).toBe("Tensor [2] float32, values not readable: Error: on the GPU");
  const far = {
    shape: [2_000_000],
    dtype: "float32",
    size: 2_000_000,
    dataSync: () => new Float32Array(2_000_000),
    slice: () => {
      throw new Error("no slice");
    },
  };
  expect(await text(far)).toBe("Tensor [2000000] float32, values not readable: Error: no slice");
});

test("tensors of ONNX Runtime and transformers.js, proxies as the latter's are", async () => {
  const onnx = { dims: [2, 2], type: "float32", data: Float32Array.of(1, 2, 3, 4), size: 4 };
  for (const value of [onnx, new Proxy(onnx, {})]) {
    expect(await text(value)).toBe("Tensor [2, 2] float32\n[[1, 2],\n [3, 4]]");
    expect(await rows(value)).toHaveLength(3);
  }
  expect(await text({ dims: [2], type: "int64", data: BigInt64Array.of(5n, 6n) })).toBe("Tensor [2] int64\n[5, 6]");
});
