/** Wrong plans are refused before any model is loaded: with nothing at all, or with the sizes that a config.json has. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { checkStages } from "../../src/plan/checkStages.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { decidePrefixes } from "../../src/plan/prefix.ts";
import type { Stage } from "../../src/plan/stage.ts";
import { classifierOnly, lastLayers, progressive } from "../../src/recipes/recipes.ts";
import { goldenPath } from "../golden/read.ts";

const config = JSON.parse(readFileSync(join(goldenPath("bert-tiny-4"), "config.json"), "utf8")); // 4 layers
const nested: unknown[] = [];
nested.push(nested);
const stage = (change: object) => [{ train: "head", epochs: 1, ...change }];
const trains = (train: unknown) => [{ train, epochs: 1 }];
const hole: unknown[] = [];
hole[1] = { train: "head", epochs: 1 };

/** Wrong in every model. */
const wrongAnywhere: [string, unknown, RegExp][] = [
  ["no list", { train: "head", epochs: 1 }, /no stage/],
  ["nothing", undefined, /no stage/],
  ["an empty list", [], /no stage/],
  ["a name for a list", "head", /no stage/],
  ["null for a stage", [null], /Stage 0 is not an object/],
  ["a word for a stage", ["head"], /Stage 0 is not an object/],
  ["a list for a stage", [[{ train: "head", epochs: 1 }]], /Stage 0 is not an object/],
  ["a hole in the list", hole, /Stage 0 is not an object/],
  ["a second stage that is none", [{ train: "head", epochs: 1 }, 3], /Stage 1 is not an object/],
  ["no epochs", [{ train: "head" }], /Stage 0 has epochs undefined/],
  ["0 epochs", stage({ epochs: 0 }), /epochs 0; it must be a whole number of 1/],
  ["-1 epochs", stage({ epochs: -1 }), /epochs -1/],
  ["half an epoch", stage({ epochs: 1.5 }), /epochs 1.5/],
  ["epochs that are no number", stage({ epochs: Number.NaN }), /epochs NaN/],
  ["endless epochs", stage({ epochs: Number.POSITIVE_INFINITY }), /epochs Infinity/],
  ["more epochs than can be counted", stage({ epochs: 1e17 }), /epochs 100000000000000000/],
  ["epochs as text", stage({ epochs: "3" }), /epochs '3'/],
  ["epochs as a bigint", stage({ epochs: 3n }), /epochs 3n/],
  ["epochs as a symbol", stage({ epochs: Symbol("three") }), /epochs Symbol\(three\)/],
  ["a negative rate", stage({ learningRate: -1e-5 }), /learningRate -0.00001/],
  ["a rate as text", stage({ learningRate: "5e-5" }), /learningRate '5e-5'/],
  ["a rate of null", stage({ learningRate: null }), /learningRate null/],
  ["a rate that no float32 holds", stage({ learningRate: 1e39 }), /learningRate 1e\+39/],
  ["a negative rate of the head", stage({ headLearningRate: -1 }), /headLearningRate -1/],
  ["a rate of the head that is no number", stage({ headLearningRate: Number.NaN }), /headLearningRate NaN/],
  ["a negative decay", stage({ layerDecay: -0.5 }), /layerDecay -0.5/],
  ["a decay of 0", stage({ layerDecay: 0 }), /layerDecay 0, which would train nothing/],
  ["a negative warm-up", stage({ warmupSteps: -1 }), /warmupSteps -1/],
  ["two and a half steps of warm-up", stage({ warmupSteps: 2.5 }), /warmupSteps 2.5; it must be a whole number/],
  ["an unknown schedule", stage({ lrSchedulerType: "exponential" }), /'exponential'; known are linear/],
  [
    "settings that are no object",
    stage({ lrSchedulerType: "cosine", lrSchedulerKwargs: 2 }),
    /given by name, in an object/,
  ],
  [
    "a setting that the schedule has not",
    stage({ lrSchedulerType: "cosine", lrSchedulerKwargs: { power: 2 } }),
    /no setting of the schedule "cosine" in lrSchedulerKwargs "power"/,
  ],
  [
    "an impossible setting",
    stage({ lrSchedulerType: "polynomial", lrSchedulerKwargs: { lrEnd: "0" } }),
    /Stage 0 has lrSchedulerKwargs.lrEnd '0'; it must be a number of 0 or more/,
  ],
  [
    "an unknown start",
    stage({ scheduleStart: "resume" }),
    /scheduleStart 'resume'; known are restart, continue, rewarm/,
  ],
  ["a first stage that continues", stage({ scheduleStart: "continue" }), /no stage is before it: leave it out/],
  ["a first stage that rewarms", stage({ scheduleStart: "rewarm" }), /no stage is before it/],
  ["a negative improvement", stage({ patience: 2, minDelta: -1 }), /minDelta -1; it must be a number of 0 or more/],
  ["an improvement that nothing waits for", stage({ minDelta: 0.01 }), /without patience.*add patience: 2/],
  ["a best epoch that is a number", stage({ restoreBest: 1 }), /restoreBest 1; it must be true or false/],
  ["unknown moments", stage({ moments: "halve" }), /moments 'halve'; known are keep, reset/],
  ["dropout of everything", stage({ dropout: 1 }), /dropout 1; it must be a number from 0 to below 1/],
  ["dropout as text", stage({ dropout: "0.1" }), /dropout '0.1'/],
  ["a negative dropout", stage({ dropout: { hidden: -0.1 } }), /dropout.hidden -0.1; it must be/],
  ["an unknown dropout", stage({ dropout: { hiden: 0.1 } }), /no dropout rate "hiden"\. Did you mean hidden/],
  ["a dropout by Hugging Face's name", stage({ dropout: { attention_dropout: 0.1 } }), /Here it is attention/],
  ["dropout as a list", stage({ dropout: [0.1] }), /dropout \[ 0.1 \]/],
  ["a schedule that is no name", stage({ lrSchedulerType: 1 }), /lrSchedulerType 1/],
  ["patience 0", stage({ patience: 0 }), /patience 0/],
  ["half a patience", stage({ patience: 1.5 }), /patience 1.5/],
  ["patience as text", stage({ patience: "2" }), /patience '2'/],
  ["a name that is none", stage({ name: 5 }), /the name 5/],
  ["an empty name", stage({ name: " " }), /the name ' '/],
  ["an unknown setting", stage({ lr: 1e-3 }), /no setting of stage 0 "lr"\. Here it is learningRate/],
  ["a setting of another library", stage({ warmup_ratio: 0.1 }), /Here it is warmupSteps below 1/],
  ["a misspelt setting", stage({ pateince: 2 }), /Did you mean patience/],
  ["a stage that does not say what it trains", [{ epochs: 1 }], /does not say what it trains/],
  ["a selection of null", trains(null), /null selects nothing known/],
  ["a selection that is a number", trains(3), /3 selects nothing known/],
  ["an unknown word", trains("heads"), /'heads' selects nothing known\. Did you mean "head"/],
  ["an empty selection", trains([]), /trains nothing/],
  ["empty selections in each other", trains([[], [[]]]), /trains nothing/],
  ["an empty object", trains({}), /selects nothing known/],
  ["no layers", trains({ layers: [] }), /trains nothing/],
  ["a layer that is no list", trains({ layers: 3 }), /layers is an array of indices/],
  ["a negative layer", trains({ layers: [-1] }), /no encoder layer -1/],
  ["half a layer", trains({ layers: [1.5] }), /no encoder layer 1.5/],
  ["a layer as text", trains({ layers: ["1"] }), /no encoder layer '1'/],
  ["the same layer twice", trains({ layers: [1, 1] }), /has layer 1 twice/],
  ["the same part twice", trains(["head", "head"]), /has 'head' twice/],
  ["everything and something", trains(["all", "head"]), /"all" holds everything/],
  ["the last 0 layers", trains({ lastLayers: 0 }), /\{ lastLayers: 0 \} is not possible/],
  ["the last layers as text", trains({ lastLayers: "2" }), /\{ lastLayers: '2' \} is not possible/],
  ["the first layers of no number", trains({ firstLayers: Number.NaN }), /\{ firstLayers: NaN \} is not possible/],
  ["two keys in one selection", trains({ layers: [0], lastLayers: 1 }), /selects nothing known/],
  ["a misspelt key", trains({ lastLayer: 2 }), /Did you mean \{ lastLayers: \.\.\. \}/],
  ["no parameter's name", trains({ parameters: [] }), /trains nothing/],
  ["names that are none", trains({ parameters: [1] }), /parameters is a pattern, or an array of names/],
  ["a pattern that is none", trains({ parameters: "/(/" }), /is no pattern/],
  ["a selection that contains itself", trains(nested), /nested more than 20 deep/],
];

/** Wrong in a model of four layers. */
const wrongHere: [string, unknown, RegExp][] = [
  ["a layer that there is not", trains({ layers: [3, 4] }), /Stage 0: There is no encoder layer 4: this model has 4/],
  ["more last layers than there are", trains(["head", { lastLayers: 5 }]), /use an integer from 1 to 4/],
  ["more first layers than there are", trains({ firstLayers: 9 }), /use an integer from 1 to 4/],
  ["a name that there is not", trains({ parameters: ["bert.pooler"] }), /no parameter "bert.pooler"/],
  ["a pattern that matches none", trains({ parameters: /Layernorm/ }), /No parameter's name matches \/Layernorm\//],
  ["a pattern as text that matches none", trains({ parameters: "/Layernorm/" }), /No parameter's name matches/],
  ["shared weights where there are none", trains("shared"), /Stage 0 trains nothing/],
  ["a recipe for a deeper model", lastLayers(6), /use an integer from 1 to 4/],
  [
    "a second stage that is wrong",
    [...classifierOnly(), ...trains({ layers: [7] })],
    /Stage 1: There is no encoder layer 7/,
  ],
];

test("there are more than sixty of them", () => {
  expect(wrongAnywhere.length + wrongHere.length).toBeGreaterThan(60);
});

test.each(wrongAnywhere)("%s is refused with nothing but the list", (_, stages, message) => {
  expect(() => checkStages(stages as Stage[])).toThrow(message);
  expect(() => checkStages(stages as Stage[])).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^BAD_(STAGE|SELECTION)$/) }),
  );
});

test.each(wrongHere)("%s is refused by the sizes in config.json", (_, stages, message) => {
  expect(() => checkStages(stages as Stage[])).not.toThrow();
  expect(() => checkStages(stages as Stage[], config)).toThrow(message);
});

test.each<object>([
  { learningRate: 0, headLearningRate: 0 },
  { learningRate: 3e38, layerDecay: 1 },
  { warmupSteps: 0 },
  { warmupSteps: 0.5 },
  { warmupSteps: 1 },
  { patience: 1, name: "a" },
  { lrSchedulerType: "constant_with_warmup" },
  { train: ["head", []] },
  { train: [{ layers: [] }, { firstLayers: 1 }] },
])("%j is possible", (change) => {
  expect(() => checkStages(stage(change) as Stage[], config)).not.toThrow();
});

test("a stage with a name is called by it, and the first wrong one is told", () => {
  const wrong = [...stage({}), ...stage({ name: "second", epochs: 0 }), ...stage({ epochs: -1 })];
  expect(() => checkStages(wrong as Stage[])).toThrow(/^Stage 1 \("second"\) has epochs 0/);
});

const defaults = {
  learningRate: 5e-5,
  headLearningRate: undefined,
  lrSchedulerType: "linear",
  warmupSteps: 0,
  frozenDropout: false,
  allowFrozenRandomHead: false,
  stepsPerEpoch: 10,
} as const;

test("the trainer's plan refuses the same, with the same words", async () => {
  const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny-4"));
  for (const [, stages, message] of [...wrongAnywhere, ...wrongHere]) {
    expect(() => makePlan(stages as Stage[], model, defaults)).toThrow(message);
    expect(() => checkStages(stages as Stage[], model)).toThrow(message);
  }
  for (const stages of [classifierOnly(), lastLayers(4), progressive()]) {
    for (const target of [undefined, config, model, model.config])
      expect(() => checkStages(stages, target)).not.toThrow();
  }
});

test("a model that cannot be trained here is refused by its config.json too", () => {
  expect(() => checkStages(classifierOnly(), { ...config, model_type: "gpt2" })).toThrow(/"model_type" is "gpt2"/);
  expect(() => checkStages(lastLayers(2), { ...albert(), model_type: "albert" })).toThrow(/run on the same weights/);
});

const albert = () => ({ ...config, embedding_size: 16 });

const kinds: Stage[] = [
  { train: "head", epochs: 1 },
  { train: ["head", { lastLayers: 2 }], epochs: 2, learningRate: 1e-4 },
  { train: ["head", { lastLayers: 1 }], epochs: 1, layerDecay: 0.9 },
  { train: "all", epochs: 1, lrSchedulerType: "cosine" },
];

test.each([4, 3, 1])(
  "ten times the stages are ten times the work to plan, %i kinds of stages in turn",
  async (count) => {
    const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny-4"));
    /** Reads of the elements of a list while something is made of it. */
    const readsOf = <T>(list: T[], use: (list: T[]) => void) => {
      let reads = 0;
      const get = (target: T[], key: string | symbol, receiver: unknown) => {
        if (typeof key === "string" && /^\d+$/.test(key)) reads += 1;
        return Reflect.get(target, key, receiver);
      };
      use(new Proxy(list, { get }));
      return reads;
    };
    const planning = (stages: number) => {
      const list = Array.from({ length: stages }, (_, i) => kinds[i % count] as Stage);
      let cuts: number[] = [];
      const reads = readsOf(list, (counted) => {
        const plan = makePlan(counted, model, defaults);
        expect(plan.stages.length).toBe(stages);
        cuts = plan.stages.map(({ cut }) => cut);
      });
      const ofCuts = readsOf(cuts, (counted) => {
        decidePrefixes(counted);
      });
      return reads + ofCuts;
    };
    const started = performance.now();
    const many = planning(10_000);
    console.log(`10,000 stages planned in ${(performance.now() - started).toFixed(0)} ms`);
    expect(many).toBeLessThan(11 * planning(1000));
  },
);
