import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSafetensors } from "../../../src/weights/safetensors/read.ts";
import { damaged, fileOf } from "./damaged.ts";

interface Golden {
  readonly plain: string;
  readonly mixed: string;
  readonly widened: Readonly<Record<"F16" | "BF16", readonly number[]>>;
  readonly valid: readonly { readonly name: string; readonly header: string; readonly dataBytes: number }[];
}
const golden: Golden = JSON.parse(readFileSync(join(import.meta.dirname, "../../golden/safetensors.json"), "utf8"));

let folder = "";
const path = () => join(folder, "model.safetensors");
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "thaw-safetensors-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function open(bytes: Uint8Array) {
  writeFileSync(path(), bytes);
  return readSafetensors(path());
}

test.each(damaged)("%s is refused with the file's name and the reason", async (_, bytes, message) => {
  writeFileSync(path(), bytes);
  await expect(readSafetensors(path())).rejects.toMatchObject({ code: "BAD_SAFETENSORS" });
  await expect(readSafetensors(path())).rejects.toThrow(message);
  await expect(readSafetensors(path())).rejects.toThrow(/model\.safetensors .*Download or save it again/);
  expect(Buffer.compare(readFileSync(path()), bytes)).toBe(0);
});

test.each([
  [8, "[1, 1, 1, 1, 1, 1, 1, 1] in F32"],
  [9, "[1, 1, 1, 1, 1, 1, 1, 1, ...] in F32"],
])("of a shape with %i dimensions the message names no more than eight", async (dimensions, message) => {
  const shape = JSON.stringify(new Array(dimensions).fill(1));
  const header = `{"w":{"dtype":"F32","shape":${shape},"data_offsets":[0,8]}}`;
  await expect(open(fileOf(header, 8))).rejects.toThrow(message);
});

test("a header of several pieces is read across a character that two of them share", async () => {
  // 2^14 bytes are a piece, and the four of the character begin up to four before its end
  const start = '{"__metadata__":{"note":"';
  for (const before of [1, 2, 3, 4]) {
    const name = `${"x".repeat(2 ** 14 - start.length - before)}\u{1f9ca}y`;
    const { names } = await open(fileOf(`${start}${name}"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4));
    expect(names).toEqual(["w"]);
  }
});

test.each(golden.valid)("what the reference reader accepts is accepted: $name", async ({ header, dataBytes }) => {
  await open(fileOf(header, dataBytes));
});

test("a file of the reference writer is read with its names, shapes, numbers and metadata", async () => {
  const file = await open(Buffer.from(golden.plain, "base64"));
  expect(new Set(file.names)).toEqual(
    new Set([
      "bert.pooler.dense.weight",
      "bert.pooler.dense.bias",
      "scalar",
      "empty",
      'Größe ☃ "quoted"',
      "__proto__",
      "10",
      "9",
    ]),
  );
  expect([...file.metadata]).toEqual([["format", "pt"]]);
  expect(file.shape("bert.pooler.dense.weight")).toEqual([3, 4]);
  expect([...file.read("bert.pooler.dense.weight")]).toEqual(Array.from({ length: 12 }, (_, i) => i / 8 - 0.5));
  expect(file.shape("scalar")).toEqual([]);
  expect([...file.read("scalar")]).toEqual([7.25]);
  expect(file.read("empty")).toHaveLength(0);
  expect([...file.read("__proto__")]).toEqual([-0.375]);
  expect(file.has("toString")).toBe(false);
});

test("F16, F64 and BF16 become float32; other types are refused as weights and given as bytes", async () => {
  const file = await open(Buffer.from(golden.mixed, "base64"));
  expect([...file.read("half")]).toEqual([1, -2.5, 2 ** -24, 65504]);
  expect([...file.read("double")]).toEqual([Math.fround(0.1), Number.POSITIVE_INFINITY]);
  expect([...file.read("float")]).toEqual([Math.fround(0.1), 2]);
  expect(() => file.read("ids")).toThrow(/"ids".*dtype I64/);
  expect([...new BigInt64Array(file.readBytes("ids").buffer)]).toEqual([0n, 1n, 2n]);
});

test.each(["F16", "BF16"] as const)("every 97th of the 65,536 patterns of %s widens as in numpy", async (dtype) => {
  const header = `{"x":{"dtype":"${dtype}","shape":[65536],"data_offsets":[0,131072]}}`;
  const bytes = Buffer.concat([
    fileOf(header),
    new Uint8Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer),
  ]);
  const numbers = (await open(bytes)).read("x");
  const bits = new Uint32Array(numbers.buffer);
  const sampled = [...bits].filter((_, i) => i % 97 === 0);
  const isNaNBits = (word: number) => (word & 0x7fffffff) > 0x7f800000;
  expect(sampled.map((word) => (isNaNBits(word) ? 0x7fc00000 : word))).toEqual(golden.widened[dtype]);
});

test("tensors that are not aligned in the file are read all the same", async () => {
  const header =
    '{"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}';
  const data = Buffer.alloc(5);
  data.writeFloatLE(1.5, 1);
  expect([...(await open(Buffer.concat([fileOf(header), data]))).read("a")]).toEqual([1.5]);
});

test("an unknown name is refused with some that exist", async () => {
  const file = await open(Buffer.from(golden.plain, "base64"));
  expect(() => file.read("classifier.weight")).toThrow(/no tensor "classifier.weight".*has 8: .*10/s);
});

test("a missing file says where it was looked for", async () => {
  await expect(readSafetensors(join(folder, "none.safetensors"))).rejects.toMatchObject({ code: "MISSING_FILE" });
});

test("a file that changed after it was opened is refused", async () => {
  const file = await open(Buffer.from(golden.plain, "base64"));
  writeFileSync(path(), "short");
  expect(() => file.read("scalar")).toThrow(/has changed since it was opened/);
});
