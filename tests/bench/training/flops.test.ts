import { expect, test } from "vitest";
import { modelFlops } from "../../../bench/training/flops.ts";

const size = { layer: 1000, depth: 6, head: 10 };
const batch = { texts: 16, tokens: 400, trained: true };

test("a full step takes 6 FLOPs for each weight and token", () => {
  const flops = modelFlops(size, { ...batch, forwardLayers: 6, trainedLayers: 6 });
  expect(flops).toBe(6 * (6000 * 400 + 10 * 16));
});

test("layers that do not train are only gone through forward", () => {
  const flops = modelFlops(size, { ...batch, forwardLayers: 6, trainedLayers: 2 });
  expect(flops).toBe(2 * 4000 * 400 + 6 * (2000 * 400 + 10 * 16));
});

test("what is remembered is not counted, and a prediction goes forward only", () => {
  expect(modelFlops(size, { ...batch, forwardLayers: 0, trainedLayers: 0 })).toBe(6 * 10 * 16);
  const prediction = { ...batch, trained: false, forwardLayers: 6, trainedLayers: 0 };
  expect(modelFlops(size, prediction)).toBe(2 * (6000 * 400 + 10 * 16));
});
