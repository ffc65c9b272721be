/** The record of a run says what it began from, what was planned and what happened; run again as recorded, it is the same run. */
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { TextDataset } from "../../src/data/textDataset.ts";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import type { SequenceClassifier } from "../../src/models/sequenceClassifier.ts";
import type { TrainingArguments } from "../../src/plan/arguments.ts";
import type { Stage } from "../../src/plan/stage.ts";
import { classifierOnly, lastLayers, progressive } from "../../src/recipes/recipes.ts";
import type { RunRecord } from "../../src/train/runRecord.ts";
import type { TrainerOptions } from "../../src/train/trainerOptions.ts";
import { Trainer } from "../../src/trainer.ts";
import { goldenPath } from "../golden/read.ts";
import { letters, tinyModel, tinyTokenizer, tinyTrainer } from "./tiny.ts";

/** What `sha256sum` would print of the bytes of every parameter, hashed: written here once more, by hand. */
function hashOf(model: SequenceClassifier, names: Iterable<string> = model.parameters.keys()): string {
  const all = createHash("sha256");
  for (const name of names) {
    const bytes = Buffer.from(model.parameters.get(name)?.data().buffer as ArrayBuffer);
    all.update(`${createHash("sha256").update(bytes).digest("hex")}  ${name}\n`);
  }
  return all.digest("hex");
}

const recorded = (run: { readonly record: RunRecord }): RunRecord => JSON.parse(JSON.stringify(run.record));

/** A trainer of a fresh model with what a record says: its stages as they were resolved, and its arguments. */
async function again({ stages, args }: RunRecord, options: Partial<TrainerOptions> = {}): Promise<Trainer> {
  return new Trainer({
    model: await tinyModel(),
    tokenizer: tinyTokenizer,
    trainDataset: letters(40),
    evalDataset: letters(20, 1),
    stages: stages.map(({ plan }) => plan.resolved),
    ...options,
    args: { ...(args as TrainingArguments), disableTqdm: true },
  });
}

const impatient: Stage[] = [
  { name: "head", train: "head", epochs: 10, headLearningRate: 0, patience: 1 },
  {
    train: ["head", { parameters: /layer\.2\..*dense/ }],
    epochs: 2,
    learningRate: 2e-3,
    layerDecay: 0.5,
    warmupSteps: 0.3,
  },
];

test.each<[string, Stage[] | undefined, TrainingArguments]>([
  ["stages with patience, a pattern, decay and a share of warm-up", impatient, { weightDecay: 0.1 }],
  [
    "rates and schedule from the arguments",
    [{ train: "all", epochs: 2 }],
    { lrSchedulerType: "cosine", warmupSteps: 3 },
  ],
  [
    "a stage that has its own and one that has the run's",
    [
      { train: "head", epochs: 1 },
      { train: "all", epochs: 1, learningRate: 1e-5 },
    ],
    { headLearningRate: 2e-3 },
  ],
  [
    "the mask that the model has",
    undefined,
    { numTrainEpochs: 2, gradientAccumulationSteps: 2, trainSamplingStrategy: "group_by_length" },
  ],
])("run again as recorded it ends with the same weights: %s", async (_, stages, args) => {
  const model = await tinyModel();
  if (stages === undefined) model.freeze().unfreeze(["head", { layers: [1] }]);
  const first = await (await tinyTrainer({ model, ...(stages === undefined ? {} : { stages }), args })).train();
  const record = recorded(first);
  const second = await (await again(record)).train();
  expect(second.weights).toEqual(first.weights);
  expect(second.history.map(({ loss }) => loss)).toEqual(first.history.map(({ loss }) => loss));
  const { cacheMemory: _memory, cacheDisk: _disk, ...same } = record.args;
  expect(second.record.args).toMatchObject(same);
  const plain = ({ stages: all }: RunRecord) => all.map(({ plan }) => plan.resolved);
  expect(plain(second.record)).toEqual(plain(record));
});

test("a stage that patience ended keeps the plan that it had, and what it did, why, and at which cost, beside it", async () => {
  const run = await (await tinyTrainer({ stages: impatient })).train();
  const [head, second] = run.stages;
  expect(head).toMatchObject({
    plan: { epochs: 10, steps: 50, patience: 1, written: impatient[0] },
    outcome: { ended: "patience", epochs: 2, steps: 10, firstEpoch: 1 },
  });
  expect(second).toMatchObject({
    plan: { firstEpoch: 11 },
    outcome: { ended: "all epochs", epochs: 2, firstEpoch: 3 },
  });
  expect(head?.outcome?.fullEpochs).toBeCloseTo(
    (head?.plan.cost.prefix as number) + 2 * (head?.plan.cost.epoch as number),
    12,
  );
  expect(run.report().sentences.join(" ")).toContain('"head" ended after 2 of 10 epochs: patience 1');
  expect(run.notices.join(" ")).not.toMatch(/longer/);
  expect(run.plan[0]?.epochs).toBe(10);
});

test("the arguments that were used stand in the record: what the stages decide with the value they have in common", async () => {
  const args = async (stages: Stage[], given: TrainingArguments = {}) =>
    (await (await tinyTrainer({ stages, args: given })).train()).record.args;
  const single = await args(lastLayers(2, { epochs: 2 }), { learningRate: 5e-5 });
  expect(single).toMatchObject({
    ...{ learningRate: 1e-4, headLearningRate: 1e-3, numTrainEpochs: 2, lrSchedulerType: "linear", warmupSteps: 0 },
    ...{
      metricForBestModel: "evalAccuracy",
      greaterIsBetter: true,
      maxLength: 40,
      perDeviceTrainBatchSize: 8,
      seed: 1,
    },
  });
  expect(single.cacheMemory).toBeGreaterThan(0);
  expect(single).not.toHaveProperty("outputDir");
  const head = await args(classifierOnly({ epochs: 1 }));
  expect(head.headLearningRate).toBe(1e-3);
  expect(head).not.toHaveProperty("learningRate"); // no layer trained
  const several = await args(progressive({ epochs: [1, 1, 1], layers: 1 }), { lrSchedulerType: "cosine" });
  expect(several).toMatchObject({ numTrainEpochs: 3, learningRate: 5e-5, lrSchedulerType: "linear", warmupSteps: 0.1 });
  expect(several).not.toHaveProperty("headLearningRate"); // 1e-3, then 5e-5
});

test("the plan of each stage says what trains by name, at which rates, and what the steps come to", async () => {
  const run = await (await tinyTrainer({ stages: impatient })).train();
  const plan = run.stages[1]?.plan;
  expect(plan?.written.train).toEqual(["head", { parameters: "/layer\\.2\\..*dense/" }]);
  expect(plan?.parameters).toContain("bert.encoder.layer.2.output.dense.weight");
  expect(plan?.parameters).toContain("classifier.bias");
  expect(plan?.resolved).toMatchObject({ learningRate: 2e-3, headLearningRate: 2e-3, layerDecay: 0.5, warmupSteps: 3 });
  expect([plan?.predictedSeconds, plan?.predictedMemory].every((value) => (value as number) > 0)).toBe(true);
});

test("hashes of the weights at the start and at the end, and the step that the latter are of", async () => {
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 3 } });
  const start = hashOf(trainer.model);
  const run = await trainer.train();
  expect(run.weights).toMatchObject({
    start,
    end: hashOf(trainer.model),
    epoch: run.best?.epoch,
    step: run.best?.step,
  });
  expect(run.weights.step).toBe(5 * (run.best?.epoch as number));
  const last = await tinyTrainer({ args: { numTrainEpochs: 2, loadBestModelAtEnd: false } });
  expect((await last.train()).weights).toMatchObject({ end: hashOf(last.model), epoch: 2, step: 10 });
});

test("the evidence is part of the same hashes", async () => {
  const trainer = await tinyTrainer({ stages: classifierOnly({ epochs: 1 }) });
  const frozen = [...trainer.model.parameters.keys()].filter((name) => !/pooler|classifier/.test(name));
  const before = hashOf(trainer.model, frozen);
  const { evidence } = await trainer.train();
  expect(evidence).toMatchObject({ before, after: before, frozenTensors: frozen.length, changed: [] });
});

test("what the run began from: a pretrained model with a fresh head, a trained one, or weights that were changed by hand", async () => {
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 1 } });
  const { model } = trainer;
  const loaded = [...model.parameters.keys()].filter((name) => !name.startsWith("classifier"));
  const base = hashOf(model, loaded);
  const first = await trainer.train();
  expect(first.model).toMatchObject({
    ...{ name: "bert-tiny-base", family: "bert", start: "pretrained", earlierSteps: 0, baseSha256: base },
    newlyInitialized: ["classifier.weight", "classifier.bias"],
  });
  expect(first.report().sentences.join(" ")).not.toContain("It began from");
  const second = await trainer.train();
  expect(second.model).toMatchObject({ start: "trained", earlierSteps: 5, baseSha256: base, newlyInitialized: [] });
  expect(second.weights.start).toBe(first.weights.end);
  expect(second.report().sentences).toContainEqual(
    expect.stringMatching(/^It began from trained weights .*: earlier runs had taken 5 steps with this model\.$/),
  );
  model.parameters.get("classifier.bias")?.assign(Float32Array.of(1, 2));
  const third = await trainer.train();
  expect(third.model).toMatchObject({ start: "edited", earlierSteps: 10 });
  expect(third.report().sentences.join(" ")).toMatch(
    /changed by hand after bert-tiny-base was loaded and after 10 steps/,
  );
});

test("a model that comes with its head has been trained, whoever did it; one edited before its first run has no known base", async () => {
  const whole = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny"));
  const data = TextDataset.fromRows(
    Array.from({ length: 12 }, (_, i) => ({ text: i % 3 === 0 ? "a b" : i % 3 === 1 ? "m" : "y z", label: i % 3 })),
  );
  const options = { trainDataset: data, evalDataset: data, args: { numTrainEpochs: 1 } };
  const run = await (await tinyTrainer({ ...options, model: whole })).train();
  expect(run.model).toMatchObject({ start: "trained", earlierSteps: 0, newlyInitialized: [] });
  expect(run.report().sentences).toContainEqual(
    expect.stringMatching(/^It began from .*bert-tiny came with its head\.$/),
  );
  const edited = await tinyModel();
  edited.parameters.get("bert.pooler.dense.bias")?.assign(new Float32Array(32).fill(1));
  const changed = await (await tinyTrainer({ model: edited, args: { numTrainEpochs: 1 } })).train();
  expect(changed.model).toMatchObject({ start: "edited", baseSha256: null, earlierSteps: 0 });
});

test("the data sets stand in it with counts, labels and hash, and with the examples that were cut", async () => {
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 1, maxLength: 5 } });
  const run = await trainer.train();
  const lengths = letters(40).texts.map((text) => text.split(" ").length);
  const cut = lengths.filter((length) => length > 3).length; // of 5 tokens two are [CLS] and [SEP]
  expect(cut).toBeGreaterThan(0);
  expect(run.data.train).toEqual({
    name: letters(40).name,
    ...{ rows: 40, isPairs: false, problemType: "single_label_classification", labels: ["early", "late"], cut },
    labelCounts: { early: 20, late: 20 },
    tokens: lengths.reduce((sum, length) => sum + Math.min(length, 3) + 2, 0),
    sha256: letters(40).sha256,
  });
  expect(run.data.evaluation?.sha256).toBe(letters(20, 1).sha256);
  expect(run.args.maxLength).toBe(5);
  expect(run.alarms[0]).toMatchObject({ code: "TRUNCATED", values: { examples: cut } }); // most of them
  expect(run.notices[0]).toMatch(/^Longer than 5 tokens .*: \d+ of 20 validation examples/);
  const whole = await (await tinyTrainer({ args: { numTrainEpochs: 1, maxLength: 11 } })).train();
  expect([whole.data.train.cut, whole.notices]).toEqual([0, []]); // the longest has 11: as long as that, and not cut
  const exact = new TextDataset({
    ...letters(4),
    texts: ["a b c", "a b c", "a b c d", "x"],
    labels: Int32Array.of(0, 1, 0, 1),
    labelNames: ["early", "late"],
  });
  const edge = await tinyTrainer({ trainDataset: exact, args: { numTrainEpochs: 1, maxLength: 5 } });
  expect((await edge.train()).data.train.cut).toBe(1);
});

test("no path of the machine is in it, whatever folders the run had to do with", async () => {
  const model = await AutoModelForSequenceClassification.fromPretrained(resolve(goldenPath("bert-tiny-base")), {
    ...{ numLabels: 2, seed: 1 },
  });
  const run = await (await tinyTrainer({ model, args: { numTrainEpochs: 1, outputDir: "/tmp/secret/place" } })).train();
  expect(run.model.name).toBe("bert-tiny-base");
  expect(JSON.stringify(run)).not.toMatch(/secret|\/tmp|\/work|golden\//);
});

test("versions, engine, processor and threads stand in it", async () => {
  const { versions } = await (await tinyTrainer({ args: { numTrainEpochs: 1 } })).train();
  expect(versions).toMatchObject({ thaw: expect.stringMatching(/^\d/), node: process.versions.node });
  expect(["native", "composed"]).toContain(versions.operations);
  expect(versions.engine).toMatch(/TensorFlow|WebAssembly/);
  expect(versions.threads).toBeGreaterThanOrEqual(1);
});

test("the time of a stage has the pass through the frozen layers apart, and there is none where none is frozen", async () => {
  const { stages } = await (await tinyTrainer({ stages: progressive({ epochs: [1, 1, 1], layers: 1 }) })).train();
  const seconds = stages.map(({ outcome }) => outcome?.prefixSeconds as number);
  expect(seconds[0]).toBeGreaterThan(0);
  expect(seconds[0]).toBeLessThan(stages[0]?.outcome?.seconds as number);
  expect(seconds.slice(1)).toEqual([0, 0]); // the pass of the first stage has stored what the second needs
});

test("a label that the model never gives is said, in the run and in an evaluation; nothing is said where all are given", async () => {
  const rare = letters(24);
  const labels = Int32Array.from({ length: 24 }, (_, i) => Number(i === 1)); // one in 24
  const data = new TextDataset({ ...rare, texts: rare.texts, labels, labelNames: ["usual", "rare"] });
  const stages: Stage[] = [{ train: "head", epochs: 1, learningRate: 0 }];
  const model = await tinyModel();
  model.parameters.get("classifier.bias")?.assign(Float32Array.of(50, 0));
  const trainer = await tinyTrainer({ model, stages, trainDataset: data, evalDataset: data });
  const run = await trainer.train();
  expect(run.history[0]?.evalAccuracy).toBeCloseTo(23 / 24, 9); // high, and blind
  expect(run.alarms.at(-1)).toMatchObject({
    code: "NEVER_PREDICTED",
    sentence: expect.stringMatching(
      /^In the validation of epoch 1 the model gave none of the 24 examples the label "rare" \(1 has it\): recall 0\./,
    ),
  });
  const said: string[] = [];
  const info = console.info;
  console.info = (line: string) => said.push(line);
  try {
    await trainer.evaluate(data);
    model.parameters.get("classifier.bias")?.assign(Float32Array.of(0, 50));
    await trainer.evaluate(
      new TextDataset({
        ...rare,
        texts: rare.texts,
        labels: new Int32Array(24).fill(1),
        labelNames: ["usual", "rare"],
      }),
    );
  } finally {
    console.info = info;
  }
  expect(said).toEqual([expect.stringMatching(/gave none of the 24 examples the label "rare" \(1 has it\): recall 0/)]);
});
