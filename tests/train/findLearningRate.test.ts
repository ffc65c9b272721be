/** Range tests train on the batches of their stage, and leave no trace whatever ends them. */
import { afterEach, expect, test } from "vitest";
import { hostSymbol } from "../../shared/host.ts";
import type { SequenceClassifier } from "../../src/models/sequenceClassifier.ts";
import { progressive } from "../../src/recipes/recipes.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import type { FindLearningRateOptions } from "../../src/train/findLearningRate.ts";
import { latestRecordOf } from "../../src/train/modelPast.ts";
import { combinedHash, fingerprint } from "../../src/train/weights.ts";
import type { Trainer } from "../../src/trainer.ts";
import { tinyModel, tinyTrainer } from "./tiny.ts";

afterEach(() => {
  Reflect.deleteProperty(globalThis, hostSymbol);
});

/** All of a model that a test could change. */
const stateOf = (model: SequenceClassifier) => ({
  hash: combinedHash(fingerprint(model, model.parameters.keys())),
  marks: [...model.parameters.values()].map(({ requiresGrad, newlyInitialized, isAsMade }) => ({
    ...{ requiresGrad, newlyInitialized, isAsMade },
  })),
  config: model.config,
  textLimit: model.textLimit,
  record: latestRecordOf(model),
});

/** The loss of every step of a run. */
async function lossesOf(trainer: Trainer): Promise<number[]> {
  const means: number[] = [];
  for await (const event of trainer.events()) if (event.kind === "step") means.push(event.loss);
  // events carry the mean over the epoch so far
  const perEpoch = trainer.history[0]?.step as number;
  return means.map((mean, i) => {
    const done = i % perEpoch;
    return done === 0 ? mean : mean * (done + 1) - (means[i - 1] as number) * done;
  });
}

const cases: readonly [string, FindLearningRateOptions & { readonly part: "head" | "body" }, object, object][] = [
  ["a head over remembered layers", { part: "head" }, { train: "head" }, {}],
  ["layers at decayed rates, with their head at its own", { part: "body" }, { train: "all", layerDecay: 0.5 }, {}],
  [
    "layers over a frozen prefix, with accumulation, clipping and weight decay",
    { part: "body" },
    { train: ["head", { lastLayers: 1 }] },
    { gradientAccumulationSteps: 2, perDeviceTrainBatchSize: 4, maxGradNorm: 0.1, weightDecay: 0.1 },
  ],
  ["layers with dropout in frozen ones", { part: "body" }, { train: { lastLayers: 1 } }, { frozenDropout: true }],
];

test.each(cases)("at one rate a test is the beginning of the run itself: %s", async (_, options, stage, args) => {
  const [rate, headRate] = [2e-3, 5e-3];
  const settings = { epochs: 4, learningRate: rate, headLearningRate: headRate, lrSchedulerType: "constant" };
  const trainer = async () =>
    tinyTrainer({
      stages: [{ ...settings, ...stage } as never],
      args: { allowFrozenRandomHead: true, loadBestModelAtEnd: false, ...args },
    });
  const startLr = options.part === "head" ? headRate : rate;
  const found = await (await trainer()).findLearningRate({
    ...options,
    ...{ startLr, endLr: startLr * (1 + 1e-12), numSteps: 20 },
  });
  const run = await lossesOf(await trainer());
  const [curve] = found.curves;
  expect(curve?.losses.length).toBe(20);
  expect(run.length).toBe(20);
  expect(Math.max(...run) - Math.min(...run)).toBeGreaterThan(0.01);
  for (const [i, loss] of (curve?.losses ?? []).entries()) expect(loss).toBeCloseTo(run[i] as number, 5);
});

test("rates rise geometrically, losses are smoothed, and a test ends where the loss explodes", async () => {
  const trainer = await tinyTrainer({ stages: progressive({ epochs: [1, 1, 1], layers: 1 }) });
  const found = await trainer.findLearningRate({ numSteps: 60, endLr: 1000, startLr: 1e-6 });
  expect(found.curves.map(({ stage, name, part }) => [stage, name, part])).toEqual([
    [0, "head", "head"],
    [1, "last 1 layer", "head"],
    [1, "last 1 layer", "body"],
    [2, "everything", "head"],
    [2, "everything", "body"],
  ]);
  for (const { rates, losses, smoothed, ended, planned } of found.curves) {
    for (const [i, rate] of rates.entries()) expect(rate / (1e-6 * 1e9 ** (i / 60))).toBeCloseTo(1, 12);
    expect(losses.length).toBe(rates.length);
    const weights = losses.map((_, i) => 0.98 ** (losses.length - 1 - i));
    const mean = losses.reduce((sum, loss, i) => sum + loss * (weights[i] as number), 0);
    expect(smoothed.at(-1)).toBeCloseTo(mean / weights.reduce((sum, weight) => sum + weight, 0), 6);
    const lowest = Math.min(...smoothed);
    expect(smoothed.slice(0, -1).every((loss) => loss <= 4 * lowest)).toBe(true);
    if (ended === "diverged") expect(smoothed.at(-1)).toBeGreaterThan(4 * lowest);
    if (ended === "all steps") expect(rates.length).toBe(60);
    expect([1e-3, 5e-5]).toContain(planned);
  }
  expect(found.curves.map(({ ended }) => ended)).toContain("diverged");
});

test("a test ends before a step that would make weights infinite", async () => {
  const trainer = await tinyTrainer({ stages: [{ train: "all", epochs: 1 }] });
  const before = stateOf(trainer.model);
  const found = await trainer.findLearningRate({ part: "body", startLr: 1e30, endLr: 3e38, numSteps: 20 });
  expect(found.curves[0]?.ended).toBe("not finite");
  expect(found.curves[0]?.suggestions).toBeUndefined();
  expect(String(found)).toMatch(
    /no suggestion for the body of stage 0 \(everything\): its loss exploded after \d+ steps/,
  );
  expect(stateOf(trainer.model)).toEqual(before);
});

test("after a test everything is as before, and a run is the same as without one", async () => {
  const options = { stages: progressive({ epochs: [1, 1, 1], layers: 1 }) };
  const [tested, plain] = [await tinyTrainer(options), await tinyTrainer(options)];
  tested.model.freeze("embeddings");
  const before = stateOf(tested.model);
  expect(before.marks.every(({ isAsMade }) => isAsMade)).toBe(true);
  await tested.findLearningRate({ numSteps: 20 });
  const tensors = tf.memory().numTensors;
  expect(stateOf(tested.model)).toEqual(before);
  expect(tested.run).toBeUndefined();
  expect(tested.history).toEqual([]);
  const held = tf.memory().numTensors;
  await tested.findLearningRate({ numSteps: 20 });
  stateOf(tested.model);
  expect(tf.memory().numTensors).toBe(held);
  expect(held).toBeGreaterThanOrEqual(tensors);
  tested.model.unfreeze("embeddings");
  const [run, other] = [await tested.train(), await plain.train()];
  expect(run.weights).toEqual(other.weights);
  expect(run.model).toEqual(other.model);
  expect(run.model.start).toBe("pretrained");
  const after = stateOf(tested.model);
  await tested.findLearningRate({ numSteps: 20, stage: "head" });
  expect(stateOf(tested.model)).toEqual(after);
  expect(tested.run).toBe(run);
});

/** Aborts after so many turns of the event loop. */
function abortLater(turns: number): AbortController {
  const controller = new AbortController();
  let turn = 0;
  const next = () => {
    turn += 1;
    if (turn < turns) setImmediate(next);
    else controller.abort(new Error("stopped by hand"));
  };
  setImmediate(next);
  return controller;
}

test.each([1, 2, 3, 5, 8, 13, 21, 34, 55])("stopped after %d turns, everything is put back", async (turns) => {
  const trainer = await tinyTrainer({
    stages: [
      { train: "head", epochs: 1 },
      { train: ["head", { lastLayers: 1 }], epochs: 1 },
    ],
    args: { gradientAccumulationSteps: 2 },
  });
  trainer.plan();
  const before = stateOf(trainer.model);
  const tensors = tf.memory().numTensors;
  const { signal } = abortLater(turns);
  await expect(trainer.findLearningRate({ numSteps: 100, signal })).rejects.toThrow("stopped by hand");
  expect(stateOf(trainer.model)).toEqual(before);
  expect(tf.memory().numTensors).toBe(tensors);
  await expect(trainer.train()).resolves.toMatchObject({ status: { state: "finished" } });
});

test("the Stop button of a notebook ends a test", async () => {
  const trainer = await tinyTrainer({ stages: [{ train: "all", epochs: 1 }] });
  trainer.plan();
  const before = stateOf(trainer.model);
  Object.assign(globalThis, { [hostSymbol]: { display() {}, signal: abortLater(10).signal } });
  await expect(trainer.findLearningRate()).rejects.toThrow("stopped by hand");
  expect(stateOf(trainer.model)).toEqual(before);
});

test("a test is refused while the model trains, and a run while it is tested", async () => {
  const model = await tinyModel();
  const [one, other] = [
    await tinyTrainer({ model }),
    await tinyTrainer({ model, stages: [{ train: "all", epochs: 1 }] }),
  ];
  const training = one.train();
  await expect(other.findLearningRate()).rejects.toMatchObject({ code: "IN_TRAINING" });
  await training;
  const before = stateOf(model);
  const testing = other.findLearningRate({ numSteps: 20 });
  await expect(one.train()).rejects.toMatchObject({ code: "IN_TRAINING" });
  expect((await testing).curves.length).toBe(2);
  expect(stateOf(model)).toEqual(before);
});

test("one stage is named by its index or its name, and one part by its own", async () => {
  const trainer = await tinyTrainer({ stages: progressive({ epochs: [1, 1, 1], layers: 1 }) });
  const of = async (options: FindLearningRateOptions) =>
    (await trainer.findLearningRate({ numSteps: 20, ...options })).curves.map(({ stage, part }) => [stage, part]);
  expect(await of({ stage: 1 })).toEqual([
    [1, "head"],
    [1, "body"],
  ]);
  expect(await of({ stage: "everything", part: "body" })).toEqual([[2, "body"]]);
  expect(await of({ part: "body" })).toEqual([
    [1, "body"],
    [2, "body"],
  ]);
  await expect(of({ stage: 0, part: "body" })).rejects.toMatchObject({
    code: "BAD_ARGUMENT",
    message: expect.stringMatching(
      /No stage that is asked for trains the body. The plan has the stages 0 \(head, trains head\), 1 /,
    ),
  });
  await expect(of({ stage: 3 })).rejects.toMatchObject({
    code: "BAD_ARGUMENT",
    message: expect.stringMatching(/no stage 3/),
  });
});

test("a rate that is written for a part that does not train is not tested", async () => {
  const rates = { learningRate: 1e-4, headLearningRate: 1e-3, epochs: 1 };
  const trainer = await tinyTrainer({
    stages: [
      { train: "head", ...rates },
      { train: { lastLayers: 1 }, ...rates },
    ],
    args: { allowFrozenRandomHead: true },
  });
  const { curves } = await trainer.findLearningRate({ numSteps: 20 });
  expect(curves.map(({ stage, part }) => [stage, part])).toEqual([
    [0, "head"],
    [1, "body"],
  ]);
});

test("without stages, what is thawed now is tested", async () => {
  const trainer = await tinyTrainer();
  trainer.model.freeze().unfreeze("head");
  const { curves } = await trainer.findLearningRate({ numSteps: 20 });
  expect(curves.map(({ part }) => part)).toEqual(["head"]);
});

test.each<[object, RegExp]>([
  [{ numIt: 50 }, /Here it is numSteps/],
  [{ start_lr: 1 }, /Write startLr/],
  [{ startLr: 0 }, /startLr is 0; it must be a number above 0/],
  [{ endLr: "1" }, /endLr is '1'/],
  [{ startLr: 1, endLr: 0.1 }, /endLr is 0.1; it must be above startLr/],
  [{ numSteps: 10 }, /whole number of 20 or more/],
  [{ part: "layers" }, /"head", "body" or "both"/],
  [{ stage: null }, /index of a stage/],
])("%j is refused", async (options, says) => {
  const trainer = await tinyTrainer();
  await expect(trainer.findLearningRate(options as never)).rejects.toMatchObject({
    code: "BAD_ARGUMENT",
    message: says,
  });
});
