import { expect, test } from "vitest";
import { checkStages } from "../../src/plan/checkStages.ts";
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

test.each<[string, () => unknown, RegExp]>([
  [
    "a number of epochs without its name",
    () => classifierOnly(3 as never),
    /option of classifierOnly is given by name, .*found 3/,
  ],
  ["lr", () => progressive({ lr: 1e-3 } as never), /no option of progressive "lr"\. Here it is learningRate/],
  ["numTrainEpochs", () => lastLayers(2, { numTrainEpochs: 3 } as never), /Here it is epochs/],
  ["patience", () => classifierOnly({ patience: 2 } as never), /Here it is a setting of a stage/],
  ["a misspelt name", () => progressive({ layer: 2 } as never), /Did you mean layers\?/],
  ["options before the layers", () => lastLayers({ epochs: 3 } as never), /takes a number of layers first/],
  ["no layers at all", () => lastLayers(undefined as never), /takes a number of layers first/],
])("%s is refused with what to write", (_, make, message) => {
  expect(make).toThrow(expect.objectContaining({ code: "BAD_ARGUMENT", message: expect.stringMatching(message) }));
});

test.each<[string, () => unknown, RegExp]>([
  ["no layer", () => lastLayers(0), /\{ lastLayers: 0 \} is not possible/],
  ["half a layer", () => lastLayers(1.5), /\{ lastLayers: 1.5 \} is not possible/],
  ["no epoch", () => classifierOnly({ epochs: 0 }), /epochs 0; it must be a whole number/],
  ["a negative rate", () => lastLayers(2, { learningRate: -1 }), /learningRate -1/],
  [
    "a negative rate of the encoder where only the head trains",
    () => classifierOnly({ learningRate: -1, headLearningRate: 1e-3 }),
    /learningRate -1/,
  ],
  ["a rate that is no number", () => progressive({ headLearningRate: Number.NaN }), /headLearningRate NaN/],
  [
    "two epochs for three stages",
    () => progressive({ epochs: [3, 3] as never }),
    /holds the epochs of the three stages/,
  ],
  ["one number for three stages", () => progressive({ epochs: 10 as never }), /holds the epochs of the three stages/],
  ["a stage without epochs", () => progressive({ epochs: [3, 0, 4] }), /Stage 1 .*epochs 0/],
  ["no layers in the second stage", () => progressive({ layers: 0 }), /\{ lastLayers: 0 \} is not possible/],
])("%s is refused when the recipe is made, before there is a model", (_, make, message) => {
  expect(make).toThrow(message);
});

test("what the advice says to write can be written", () => {
  const patient = classifierOnly().map((stage) => ({ ...stage, patience: 2 }));
  expect(() => checkStages(patient)).not.toThrow();
  expect(patient[0]?.patience).toBe(2);
});
