/** Plans for models whose layers share weights: MPNet a table of distances, ALBERT everything. */
import { expect, test } from "vitest";
import type { SequenceClassifier } from "../../src/models/sequenceClassifier.ts";
import { makePlan } from "../../src/plan/plan.ts";
import type { Stage } from "../../src/plan/stage.ts";
import { lastLayers, progressive } from "../../src/recipes/recipes.ts";
import { formulaModel, goldenCases } from "../models/familyModel.ts";

const modelOf = (modelType: string) => formulaModel(goldenCases(modelType)[0]?.config as { model_type: string });
const [mpnet, albert] = [modelOf("mpnet"), modelOf("albert")]; // of 3 layers each
const plan = (model: SequenceClassifier, ...stages: Stage[]) =>
  makePlan(stages, model, {
    learningRate: 5e-5,
    headLearningRate: undefined,
    lrSchedulerType: "linear",
    warmupSteps: 0,
    frozenDropout: false,
    allowFrozenRandomHead: false,
    stepsPerEpoch: 10,
  });

test("what is shared moves the cut down to layer 0, and the plan says so", () => {
  const both = plan(
    mpnet,
    { train: ["head", { lastLayers: 1 }], epochs: 1 },
    { train: ["head", { lastLayers: 1 }, "shared"], epochs: 1 },
    { train: "all", epochs: 1 },
  );
  expect(both.stages.map(({ cut }) => cut)).toEqual([2, 0, -1]);
  expect(both.stages[1]?.row.trains).toBe("head, layer 2, shared");
  expect(String(both)).toMatch(/"shared" weights serve several layers: .* from layer 0 on/);
  expect(String(plan(mpnet, { train: "head", epochs: 1 }))).not.toMatch(/shared/);
});

test("a summary says so as well, while they train", () => {
  mpnet.freeze().unfreeze("head");
  expect(String(mpnet.summary())).not.toMatch(/serve several/);
  mpnet.unfreeze("shared");
  expect(String(mpnet.summary())).toMatch(/"shared" weights serve several layers.* from layer 0 on/);
  expect(mpnet.summary().blocks.map(({ block }) => block)).toEqual(["embeddings", "shared", 0, 1, 2, "head"]);
  mpnet.unfreeze();
});

test("shared weights train at the rate of the top layer, whatever the decay", () => {
  const rates = plan(mpnet, { train: "all", epochs: 1, learningRate: 1, layerDecay: 0.5 }).stages[0]?.learningRates;
  expect(rates?.get("mpnet.encoder.relative_attention_bias.weight")).toBe(1);
  expect(rates?.get("mpnet.encoder.layer.2.output.dense.weight")).toBe(1);
  expect(rates?.get("mpnet.embeddings.word_embeddings.weight")).toBe(0.125);
});

test("layers that run on shared weights cost as layers that train, when these do", () => {
  const cost = (train: Stage["train"]) => plan(albert, { train, epochs: 10 }).stages[0]?.row.relativeCost as number;
  expect(cost(["head", "shared"])).toBeCloseTo(1, 2);
  expect(cost("head")).toBeCloseTo(1 / 30, 2); // once forward, of 10 times forward and back
  expect(cost(["head", "embeddings"])).toBeCloseTo(2 / 3, 2); // the way through them, without their own gradients
});

test("strategies that name layers are refused where there is none to name, with what can be done", () => {
  for (const stages of [lastLayers(2), progressive({ layers: 2 })]) {
    expect(() => plan(albert, ...stages)).toThrow(/run on the same weights.*"shared"/);
  }
});
