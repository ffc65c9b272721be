import { expect, test } from "vitest";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { type MemoryInput, stageMemory } from "../../src/plan/memory.ts";
import { nativeOps } from "../../src/tensor/native.ts";
import { goldenPath } from "../golden/read.ts";

const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny-4")); // 4 layers
const { hiddenSize, intermediateSize } = model.config;
const names = [...model.parameters.keys()];
const head = new Set(names.filter((name) => model.blocks.get(name) === "head"));
const size = (of: Iterable<string>) => [...of].reduce((sum, name) => sum + (model.parameters.get(name)?.size ?? 0), 0);

const need = (options: Partial<MemoryInput> = {}) =>
  stageMemory({
    model,
    trainable: new Set(names),
    cut: -1,
    lengths: [100, 200, 300],
    passTokens: 300,
    gradientAccumulationSteps: 1,
    gradientCheckpointing: false,
    precision: "float32",
    keptParameters: 0,
    largestCopy: 0,
    cache: 0,
    ...options,
  });

test("gradients, moments and kept weights are 4, 8 and 4 bytes a value of what trains", () => {
  const { gradients, moments, bestWeights } = need({ keptParameters: 1000 });
  expect([gradients, moments, bestWeights]).toEqual([4 * size(names), 8 * size(names), 4000]);
  expect(need({ trainable: head, cut: 4 })).toMatchObject({ gradients: 4 * size(head), moments: 8 * size(head) });
});

/** Bytes of a layer of 600 tokens: eight rows of hidden size, one of the inner size, and the statistics of two norms. */
const layer = 4 * 600 * (8 * hiddenSize + intermediateSize + 2);

test.runIf(nativeOps)("what a layer keeps, as it is measured, is what its rows take", () => {
  const measured = need({ cut: 1 }).activations - need({ cut: 2 }).activations;
  expect(Math.abs(measured / layer - 1)).toBeLessThan(0.001);
  const checkpointed = (cut: number) => need({ cut, gradientCheckpointing: true }).activations;
  expect(checkpointed(1) - checkpointed(2)).toBeCloseTo(4 * 600 * hiddenSize, 3); // one row of hidden size
});

test.runIf(nativeOps)("in bfloat16 a layer keeps about half of that", () => {
  const precision = "bfloat16";
  const measured = need({ precision, cut: 1 }).activations - need({ precision, cut: 2 }).activations;
  expect(measured / layer).toBeGreaterThan(0.45);
  expect(measured / layer).toBeLessThan(0.75);
});

test("the peak grows by all that is held at once", () => {
  const [one, two] = [need(), need({ gradientAccumulationSteps: 2 })];
  expect(one.activations).toBeGreaterThan(one.gradients);
  expect(two.peak - one.peak).toBeGreaterThan(one.gradients); // both, where gradients wait for the next micro-batch
  expect(need({ cache: 1e6 }).peak - one.peak).toBeCloseTo(1e6, 3);
  expect(need({ keptParameters: 1000 }).peak - one.peak).toBeCloseTo(4000, 3);
  expect(need({ largestCopy: 1000 }).peak - one.peak).toBeCloseTo(4000, 3);
  expect(need({ lengths: [600, 600] }).peak).toBeGreaterThan(one.peak + one.activations / 2);
  const pass = (passTokens: number) => need({ trainable: head, cut: 4, lengths: [1], passTokens });
  expect(pass(2048).peak - pass(1024).peak).toBeGreaterThan(pass(2048).pass - pass(1024).pass); // the frozen layers'
});
