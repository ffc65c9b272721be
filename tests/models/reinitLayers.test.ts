/** `reinitLayers`: which parameters are made anew, from which distribution and seed, in every family. */
import { expect, test } from "vitest";
import { AutoModelForSequenceClassification, type FromPretrainedOptions } from "../../src/models/autoModel.ts";
import { initialValues } from "../../src/models/parameter.ts";
import type { SequenceClassifier } from "../../src/models/sequenceClassifier.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { classifierOnly, lastLayers } from "../../src/recipes/recipes.ts";
import { saveModel } from "../../src/train/saveModel.ts";
import { goldenPath } from "../golden/read.ts";
import { temporaryFolder } from "../temporary.ts";
import { formulaModel, goldenCases, goldenTypes } from "./familyModel.ts";

/** A folder with the first model of a family's goldens, and its weights. */
async function saved(modelType: string) {
  const model = formulaModel((goldenCases(modelType)[0] as ReturnType<typeof goldenCases>[0]).config);
  const folder = temporaryFolder();
  await saveModel(folder, model, undefined);
  const weights = weightsOf(model);
  model.dispose();
  return { folder, weights };
}

const weightsOf = ({ parameters }: SequenceClassifier) =>
  new Map([...parameters].map(([name, parameter]) => [name, parameter.data()]));
const load = (folder: string, options: FromPretrainedOptions) =>
  AutoModelForSequenceClassification.fromPretrained(folder, options);

test.each(goldenTypes.filter((type) => type !== "albert"))(
  "%s: the top layers and the head are made anew from the seed, the rest is the checkpoint's",
  async (modelType) => {
    const { folder, weights } = await saved(modelType);
    for (const reinitLayers of [1, 2]) {
      const model = await load(folder, { reinitLayers, seed: 7 });
      const other = await load(folder, { reinitLayers, seed: 8 });
      const isNew = (name: string) => {
        const block = model.blocks.get(name);
        return block === "head" || (typeof block === "number" && block >= model.depth - reinitLayers);
      };
      expect(model.newlyInitialized).toEqual([...model.parameters.keys()].filter(isNew));
      let drawn = 0;
      for (const spec of model.family.parameters(model.config)) {
        const values = model.parameters.get(spec.name)?.data();
        if (!isNew(spec.name)) {
          expect(values, spec.name).toEqual(weights.get(spec.name));
          continue;
        }
        expect(values, spec.name).toEqual(initialValues(spec, model.config, 7));
        if (spec.initial === "zeros" || spec.initial === "ones") continue;
        expect(values, spec.name).not.toEqual(other.parameters.get(spec.name)?.data());
        drawn += 1;
      }
      expect(drawn).toBeGreaterThan(3 * reinitLayers);
      for (const each of [model, other]) each.dispose();
    }
  },
);

test("the values have the spread that config.json asks for, norms and biases those of a fresh layer", async () => {
  const { folder } = await saved("bert");
  const model = await load(folder, { reinitLayers: 3 });
  const matrices = [...model.parameters.values()].filter(
    ({ block, shape }) => typeof block === "number" && shape.length === 2,
  );
  const values = matrices.flatMap((parameter) => [...parameter.data()]);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  const { initializerRange } = model.config;
  const n = values.length;
  console.log(
    `${n} values: mean ${mean.toExponential(1)}, deviation ${(std / initializerRange).toFixed(4)} of the range`,
  );
  expect(Math.abs(mean)).toBeLessThan((4 * initializerRange) / Math.sqrt(n));
  expect(Math.abs(std / initializerRange - 1)).toBeLessThan(4 / Math.sqrt(2 * n));
  for (const [name, parameter] of model.parameters) {
    if (typeof parameter.block !== "number" || parameter.shape.length === 2) continue;
    const expected = name.endsWith("LayerNorm.weight") ? 1 : 0;
    expect(
      parameter.data().every((value) => value === expected),
      name,
    ).toBe(true);
  }
  model.dispose();
});

test("0 layers keep everything; more than there are, and none that is whole, are refused", async () => {
  const folder = goldenPath("bert-tiny"); // 3 layers
  expect((await load(folder, { reinitLayers: 0 })).newlyInitialized).toEqual([]);
  await expect(load(folder, { reinitLayers: 4 })).rejects.toThrow(
    /reinitLayers is 4; this model has 3 encoder layers: use a whole number from 0 to 3/,
  );
  for (const reinitLayers of [-1, 1.5, Number.NaN, "1" as unknown as number]) {
    await expect(load(folder, { reinitLayers })).rejects.toMatchObject({ code: "BAD_ARGUMENT" });
  }
  const { folder: albert } = await saved("albert");
  await expect(load(albert, { reinitLayers: 1 })).rejects.toThrow(/run on the same weights/);
  expect((await load(albert, { newHead: true })).newlyInitialized).toEqual(["classifier.weight", "classifier.bias"]);
});

test("a plan that leaves them frozen at first is refused with the layers that have to train", async () => {
  const defaults = {
    learningRate: 5e-5,
    headLearningRate: undefined,
    lrSchedulerType: "linear",
    warmupSteps: 0,
    frozenDropout: false,
    allowFrozenRandomHead: false,
    stepsPerEpoch: 10,
  } as const;
  const model = await load(goldenPath("bert-tiny"), { reinitLayers: 2 });
  expect(() => makePlan(classifierOnly(), model, defaults)).toThrow(/Add \{ lastLayers: 2 \} to what the stage trains/);
  const layers = [{ train: { lastLayers: 1 }, epochs: 1 }];
  expect(() => makePlan(layers, model, defaults)).toThrow(/train: \["head", \{ lastLayers: 2 \}, \.\.\.\]/);
  expect(() => makePlan(lastLayers(2), model, defaults)).not.toThrow();
});
