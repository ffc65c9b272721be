import { beforeAll, expect, test } from "vitest";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import type { SequenceClassifier } from "../../src/models/sequenceClassifier.ts";
import { layerWork } from "../../src/plan/cost.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { decidePrefixes } from "../../src/plan/prefix.ts";
import type { Stage } from "../../src/plan/stage.ts";
import { classifierOnly, lastLayers, progressive } from "../../src/recipes/recipes.ts";
import { goldenPath } from "../golden/read.ts";

let tiny: SequenceClassifier; // 4 layers, all values from the file
let fresh: SequenceClassifier; // 3 layers, the classifier newly initialised
let top: number; // work of its topmost layer
beforeAll(async () => {
  tiny = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny-4"));
  top = layerWork(tiny, 3);
  fresh = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny-base"));
});

const defaults = {
  learningRate: 5e-5,
  headLearningRate: 5e-5,
  lrSchedulerType: "linear",
  warmupSteps: 0,
  frozenDropout: false,
  allowFrozenRandomHead: false,
  stepsPerEpoch: 10,
} as const;
const plan = (stages: readonly Stage[], model = tiny, options = {}) =>
  makePlan(stages, model, { ...defaults, ...options });

test("progressive() is epochs 1-3 head, 4-6 head and the last 4 layers, 7-10 everything", () => {
  const { stages, epochs, steps } = plan(progressive());
  expect(stages.map(({ row }) => [row.trains, row.firstEpoch, row.epochs])).toEqual([
    ["head", 1, 3],
    ["head, layers 0-3", 4, 3],
    ["everything", 7, 4],
  ]);
  expect([epochs, steps]).toEqual([10, 100]);
  expect(stages.map(({ cut }) => cut)).toEqual([4, 0, -1]);
  expect(stages.map(({ warmupSteps }) => warmupSteps)).toEqual([3, 3, 4]);
});

test("the recipes train the head at a rate at which it learns, unless told otherwise", () => {
  const rateOf = (stages: readonly Stage[]) => plan(stages).stages[0]?.learningRates.get("classifier.weight");
  expect(rateOf(classifierOnly())).toBe(1e-3);
  expect(rateOf(lastLayers(2))).toBe(1e-3);
  expect(rateOf(classifierOnly({ headLearningRate: 5e-5 }))).toBe(5e-5);
});

test("layerDecay lowers the rate from layer to layer, the embeddings last", () => {
  const rates = plan([{ train: "all", epochs: 1, learningRate: 1, headLearningRate: 3, layerDecay: 0.5 }]).stages[0]
    ?.learningRates;
  const of = (name: string) => rates?.get(name);
  expect(of("classifier.weight")).toBe(3);
  expect([3, 2, 1, 0].map((i) => of(`bert.encoder.layer.${i}.output.dense.weight`))).toEqual([1, 0.5, 0.25, 0.125]);
  expect(of("bert.embeddings.word_embeddings.weight")).toBe(0.0625);
});

test("every parameter is in the optimizer of a stage or frozen in it, never both", () => {
  for (const { trainable, learningRates } of plan(progressive({ layers: 2 })).stages) {
    expect([...learningRates.keys()].sort()).toEqual([...trainable].sort());
  }
});

test("of the topmost layer's four projections and two inner ones, key and value are computed for every token", () => {
  const { hiddenSize, intermediateSize } = tiny.config;
  expect(top).toBeCloseTo((2 * hiddenSize) / (4 * hiddenSize + 2 * intermediateSize), 12);
  expect(layerWork(tiny, 2)).toBe(1);
});

test("the predicted cost counts the frozen layers once", () => {
  const costs = (stages: readonly Stage[]) => plan(stages).stages.map(({ row }) => row.relativeCost);
  expect(costs([{ train: "all", epochs: 3 }])[0]).toBeCloseTo(1, 6);
  // 4 layers forward once, of 4 layers x 3 units x 10 epochs
  expect(costs(classifierOnly({ epochs: 10 }))[0]).toBeCloseTo(4 / 120, 1);
  const [head, layers] = costs(progressive({ layers: 2 })) as [number, number];
  // the pass of the first stage has stored the cut of the second
  expect(head).toBeCloseTo(1 / 9, 1);
  expect(layers).toBeCloseTo((1 + top) / (3 + top), 1);
});

test("with frozenDropout the predicted cost counts the forward pass of the frozen layers in every epoch", () => {
  const stages: Stage[] = [
    { train: "head", epochs: 10 },
    { train: ["head", { lastLayers: 2 }], epochs: 2 },
    { train: { layers: [1] }, epochs: 1 },
    { train: "all", epochs: 1 },
  ];
  const { stages: planned } = plan(stages, tiny, { frozenDropout: true });
  expect(planned.map(({ prefix }) => prefix)).toEqual([undefined, undefined, undefined, undefined]);
  expect(planned.map(({ row }) => row.cost.prefix)).toEqual([0, 0, 0, 0]);
  // layers of 1, 1, 1 and 0.25 units, a head of 0.005; times 1 below the cut, above it 2 frozen or 3 trained
  const units = [3.25 + 0.015, 2 + 3 + 0.75 + 0.015, 1 + 3 + 2 + 0.5 + 0.01, 9.765];
  planned.forEach(({ row }, i) => {
    expect(row.relativeCost).toBeCloseTo((units[i] as number) / 9.765, 12);
  });
});

test("what is stored is used again at every later cut that it is still right for", () => {
  const useful = (...list: number[]) => decidePrefixes(list).map((prefix) => prefix?.kept ?? []);
  expect(useful(6, 4, 6)).toEqual([[4], [4], []]); // the second head starts from where layers 4 and 5 have moved
  expect(useful(4, 2, -1)).toEqual([[2], [], []]);
  expect(useful(6, 6, 2)).toEqual([[6, 2], [2], []]);
  expect(useful(2, 6)).toEqual([[2], []]);
  const costs = (stages: readonly Stage[]) => plan(stages).stages.map(({ row }) => row.relativeCost);
  const last2: Stage = { train: ["head", { lastLayers: 2 }], epochs: 1 };
  const head: Stage = { train: "head", epochs: 1 };
  const [first, second, third] = costs([head, last2, head]) as [number, number, number];
  // of 4 layers x 3 units: the pass through all, then 2 layers trained, then a pass through these two
  const units = [3 + top, 3 * (1 + top), 1 + top];
  [first, second, third].forEach((cost, i) => {
    expect(cost).toBeCloseTo((units[i] as number) / (3 * (3 + top)), 1);
  });
});

test("a plan prints as a table before anything runs", () => {
  const text = String(plan(progressive()));
  expect(text).toMatch(/head, layers 0-3/);
  expect(text).toMatch(/5\.00e-5/);
});

test.each<[string, unknown, RegExp]>([
  ["no stage", [], /no stage/],
  ["not a list", { train: "head", epochs: 1 }, /no stage/],
  ["no epochs", [{ train: "head" }], /Stage 0 has epochs undefined/],
  ["0 epochs", [{ train: "head", epochs: 0 }], /whole number of 1 or more/],
  ["half an epoch", [{ train: "head", epochs: 1.5 }], /whole number of 1 or more/],
  ["a negative rate", [{ train: "head", epochs: 1, learningRate: -1 }], /learningRate -1/],
  ["a rate that is no number", [{ train: "head", epochs: 1, headLearningRate: Number.NaN }], /headLearningRate NaN/],
  ["an unknown setting", [{ train: "head", epochs: 1, lr: 1 }], /no setting of stage 0 "lr"\. Here it is learningRate/],
  ["an unknown schedule", [{ train: "head", epochs: 1, lrSchedulerType: "sine" }], /'sine'; known are linear/],
  ["a stage that trains nothing", [{ train: [], epochs: 1 }], /trains nothing/],
  ["a stage that does not say", [{ epochs: 1 }], /does not say what it trains/],
  ["an unknown layer", [{ train: { layers: [9] }, epochs: 1 }], /no encoder layer 9/],
  ["more warm-up than steps", [{ train: "head", epochs: 1, warmupSteps: 11 }], /11 warm-up steps, but only 10/],
  ["patience 0", [{ train: "head", epochs: 1, patience: 0 }], /patience 0/],
])("%s is refused", (_, stages, message) => {
  expect(() => plan(stages as Stage[])).toThrow(message);
});

test("a plan that leaves a random head frozen is refused by name, unless it is meant", () => {
  const stages: Stage[] = [{ train: { lastLayers: 2 }, epochs: 1 }];
  expect(() => plan(stages, fresh)).toThrow(/Stage 0 leaves classifier.weight, classifier.bias frozen at random/);
  const names = [...fresh.blocks.keys()];
  const bare: SequenceClassifier = Object.create(fresh, { newlyInitialized: { value: names } });
  expect(() => plan(stages, bare)).toThrow(
    /Stage 0 leaves bert\.embeddings\.word_embeddings\.weight, (\S+, ){2}\S+ and \d+ more frozen at random/,
  );
  expect(() =>
    plan(
      [
        { train: { lastLayers: 1 }, epochs: 1 },
        { train: "head", epochs: 1 },
      ],
      fresh,
    ),
  ).toThrow(/random/);
  expect(() => plan(stages, fresh, { allowFrozenRandomHead: true })).not.toThrow();
  expect(() => plan([{ train: "head", epochs: 1 }, ...stages], fresh)).not.toThrow();
  expect(() => plan(stages, tiny)).not.toThrow(); // here the head comes from the file
});
