import { expect, test } from "vitest";
import { nativeOps } from "../../src/engine/native.ts";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { type MemoryInput, stageMemory } from "../../src/plan/memory.ts";
import { goldenPath } from "../golden/read.ts";
import { formulaModel, goldenCases } from "../models/familyModel.ts";

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
    cache: 0,
    ...options,
  });

test("gradients, moments and kept weights are 4, 8 and 4 bytes a value of what trains", () => {
  const { gradients, moments, bestWeights } = need({ keptParameters: 1000 });
  expect([gradients, moments, bestWeights]).toEqual([4 * size(names), 8 * size(names), 4000]);
  expect(need({ trainable: head, cut: 4 })).toMatchObject({ gradients: 4 * size(head), moments: 8 * size(head) });
});

test.runIf(nativeOps)("a layer keeps eight rows of hidden size and one of the inner size for every token", () => {
  const layer = 4 * 600 * (8 * hiddenSize + intermediateSize + 2);
  expect(need({ cut: 1 }).activations - need({ cut: 2 }).activations).toBeCloseTo(layer, 3);
  // of the topmost one input, key and value; one more at work, and the embeddings
  const top = (layer * 3 * hiddenSize) / (8 * hiddenSize + intermediateSize);
  expect(need().activations).toBeCloseTo(4 * layer + top + 4 * 4 * 600 * hiddenSize, 3);
  expect(need({ cut: 2, gradientCheckpointing: true }).activations).toBe(2 * 4 * 600 * hiddenSize + 2 * layer);
});

test.runIf(nativeOps)(
  "in bfloat16 the kept layers take half of it, and the one at work what it takes in float32",
  () => {
    const layer = 4 * 600 * (8 * hiddenSize + intermediateSize + 2);
    const precision = "bfloat16";
    const top = (layer * 3 * hiddenSize) / (8 * hiddenSize + intermediateSize);
    expect(need({ precision, cut: 2 }).activations).toBeCloseTo((layer + top) / 2 + layer, 3);
    expect(need({ precision, cut: 2, gradientCheckpointing: true }).activations).toBe(
      2 * 4 * 600 * hiddenSize + layer / 2 + layer,
    );
  },
);

test("the peak has activations or gradients, and both where gradients wait for the next micro-batch", () => {
  const [one, two] = [need(), need({ gradientAccumulationSteps: 2 })];
  expect(one.activations).toBeGreaterThan(one.gradients);
  expect(two.peak - one.peak).toBeCloseTo(1.2 * one.gradients, 3);
  expect(need({ cache: 1e6 }).peak - one.peak).toBeCloseTo(1.2e6, 3);
  const { pass, moments, peak } = need({ trainable: head, cut: 4, lengths: [1], passTokens: 2048 });
  expect(peak).toBeCloseTo(1.2 * (pass + moments), 3); // the pass through the frozen layers
});

test("the inner rows of activations that are not fused are counted, and no family's attention where all are", () => {
  const of = (modelType: string, changes = {}) =>
    need({ model: formulaModel(goldenCases(modelType)[0]?.config as { model_type: string }, changes), cut: 1 }).pass;
  const [roberta, mpnet, relu] = [of("roberta"), of("mpnet"), of("roberta", { hidden_act: "relu" })]; // 36 wide, 3 heads
  expect(mpnet).toBe(roberta);
  expect(relu - roberta).toBe(nativeOps ? 4 * 300 * (50 + 2 * 36) : 0);
  const scores = 4 * 300 * (3 * 36 + 2 * 3 * 300); // one text of 300
  expect(roberta > scores).toBe(!nativeOps);
});
