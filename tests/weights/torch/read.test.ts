import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { readTorchFile } from "../../../src/weights/torch/read.ts";
import { golden, goldenPath } from "../../golden/read.ts";
import { hostile } from "./hostileArchives.ts";
import { archiveOf, dict, op, pickleOf, storage, tensor, zipOf } from "./torchArchive.ts";

interface Golden {
  readonly float32: Readonly<Record<string, string>>;
  readonly views: readonly { readonly name: string; readonly shape: number[]; readonly values: (number | string)[] }[];
}
const expected = golden<Golden>("weights_files.json");

let folder = "";
const path = () => join(folder, "pytorch_model.bin");
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "thaw-torch-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function open(bytes: Uint8Array) {
  writeFileSync(path(), bytes);
  return readTorchFile(path());
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

test("a model saved by torch has its names and every bit of its weights", () => {
  const file = readTorchFile(goldenPath("bert-tiny-bin/pytorch_model.bin"));
  const weights = Object.entries(expected.float32);
  expect(new Set(file.names)).toEqual(new Set([...Object.keys(expected.float32), "bert.embeddings.position_ids"]));
  expect(file.shape("bert.embeddings.position_ids")).toEqual([1, 40]);
  for (const [name, hash] of weights) expect(sha256(new Uint8Array(file.read(name).buffer)), name).toBe(hash);
  expect(weights.length).toBe(57);
});

describe.each(["torch_views.bin", "torch_views_legacy.bin"])("in %s", (fileName) => {
  test.each(expected.views)("$name is read through its strides, offset and type as torch reads it", (view) => {
    const file = readTorchFile(goldenPath(fileName));
    expect(file.shape(view.name)).toEqual(view.shape);
    expect([...file.read(view.name)]).toEqual(view.values.map((value) => Math.fround(Number(value))));
  });

  test("a cut at any of 200 places is refused", () => {
    const bytes = readFileSync(goldenPath(fileName));
    for (let i = 0; i < 200; i++) {
      const end = Math.floor((i * bytes.length) / 200);
      expect(() => open(bytes.subarray(0, end)), `${end} bytes`).toThrow(
        expect.objectContaining({ code: "BAD_PICKLE" }),
      );
    }
  });

  test("any one byte changed is read or refused, and nothing else happens", () => {
    const bytes = readFileSync(goldenPath(fileName));
    let refused = 0;
    for (let i = 0; i < 3000; i++) {
      const changed = Buffer.from(bytes);
      const at = (i * 7919) % bytes.length;
      changed[at] = (changed[at] as number) ^ (1 << (i % 8));
      try {
        const file = open(changed);
        for (const name of file.names.filter((one) => one !== "ids")) file.read(name);
      } catch (error) {
        expect(["BAD_PICKLE", "BAD_DTYPE"]).toContain((error as { code?: string }).code);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(500);
  });
});

test("integers have a shape but are no weights, and unknown names are named", () => {
  const file = readTorchFile(goldenPath("torch_views.bin"));
  expect(file.shape("ids")).toEqual([3]);
  expect(() => file.read("ids")).toThrow(/"ids" in .* has dtype I64/);
  expect(() => file.read("toString")).toThrow(/no tensor "toString" among the 17/);
  expect(() => readTorchFile(join(folder, "none"))).toThrow(/Cannot open/);
});

test("the archives of these tests are read when nothing is wrong with them", () => {
  const file = open(archiveOf(pickleOf(dict("w", tensor(1, [2, 2], [2, 0])))));
  expect([...file.read("w")]).toEqual([2, 2, 4, 4]);
  const pickle = pickleOf(dict("w", tensor(0, [0], [1], storage("FloatStorage", "0", 0))));
  const entries = ["data.pkl", "data/0"].map((name, i) => ({
    name: `x/${name}`,
    bytes: i === 0 ? pickle : new Uint8Array(0),
  }));
  expect(open(zipOf(entries, "a comment")).names).toEqual(["w"]);
});

const w = dict("w", tensor(0, [4], [1]));
const entry = (name: string, value: Uint8Array) => [op.text(name), value, Buffer.from("s")];
const checkpoint = (...entries: readonly Uint8Array[][]) => archiveOf(pickleOf(Buffer.from("}"), ...entries.flat()));

test.each([
  [
    "PyTorch's tutorials",
    checkpoint(
      entry("epoch", op.int(3)),
      entry("model_state_dict", w),
      entry("loss", Buffer.from("G\0\0\0\0\0\0\0\0")),
    ),
    "model_state_dict",
  ],
  [
    "Lightning",
    checkpoint(
      entry("state_dict", w),
      entry("optimizer_states", Buffer.from("]}a")),
      entry("callbacks", Buffer.from("}")),
    ),
    "state_dict",
  ],
  ["a trainer of one's own", checkpoint(entry("net", w), entry("best", tensor(0, [1], [1]))), "net"],
  ["a folder of several", checkpoint(entry("ema", w), entry("model", w)), "model"],
  [
    "one more level",
    checkpoint(entry("checkpoint", dict("model", dict("w", tensor(0, [4], [1])))), entry("step", op.int(9))),
    "checkpoint.model",
  ],
])("the weights are found in what %s saves among other things, and it is said where", (_, bytes, place) => {
  const info = vi.spyOn(console, "info").mockImplementation(() => {});
  const file = open(bytes);
  expect([file.names, [...file.read("w")]]).toEqual([["w"], [1, 2, 3, 4]]);
  expect(info.mock.calls.flat()).toEqual([
    `${path()} holds more than a model: its weights are those under "${place}".`,
  ]);
  info.mockRestore();
});

test("what stands beside the tensors of a state dict is left out", () => {
  const file = open(
    checkpoint(
      entry("w", tensor(0, [4], [1])),
      entry("v", tensor(0, [2], [1])),
      entry("epoch", op.int(3)),
      entry("more", w),
    ),
  );
  expect(file.names).toEqual(["w", "v"]);
});

test.each(hostile)("%s is refused with the reason and what can be done", (_, bytes, message) => {
  expect(() => open(bytes)).toThrow(message);
  expect(() => open(bytes)).toThrow(
    /pytorch_model\.bin cannot be read: .*(take its weights out in Python:|Download or save it again\.)/,
  );
  expect(() => open(bytes)).toThrow(expect.objectContaining({ code: "BAD_PICKLE" }));
  expect(existsSync("thaw-was-here")).toBe(false);
});

test("a file that changes after it was opened is not read", () => {
  const file = open(archiveOf(pickleOf(dict("w", tensor(0, [4], [1])))));
  writeFileSync(path(), "short");
  expect(() => file.read("w")).toThrow(/has changed since it was opened/);
});
