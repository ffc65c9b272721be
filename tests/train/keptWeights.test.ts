import { expect, test } from "vitest";
import { KeptWeights } from "../../src/train/keptWeights.ts";
import { tinyModel } from "./tiny.ts";

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
