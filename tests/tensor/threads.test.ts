/** The fused ops on one thread and on two, in processes of their own: TensorFlow reads the number once. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { nativeOps } from "../../src/tensor/native.ts";

const folder = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-node-gpu/package.json"));

const program = `
const util = require("node:util");
util.isNullOrUndefined ??= (value) => value == null;
util.isArray ??= Array.isArray;
const tf = require("@tensorflow/tfjs-node-gpu");
require(process.argv[1]);
const { binding } = tf.backend();
const number = (name, type, value) => ({ name, type: binding[type], value });
const lengths = Array.from({ length: 24 }, (_, i) => 9 + (i * 7) % 30);
const tokens = lengths.reduce((a, b) => a + b);
const fill = (shape, f) => tf.tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i * f)), shape);
const [q, k, v, dy] = [0.3, 0.7, 1.1, 1.9].map((f) => fill([tokens, 128], f));
const row = fill([128], 0.5);
const seed = tf.tensor1d([3, 4], "int32");
const run = (name, inputs, attributes, outputs) => tf.backend().executeMultipleOutputs(name, attributes, inputs, outputs);
const rate = number("rate", "TF_ATTR_FLOAT", 0.1);
const epsilon = number("epsilon", "TF_ATTR_FLOAT", 1e-5);
const wanted = number("wanted", "TF_ATTR_INT", 31);
const last = { name: "last", type: binding.TF_ATTR_BOOL, value: false };
const factor = number("factor", "TF_ATTR_FLOAT", 0.2);
const heads = [number("heads", "TF_ATTR_INT", 4), rate, factor, number("window", "TF_ATTR_INT", 30), last];
const packed = [q, k, v, tf.tensor1d(lengths, "int32"), seed];
const longest = Math.max(...lengths);
const nothing = tf.tensor1d([]);
const plain = [...packed, nothing, nothing, nothing, nothing, nothing, tf.tensor1d([], "int32")];
const table = fill([2 * longest, 128], 0.9);
const segments = tf.tensor1d(Int32Array.from({ length: tokens }, (_, i) => i % 3), "int32");
const terms = [...packed, table, table, fill([2 * longest, 4], 0.4), fill([1, 128], 0.2), fill([1, 4], 1.3), segments];
const ofAttention = number("wanted", "TF_ATTR_INT", 255);
const norm = run("ThawResidualNorm", [q, row, row, row, k, seed], [epsilon, rate], 3);
const products = [false, true].flatMap((transposeA) => {
  const [n, m] = [number("N", "TF_ATTR_INT", 2), number("M", "TF_ATTR_INT", 1)];
  const flags = [number("transpose_a", "TF_ATTR_BOOL", transposeA), number("transpose_b", "TF_ATTR_BOOL", !transposeA)];
  const [a, b] = [fill([tokens, 200], 0.3), fill(transposeA ? [tokens, 333] : [333, 200], 0.7)];
  const narrow = { name: "narrow", type: binding.TF_ATTR_BOOL };
  return [false, true].flatMap((value) =>
    run("ThawProduct", [a, a, b, b, fill([333], 0.1)], [n, m, ...flags, { ...narrow, value }], 1));
});
const results = [
  ...products,
  ...[plain, terms].flatMap((inputs) => run("ThawAttention", inputs, heads, 1)),
  ...run("ThawAttentionGrad", [...plain, dy], [...heads, number("wanted", "TF_ATTR_INT", 7)], 8).slice(0, 3),
  ...run("ThawAttentionGrad", [...terms, dy], [...heads, ofAttention], 8),
  ...norm,
  ...run("ThawResidualNormGrad", [dy, norm[1], norm[2], row, seed], [rate, wanted], 5),
  ...run("ThawBiasGeluGrad", [dy, q, row], [wanted], 3),
  ...[[], [0, 7, 90]].flatMap((rows) => run("ThawHalfSquare", [q, k, tf.tensor1d(rows, "int32"), tf.tensor1d([], "int32")], [number("N", "TF_ATTR_INT", 2)], 1)),
];
const hash = require("node:crypto").createHash("sha256");
for (const tensor of results) hash.update(Buffer.from(tensor.dataSync().buffer));
console.log(hash.digest("hex"));
`;

test.skipIf(!nativeOps)("the fused ops give the same bits on one thread and on two", () => {
  const hashes = ["1", "2"].map((threads) => {
    const env = { ...process.env, TF_NUM_INTRAOP_THREADS: threads, TF_CPP_MIN_LOG_LEVEL: "3" };
    const args = ["-e", program, join(folder, "lib/napi-v8/thaw_ops.node")];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: "utf8", cwd: folder });
    expect(status, stderr).toBe(0);
    return stdout.trim();
  });
  expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(hashes[1]).toBe(hashes[0]);
});
