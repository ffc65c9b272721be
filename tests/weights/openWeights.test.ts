import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { openWeights } from "../../src/weights/openWeights.ts";
import { golden, goldenPath } from "../golden/read.ts";
import { fileOf } from "./safetensors/damaged.ts";
import { count, keys, legacy, machine, version } from "./torch/hostileArchives.ts";
import { dict, pickleOf, storage, tensor } from "./torch/torchArchive.ts";

type Hashes = Readonly<Record<string, string>>;
const expected = golden<Readonly<Record<"float32" | "float16" | "bfloat16", Hashes>>>("weights_files.json");

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "thaw-weights-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const take = (name: string) => cpSync(goldenPath(name), folder, { recursive: true });
const sha256 = (numbers: Float32Array) => createHash("sha256").update(new Uint8Array(numbers.buffer)).digest("hex");

test.each([
  ["bert-tiny", "model.safetensors", "float32"],
  ["bert-tiny-shards", "model.safetensors.index.json", "bfloat16"],
  ["bert-tiny-bin", "pytorch_model.bin", "float32"],
  ["bert-tiny-bin-shards", "pytorch_model.bin.index.json", "float16"],
] as const)("%s is opened by its %s and read as float32, bit for bit", async (name, file, dtype) => {
  const weights = await openWeights(goldenPath(name));
  expect(weights.path).toBe(goldenPath(`${name}/${file}`));
  const hashes = Object.entries(expected[dtype]);
  expect(weights.names.filter((one) => !one.endsWith("position_ids")).sort()).toEqual(
    hashes.map(([one]) => one).sort(),
  );
  for (const [one, hash] of hashes) expect(sha256(weights.read(one)), one).toBe(hash);
  expect(() => weights.read("none")).toThrow(expect.objectContaining({ code: "UNKNOWN_TENSOR" }));
});

const elements = 900_000_000;
const large = pickleOf(dict("large", tensor(0, [elements], [1], storage("FloatStorage", "0", elements))));
const header = JSON.stringify({ large: { dtype: "F32", shape: [elements], data_offsets: [0, 4 * elements] } });

test.runIf(existsSync("/usr/bin/prlimit")).each<[string, Uint8Array]>([
  ["model.safetensors", fileOf(header)],
  ["pytorch_model.bin", legacy(version, machine, large, keys("0"), count(BigInt(elements)))],
])("a tensor of %s for which there is no memory is OUT_OF_MEMORY, not a damaged file", async (name, start) => {
  writeFileSync(join(folder, name), start);
  truncateSync(join(folder, name), start.length + 4 * elements); // takes no room on the disk
  const weights = await openWeights(folder);
  const limit = (data: string) => execFileSync("prlimit", ["--pid", String(process.pid), `--data=${data}:`]);
  const [, taken] = /^VmData:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  limit(String(1024 * Number(taken) + 1e9));
  try {
    expect(() => weights.read("large")).toThrow(expect.objectContaining({ code: "OUT_OF_MEMORY" }));
  } finally {
    limit("unlimited");
  }
});

test("of several forms the first is taken, in the order of from_pretrained", async () => {
  const order = ["bert-tiny-bin-shards", "bert-tiny-bin", "bert-tiny-shards", "bert-tiny"];
  const files = [
    "pytorch_model.bin.index.json",
    "pytorch_model.bin",
    "model.safetensors.index.json",
    "model.safetensors",
  ];
  for (const [i, name] of order.entries()) {
    take(name);
    expect((await openWeights(folder)).path).toBe(join(folder, files[i] as string));
  }
});

test("a model loads from each form, with float32 parameters", async () => {
  const reference = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny"));
  for (const [name, tolerance] of [
    ["bert-tiny-bin", 0],
    ["bert-tiny-bin-shards", 1e-3],
    ["bert-tiny-shards", 8e-3],
  ] as const) {
    const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath(name));
    expect(model.newlyInitialized).toEqual([]);
    expect(model.unused).toEqual([]);
    for (const [key, parameter] of model.parameters) {
      const wanted = reference.parameters.get(key)?.data() ?? [];
      const furthest = parameter
        .data()
        .reduce((worst, value, i) => Math.max(worst, Math.abs(value - (wanted[i] ?? 9))), 0);
      expect(furthest, `${name} ${key}`).toBeLessThanOrEqual(tolerance);
    }
  }
});

test("a folder without weights says what it has instead", async () => {
  writeFileSync(join(folder, "tf_model.h5"), "");
  mkdirSync(join(folder, "model.safetensors"));
  await expect(openWeights(folder)).rejects.toMatchObject({ code: "MISSING_FILE" });
  await expect(openWeights(folder)).rejects.toThrow(
    /none of model.safetensors, .* It has tf_model.h5 \(an HDF5 file, as TensorFlow and Keras write\), which is not read/,
  );
});

type Index = { weight_map: Record<string, unknown> };
const indexFile = "model.safetensors.index.json";
function editIndex(edit: (index: Index) => unknown): void {
  const index = JSON.parse(readFileSync(join(folder, indexFile), "utf8")) as Index;
  writeFileSync(join(folder, indexFile), JSON.stringify(edit(index) ?? index));
}
const bias = "classifier.bias";
const elsewhere = (name: unknown) => (index: Index) => {
  index.weight_map[bias] = name;
};

test.each<[string, (index: Index) => unknown, RegExp]>([
  ["no weight_map", () => ({}), /no object "weight_map"/],
  ["a list as weight_map", () => ({ weight_map: [] }), /no object "weight_map"/],
  ["an empty weight_map", () => ({ weight_map: {} }), /"weight_map" is empty/],
  ["a number as file", elsewhere(1), /names 1 for "classifier.bias"/],
  ["a file above the folder", elsewhere("../secret.safetensors"), /no plain file name/],
  ["a file in a folder", elsewhere("a/model.safetensors"), /no plain file name/],
  ["a file by its whole path", elsewhere("/etc/secret.bin"), /no plain file name/],
  ["a Windows path", elsewhere("C:\\secret.bin"), /no plain file name/],
  ["a drive", elsewhere("C:secret.bin"), /no plain file name/],
  ["a hidden file", elsewhere(".secret.bin"), /no plain file name/],
  ["a NUL byte", elsewhere("a\0.bin"), /no plain file name/],
  ["another kind of file", elsewhere("config.json"), /no plain file name/],
  ["dots in a row", elsewhere("a..bin.bin"), /no plain file name/],
  ["a long name", elsewhere(`${"a".repeat(300)}.bin`), /no plain file name/],
  [
    "a file that is not there",
    elsewhere("model-00004-of-00003.safetensors"),
    /names model-00004-of-00003.safetensors, which is not beside it/,
  ],
  [
    "a tensor in the wrong file",
    elsewhere("model-00003-of-00003.safetensors"),
    /holds "classifier.bias", which the index places in model-00003/,
  ],
  [
    "a tensor that no file has",
    (index) => ({ weight_map: { ...index.weight_map, extra: "model-00001-of-00003.safetensors" } }),
    /places "extra" in model-00001-of-00003.safetensors, which does not hold it/,
  ],
  [
    "a tensor left out",
    (index) => {
      delete index.weight_map[bias];
    },
    /holds "classifier.bias", which the index places in no file/,
  ],
])("an index with %s is refused", async (_, edit, message) => {
  take("bert-tiny-shards");
  editIndex(edit);
  await expect(openWeights(folder)).rejects.toMatchObject({ code: "BAD_INDEX" });
  await expect(openWeights(folder)).rejects.toThrow(message);
});

test("an index that is no JSON, and shards that are damaged or not there, are named", async () => {
  take("bert-tiny-shards");
  const shard = join(folder, "model-00002-of-00003.safetensors");
  renameSync(shard, `${shard}.away`);
  await expect(openWeights(folder)).rejects.toThrow(/names model-00002-of-00003.safetensors, which is not beside it/);
  writeFileSync(shard, "short");
  await expect(openWeights(folder)).rejects.toThrow(/model-00002-of-00003.safetensors is not a valid safetensors file/);
  writeFileSync(join(folder, indexFile), "{");
  await expect(openWeights(folder)).rejects.toThrow(
    /model.safetensors.index.json cannot be used: it is not valid JSON/,
  );
});
