import { expect, test } from "vitest";
import { BestEpoch } from "../../src/trainer/bestEpoch.ts";
import { tinyModel } from "./tiny.ts";

const [bias, frozen] = ["classifier.bias", "bert.pooler.dense.bias"];
const row = (epoch: number, evalAccuracy?: number) => ({
  step: epoch,
  epoch,
  stage: 0,
  ...(evalAccuracy === undefined ? {} : { evalAccuracy }),
});

test("the weights of the first of the best epochs come back, and nothing else is touched", async () => {
  const model = await tinyModel();
  const { parameters } = model;
  const best = new BestEpoch(model, new Set([bias]));
  for (const [epoch, accuracy] of [0.5, 0.9, 0.9, 0.7].entries()) {
    parameters.get(bias)?.assign(Float32Array.of(epoch, -epoch));
    best.offer(row(epoch + 1, accuracy));
  }
  parameters.get(frozen)?.assign(new Float32Array(32).fill(7));
  best.restore();
  expect(best.epoch).toEqual({ epoch: 2, evalAccuracy: 0.9 });
  expect([...(parameters.get(bias)?.data() ?? [])]).toEqual([1, -1]);
  expect(parameters.get(frozen)?.data()[0]).toBe(7);
});

test("what is kept is a copy: later steps do not change it, and it can be restored twice", async () => {
  const model = await tinyModel();
  const best = new BestEpoch(model, new Set([bias]));
  const parameter = model.parameters.get(bias);
  parameter?.assign(Float32Array.of(1, 2));
  best.offer(row(1, 0));
  for (const _ of [1, 2]) {
    parameter?.assign(Float32Array.of(8, 9));
    best.restore();
    expect([...(parameter?.data() ?? [])]).toEqual([1, 2]);
  }
});

test("without an evaluation there is no best epoch, and the weights stay", async () => {
  const model = await tinyModel();
  const best = new BestEpoch(model, new Set([bias]));
  best.offer(row(1));
  model.parameters.get(bias)?.assign(Float32Array.of(3, 4));
  best.restore();
  expect(best.epoch).toBeUndefined();
  expect([...(model.parameters.get(bias)?.data() ?? [])]).toEqual([3, 4]);
});
