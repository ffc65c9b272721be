/** The evidence of each stage: what was frozen kept its bytes, and the optimizer held what the stage trains. */
import { expect, test } from "vitest";
import type { Parameter } from "../../src/models/parameter.ts";
import type { SequenceClassifier } from "../../src/models/sequenceClassifier.ts";
import { AdamW } from "../../src/optim/adamW.ts";
import { resolveArguments } from "../../src/plan/arguments.ts";
import { makePlan, type PlannedStage } from "../../src/plan/plan.ts";
import { progressive } from "../../src/recipes/recipes.ts";
import type { Run } from "../../src/run.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { type EvidenceState, type StageEvidence, StageEvidenceCollector } from "../../src/train/stageEvidence.ts";
import { combinedHash, fingerprint } from "../../src/train/weights.ts";
import { formulaModel, goldenCases } from "../models/familyModel.ts";
import { tinyModel, tinyTrainer } from "./tiny.ts";

const evidenceOf = (run: Run) => run.stages.map(({ outcome }) => outcome?.evidence as StageEvidence);

test("each stage of a progressive run has hashes before and after, the optimizer against the mask, and its step counts", async () => {
  const trainer = await tinyTrainer({ stages: progressive({ epochs: [1, 2, 1], layers: 1 }) });
  const { model } = trainer;
  const hashes: string[] = [];
  const frozen = () => [...model.parameters.values()].filter((p) => !p.requiresGrad).map(({ name }) => name);
  for await (const event of trainer.events()) {
    if (event.kind === "step" || event.kind === "stageEnd") hashes.push(combinedHash(fingerprint(model, frozen())));
  }
  const run = trainer.run as Run;
  const all = [...model.parameters.keys()];
  const [head, layer, everything] = evidenceOf(run) as [StageEvidence, StageEvidence, StageEvidence];
  const trainable = run.stages.map(({ plan }) => plan.parameters.length);
  expect([head, layer, everything].map(({ frozen }) => frozen.tensors)).toEqual(trainable.map((n) => all.length - n));
  expect([head.frozen.before, head.frozen.after]).toEqual([hashes[0], hashes[5]]);
  expect([layer.frozen.before, layer.frozen.after]).toEqual([hashes[6], hashes[16]]);
  expect(everything.frozen).toMatchObject({ tensors: 0, parameters: 0, changed: [] });
  for (const [i, { optimizer, frozen }] of [head, layer, everything].entries()) {
    expect(optimizer).toEqual({ trainable: trainable[i], updated: trainable[i], withoutGradient: [], frozen: 0 });
    expect([frozen.before, frozen.changed]).toEqual([frozen.after, []]);
  }
  expect(head.steps).toEqual({ lowest: 5, highest: 5, fewer: {} });
  expect([layer.steps.lowest, layer.steps.highest]).toEqual([10, 15]); // the head goes on with its own count
  expect(Object.keys(layer.steps.fewer).every((name) => name.startsWith("bert.encoder.layer.2."))).toBe(true);
  expect([everything.steps.lowest, everything.steps.highest]).toEqual([5, 20]);
  expect(head.newlyInitialized).toEqual({ trained: ["classifier.weight", "classifier.bias"], untrained: [] });
  expect(layer.newlyInitialized).toEqual({ trained: [], untrained: [] });
  const report = String(run.report());
  expect(report).toMatch(
    /Stage "head": \d+ tensors frozen \([\d,]+ parameters\), 0 tensors changed \(SHA-256 \w{12} before/,
  );
  expect(report).toMatch(/and holds 0 frozen ones, step count 5; trained from random values: classifier\.weight, /);
  expect(report).toMatch(/Stage "everything": nothing frozen; the optimizer updated \d+ of \d+ .*step counts 5 to 20/);
});

test("random parameters that stay frozen are named, and so are those that the loss does not depend on", async () => {
  const trainer = await tinyTrainer({
    stages: [{ train: { layers: [2] }, epochs: 1 }],
    args: { allowFrozenRandomHead: true },
  });
  const run = await trainer.train();
  expect(evidenceOf(run)[0]?.newlyInitialized).toEqual({
    ...{ trained: [], untrained: ["classifier.weight", "classifier.bias"] },
  });
  expect(String(run.report())).toContain("still random: classifier.weight, classifier.bias");
  const { config } = goldenCases("xlnet")[0] as ReturnType<typeof goldenCases>[number];
  const model = formulaModel(config, { num_labels: 2 });
  const { stage, collector, optimizer } = collected(model, "all");
  const unused = "transformer.mask_emb";
  expect(stage.trainable.has(unused)).toBe(true);
  stepOf(
    model,
    optimizer,
    collector,
    [...stage.trainable].filter((name) => name !== unused),
  );
  expect(collector.finish().optimizer).toMatchObject({ withoutGradient: [unused], frozen: 0 });
  optimizer.dispose();
  model.dispose();
});

/** A stage of the model that trains `train`, at its beginning. */
function collected(
  model: SequenceClassifier,
  train: "all" | "head",
  change: (stage: PlannedStage) => object = () => ({}),
) {
  const plan = makePlan([{ train, epochs: 1 }], model, { ...resolveArguments(), stepsPerEpoch: 5 });
  const planned = plan.stages[0] as PlannedStage;
  const stage = { ...planned, ...change(planned) };
  const optimizer = new AdamW();
  return { stage, optimizer, collector: new StageEvidenceCollector({ model, optimizer, stage, index: 0 }) };
}

/** A step of the optimizer with these parameters, of which the collector is told. */
function stepOf(
  model: SequenceClassifier,
  optimizer: AdamW,
  collector: StageEvidenceCollector,
  names: readonly string[],
) {
  tf.tidy(() =>
    optimizer.step(
      names.map((name) => {
        const parameter = model.parameters.get(name) as Parameter;
        return { parameter, gradient: tf.ones([...parameter.shape]), learningRate: 1e-3 };
      }),
    ),
  );
  collector.stepDone(names);
}

test("an optimizer that does not hold what the stage trains ends the run, whichever way it came", async () => {
  const model = await tinyModel();
  const without = (name: string) => (stage: PlannedStage) => ({
    learningRates: new Map([...stage.learningRates].filter(([other]) => other !== name)),
  });
  const mismatch = (message: RegExp) =>
    expect.objectContaining({ code: "OPTIMIZER_MISMATCH", message: expect.stringMatching(message) });
  // a parameter that trains is in no group: the fault of recipes that make the optimizer once and thaw later
  expect(() => collected(model, "all", without("classifier.bias"))).toThrow(
    mismatch(/^Stage 0: 1 parameters are to train, but have no learning rate: classifier\.bias\./),
  );
  const rates = { learningRates: new Map([...model.parameters.keys()].map((name) => [name, 1e-3])) };
  expect(() => collected(model, "head", () => rates)).toThrow(mismatch(/have a learning rate, but are frozen: bert\./));
  {
    const { optimizer, collector } = collected(model, "head");
    stepOf(model, optimizer, collector, ["classifier.weight"]);
    collector.stepDone(["classifier.bias"]); // it got a gradient, and the optimizer does not know it
    expect(() => collector.finish()).toThrow(mismatch(/other steps than those .* counted: classifier\.bias\./));
    optimizer.dispose();
  }
  {
    const { stage, optimizer } = collected(model, "head");
    const table = model.parameters.get("bert.pooler.dense.bias") as Parameter;
    const layer = model.parameters.get("bert.encoder.layer.0.output.dense.bias") as Parameter;
    for (const parameter of [table, layer]) {
      tf.tidy(() => optimizer.step([{ parameter, gradient: tf.ones([...parameter.shape]), learningRate: 0 }]));
    }
    expect(() => new StageEvidenceCollector({ model, optimizer, stage, index: 3 })).toThrow(
      mismatch(/^Stage 3: 1 parameters are frozen, but the optimizer has state for them: bert\.encoder\.layer\.0\./),
    );
    optimizer.dispose();
  }
  model.dispose();
});

test("a frozen tensor that moves ends the stage by its name, and evidence goes on from its state in a checkpoint", async () => {
  const model = await tinyModel();
  const { stage, optimizer, collector } = collected(model, "head");
  const head = [...stage.trainable];
  stepOf(model, optimizer, collector, head);
  const state = JSON.parse(JSON.stringify(collector.state)) as EvidenceState;
  const resumed = new StageEvidenceCollector({ model, optimizer, stage, index: 0 }, state);
  stepOf(model, optimizer, resumed, head);
  collector.stepDone(head);
  expect(resumed.finish()).toEqual(collector.finish());
  expect(resumed.finish().steps).toEqual({ lowest: 2, highest: 2, fewer: {} });
  const bias = model.parameters.get("bert.encoder.layer.1.output.dense.bias") as Parameter;
  bias.assign(bias.data().fill(1e-30, 3, 4));
  expect(() => resumed.finish()).toThrow(
    expect.objectContaining({
      code: "FROZEN_CHANGED",
      message: expect.stringContaining(`stage 0, the first is ${bias.name}`),
    }),
  );
  optimizer.dispose();
  model.dispose();
});
