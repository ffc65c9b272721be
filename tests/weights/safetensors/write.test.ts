import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { randomNormal, randomWords } from "../../../src/tensor/random.ts";
import { readSafetensors } from "../../../src/weights/safetensors/read.ts";
import { writeSafetensors } from "../../../src/weights/safetensors/write.ts";

const golden = JSON.parse(readFileSync(join(import.meta.dirname, "../../golden/safetensors.json"), "utf8"));
let folder = "";
const path = () => join(folder, "model.safetensors");
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "thaw-safetensors-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("the file equals the reference writer's byte for byte", async () => {
  const numbers = Float32Array.from({ length: 12 }, (_, i) => i / 8 - 0.5);
  await writeSafetensors(path(), [
    { name: "scalar", shape: [], data: Float32Array.of(7.25) },
    { name: "bert.pooler.dense.weight", shape: [3, 4], data: numbers },
    { name: "empty", shape: [0, 4], data: new Float32Array(0) },
    { name: "9", shape: [1], data: numbers.subarray(3, 4) },
    { name: "10", shape: [1], data: numbers.subarray(2, 3) },
    { name: "__proto__", shape: [1], data: numbers.subarray(1, 2) },
    { name: 'Größe ☃ "quoted"', shape: [1], data: numbers.subarray(0, 1) },
    { name: "bert.pooler.dense.bias", shape: [3], data: numbers.subarray(0, 3) },
  ]);
  expect(readFileSync(path()).toString("latin1")).toBe(Buffer.from(golden.plain, "base64").toString("latin1"));
});

const word = (seed: number, stream: string, i: number) => randomWords(seed, stream, 1, i)[0] as number;

test("100 random files come back with the same names, shapes and bits", async () => {
  for (let seed = 0; seed < 100; seed++) {
    const tensors = Array.from({ length: word(seed, "count", 0) % 5 }, (_, i) => {
      const shape = Array.from({ length: word(seed, "rank", i) % 4 }, (_, axis) => word(seed, `size/${i}`, axis) % 5);
      const length = shape.reduce((count, size) => count * size, 1);
      return { name: `layer.${i}.weight`, shape, data: randomNormal(seed, `data/${i}`, length) };
    });
    await writeSafetensors(path(), tensors, { format: "pt", seed: `${seed}` });
    const file = await readSafetensors(path());
    expect([...file.names].sort()).toEqual(tensors.map(({ name }) => name));
    for (const { name, shape, data } of tensors) {
      expect(file.shape(name)).toEqual(shape);
      expect(file.read(name)).toEqual(data);
    }
  }
});

test.each([
  [
    "a shape that does not fit",
    [{ name: "a", shape: [2, 2], data: new Float32Array(3) }],
    /\[2, 2\] does not fit its 3/,
  ],
  ["a shape with a fraction", [{ name: "a", shape: [0.5, 2], data: new Float32Array(1) }], /does not fit/],
  ["one name twice", [1, 2].map(() => ({ name: "a", shape: [1], data: new Float32Array(1) })), /two of this name/],
  ["the reserved name", [{ name: "__metadata__", shape: [1], data: new Float32Array(1) }], /reserved/],
  ["half of a surrogate pair", [{ name: "\ud800", shape: [1], data: new Float32Array(1) }], /surrogate/],
])("%s is refused, and the file that is there stays", async (_, tensors, message) => {
  await writeSafetensors(path(), [{ name: "kept", shape: [1], data: Float32Array.of(3) }]);
  await expect(writeSafetensors(path(), tensors)).rejects.toThrow(message);
  expect([...(await readSafetensors(path())).read("kept")]).toEqual([3]);
  expect(readdirSync(folder)).toEqual(["model.safetensors"]);
});
