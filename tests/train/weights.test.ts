import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { assertUnchanged, changedNames, combinedHash, fingerprint, KeptWeights } from "../../src/train/weights.ts";
import { tinyModel } from "./tiny.ts";

const names = ["bert.pooler.dense.bias", "classifier.bias"];

test("a fingerprint is the SHA-256 of the float32 bytes", async () => {
  const model = await tinyModel();
  model.parameters.get("classifier.bias")?.assign(Float32Array.of(1, -2));
  const bytes = Buffer.from([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]); // 1 and -2, least byte first
  expect(fingerprint(model, names).get("classifier.bias")).toBe(createHash("sha256").update(bytes).digest("hex"));
});

test("one bit of one value is seen, and its tensor named", async () => {
  const model = await tinyModel();
  const before = fingerprint(model, names);
  expect(changedNames(before, fingerprint(model, names))).toEqual([]);
  const values = model.parameters.get("bert.pooler.dense.bias")?.data() as Float32Array;
  new Uint32Array(values.buffer)[31] = (new Uint32Array(values.buffer)[31] as number) ^ 1;
  model.parameters.get("bert.pooler.dense.bias")?.assign(values);
  expect(changedNames(before, fingerprint(model, names))).toEqual(["bert.pooler.dense.bias"]);
});

test("0 and -0 are different bytes", async () => {
  const model = await tinyModel();
  const before = fingerprint(model, ["classifier.bias"]);
  model.parameters.get("classifier.bias")?.assign(Float32Array.of(0, -0));
  expect(changedNames(before, fingerprint(model, ["classifier.bias"]))).toEqual(["classifier.bias"]);
});

test("a change is an error that names the first tensor and the time, none is silent", () => {
  expect(() => assertUnchanged([], "the run")).not.toThrow();
  expect(() => assertUnchanged(names, "stage 1")).toThrow(
    /^2 frozen parameters changed during stage 1, the first is bert.pooler.dense.bias/,
  );
});

test("one hash over all tensors is that of the lines that sha256sum prints", () => {
  const hashes = new Map([
    ["a", "00ff"],
    ["b", "11ee"],
  ]);
  expect(combinedHash(hashes)).toBe(createHash("sha256").update("00ff  a\n11ee  b\n").digest("hex"));
});

const [bias, frozen] = ["classifier.bias", "bert.pooler.dense.bias"];

test("the weights that were kept last come back, as often as wanted, and nothing else is touched", async () => {
  const model = await tinyModel();
  const { parameters } = model;
  const kept = new KeptWeights(model, new Set([bias]));
  for (const value of [1, 2]) {
    parameters.get(bias)?.assign(Float32Array.of(value, -value));
    kept.keep();
  }
  parameters.get(frozen)?.assign(new Float32Array(32).fill(7));
  for (const _ of [1, 2]) {
    parameters.get(bias)?.assign(Float32Array.of(8, 9)); // what is kept is a copy
    kept.restore();
    expect([...(parameters.get(bias)?.data() ?? [])]).toEqual([2, -2]);
  }
  expect(parameters.get(frozen)?.data()[0]).toBe(7);
});

test("where nothing was kept, nothing is restored", async () => {
  const model = await tinyModel();
  const kept = new KeptWeights(model, new Set([bias]));
  model.parameters.get(bias)?.assign(Float32Array.of(3, 4));
  kept.restore();
  expect([...(model.parameters.get(bias)?.data() ?? [])]).toEqual([3, 4]);
});
