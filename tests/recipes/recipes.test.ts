import { expect, test } from "vitest";
import { classifierOnly, lastLayers, progressive } from "../../src/recipes/recipes.ts";

test("strategy 1 trains the head alone, at a rate at which a fresh one learns", () => {
  expect(classifierOnly()).toEqual([{ name: "classifier only", train: "head", epochs: 5, headLearningRate: 1e-3 }]);
  expect(classifierOnly({ epochs: 2, learningRate: 5e-5 })).toMatchObject([{ epochs: 2, headLearningRate: 5e-5 }]);
  expect(classifierOnly({ learningRate: 1, headLearningRate: 2 })).toMatchObject([{ headLearningRate: 2 }]);
});

test("strategy 2 trains the head and the top layers, each at its rate", () => {
  const train = ["head", { lastLayers: 2 }];
  expect(lastLayers(2)).toEqual([
    { name: "last 2 layers", train, epochs: 3, learningRate: 1e-4, headLearningRate: 1e-3 },
  ]);
  expect(lastLayers(1, { epochs: 7, learningRate: 2, headLearningRate: 3 })).toEqual([
    { name: "last 1 layer", train: ["head", { lastLayers: 1 }], epochs: 7, learningRate: 2, headLearningRate: 3 },
  ]);
});

test("strategy 3 is 3 epochs of the head, 3 with the last 4 layers and 4 of everything, a tenth of each warm-up", () => {
  const schedule = { lrSchedulerType: "linear", warmupSteps: 0.1 };
  const rates = { learningRate: 5e-5, headLearningRate: 5e-5, ...schedule };
  expect(progressive()).toEqual([
    { name: "head", train: "head", epochs: 3, headLearningRate: 1e-3, ...schedule },
    { name: "last 4 layers", train: ["head", { lastLayers: 4 }], epochs: 3, ...rates },
    { name: "everything", train: "all", epochs: 4, ...rates },
  ]);
});

test("each setting of the progressive plan reaches its stages", () => {
  const stages = progressive({ epochs: [1, 2, 5], layers: 2, learningRate: 1e-4, headLearningRate: 5e-5, warmup: 0 });
  expect(stages.map(({ epochs }) => epochs)).toEqual([1, 2, 5]);
  expect(stages.map(({ train }) => train)).toEqual(["head", ["head", { lastLayers: 2 }], "all"]);
  expect(stages.map(({ headLearningRate }) => headLearningRate)).toEqual([5e-5, 1e-4, 1e-4]);
  expect(stages.map(({ warmupSteps }) => warmupSteps)).toEqual([0, 0, 0]);
});

test.each([1, -0.1, Number.NaN, 500])("a warm-up of %d is refused: it is a share", (warmup) => {
  expect(() => progressive({ warmup })).toThrow(/share of each stage's steps/);
});

test("plans are plain data: JSON keeps them", () => {
  for (const stages of [classifierOnly(), lastLayers(2), progressive()]) {
    expect(JSON.parse(JSON.stringify(stages))).toEqual(stages);
  }
});
