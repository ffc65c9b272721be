import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { tf } from "../../src/engine/tensorflow.ts";
import { AdamW } from "../../src/optim/adamW.ts";
import { assertUnchanged, changedNames, evidenceOf, fingerprint } from "../../src/trainer/fingerprint.ts";
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

test("the evidence counts values, tells the hashes apart, and finds moments that should not be there", async () => {
  const model = await tinyModel();
  const before = fingerprint(model, names);
  const optimizer = new AdamW();
  const parameter = model.parameters.get("classifier.bias");
  if (parameter === undefined) throw new Error("the tiny model has no classifier.bias");
  optimizer.step([{ parameter, gradient: tf.tensor1d([1, 1]), learningRate: 0.1 }]);
  const after = fingerprint(model, names);
  const evidence = evidenceOf(model, before, after, optimizer);
  expect(evidence).toMatchObject({
    frozenParameters: 34,
    frozenTensors: 2,
    changed: ["classifier.bias"],
    optimizerBytesForFrozen: 16, // two values with two moments of four bytes
  });
  expect(evidence.before).not.toBe(evidence.after);
  expect(evidenceOf(model, before, before, new AdamW())).toMatchObject({ changed: [], optimizerBytesForFrozen: 0 });
});
