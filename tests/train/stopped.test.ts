/** A run that was stopped, or failed, is a run: with its record, its figure, its report, and the weights of the step it was at. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { progressive } from "../../src/recipes/recipes.ts";
import { Run } from "../../src/run.ts";
import { compareRuns } from "../../src/show/compareRuns.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import type { TrainerEvent } from "../../src/train/events.ts";
import { combinedHash, fingerprint } from "../../src/train/weights.ts";
import type { Trainer } from "../../src/trainer.ts";
import { tinyModel, tinyTrainer, weightsOf } from "./tiny.ts";

const place = mkdtempSync(join(tmpdir(), "thaw-stopped-"));
afterAll(() => rmSync(place, { recursive: true, force: true }));

const hashOf = ({ model }: Trainer) => combinedHash(fingerprint(model, model.parameters.keys()));

/** Trains until the first event for which `isThere`, and is stopped there. */
async function stopAt(trainer: Trainer, isThere: (event: TrainerEvent) => boolean): Promise<void> {
  const controller = new AbortController();
  try {
    for await (const event of trainer.events({ signal: controller.signal })) {
      if (isThere(event)) controller.abort(new Error("stopped by hand"));
    }
  } catch (error) {
    expect((error as Error).message).toBe("stopped by hand");
  }
}

test("after a Stop there is a run that says where it was, with the weights of that very step", async () => {
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 10 } });
  expect(trainer.run).toBeUndefined();
  await stopAt(trainer, (event) => event.kind === "step" && event.step === 7);
  const run = trainer.run as Run;
  expect(run.status).toEqual({
    ...{ state: "stopped", stage: 0, during: "training", step: 7, epoch: 1.4, reason: "stopped by hand" },
  });
  expect(run.weights).toMatchObject({ end: hashOf(trainer), step: 7, epoch: 1.4 });
  expect(run.history.length).toBe(1);
  expect(run.best?.epoch).toBe(1); // known, and not silently restored
  expect(run.stages[0]?.outcome).toMatchObject({ ended: "stopped", epochs: 1, steps: 7 });
  expect(run.evidence.changed).toEqual([]);
  const sentences = run.report().sentences;
  expect(sentences[0]).toBe("The run was stopped at step 7 of 50, in epoch 2 of 10 (training): stopped by hand.");
  expect(sentences[1]).toMatch(/the weights of step 7, within epoch 2; the best epoch was 1, validation accuracy/);
});

test("figure, saved folder and comparison of a stopped run say that it was stopped, and at which step", async () => {
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 10 } });
  await stopAt(trainer, (event) => event.kind === "step" && event.step === 7);
  const run = trainer.run as Run;
  expect(String(run.figure())).toContain("stopped at step 7 of 50");
  expect((await run.toBundle()).data["text/plain"]).toContain("stopped at step 7 of 50");
  await trainer.saveModel(join(place, "stopped"));
  expect((await Run.open(join(place, "stopped"))).record).toEqual(JSON.parse(JSON.stringify(run)));
  const whole = await (await tinyTrainer({ args: { numTrainEpochs: 1 } })).train();
  const comparison = compareRuns({ whole, cut: run });
  expect(comparison.notices).toEqual(['"cut" was stopped at step 7 of 50, in epoch 2 of 10 (training).']);
});

test.each<[string, (event: TrainerEvent) => boolean, object]>([
  ["before the first step", ({ kind }) => kind === "begin", { during: "preparation", step: 0, stage: -1 }],
  [
    "in the pass through the frozen layers",
    ({ kind }) => kind === "prefix",
    { during: "frozen layers", step: 0, stage: 0 },
  ],
  ["in an evaluation", ({ kind }) => kind === "evaluate", { during: "evaluation", step: 5, epoch: 1, stage: 0 }],
  [
    "in the second stage",
    (event) => event.kind === "step" && event.step === 6,
    { during: "training", step: 6, stage: 1 },
  ],
])("stopped %s, the record says so, and everything is drawn and reported", async (_, isThere, status) => {
  const trainer = await tinyTrainer({ stages: progressive({ epochs: [1, 1, 1], layers: 1 }) });
  await stopAt(trainer, isThere);
  const run = trainer.run as Run;
  expect(run.status).toMatchObject({ state: "stopped", ...status });
  expect(run.weights.end).toBe(hashOf(trainer));
  expect(run.stages.map(({ outcome }) => outcome !== undefined).lastIndexOf(true)).toBe(
    (status as { stage: number }).stage,
  );
  // what no stage that began has trained stayed frozen, whatever later ones would have done
  expect(run.evidence.frozenParameters).toBe(run.totalParameters - run.trainableParameters);
  expect(run.evidence.after).toBe(run.evidence.before);
  expect(String(run)).toContain("The run was stopped at step");
  expect((await run.figure().toPng(0.5)).length).toBeGreaterThan(100);
  expect((await trainer.train()).model.earlierSteps).toBe((status as { step: number }).step);
});

test("a run that fails is a run too: the error's code, the step, the rows that there were, and the weights of that step", async () => {
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 4 } });
  const failed = async () => {
    for await (const event of trainer.events()) {
      if (event.kind !== "step" || event.step !== 7) continue;
      trainer.model.parameters.get("classifier.bias")?.assign(Float32Array.of(Number.NaN, 0));
    }
  };
  await expect(failed()).rejects.toMatchObject({ code: "NON_FINITE" });
  const run = trainer.run as Run;
  expect(run.status).toMatchObject({ state: "failed", code: "NON_FINITE", step: 7, epoch: 1.4, during: "training" });
  expect(run.history.length).toBe(1);
  expect(run.weights).toMatchObject({ step: 7, end: hashOf(trainer) });
  expect(run.report().sentences[0]).toMatch(/^The run was ended by an error at step 7 of 20.*\(NON_FINITE\)\.$/);
  expect(run.stages[0]?.outcome?.ended).toBe("failed");
});

test("a run that is refused before it begins leaves the run before it", async () => {
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 1 } });
  const run = await trainer.train();
  expect(trainer.run).toBe(run);
  trainer.model.freeze();
  await expect(trainer.train()).rejects.toThrow(/Everything is frozen/);
  expect(trainer.run).toBe(run);
  expect(trainer.history.length).toBe(1);
});

test("while a run goes on, trainer.run is what there is so far, and looking changes nothing", async () => {
  const look = async (looks: boolean) => {
    const trainer = await tinyTrainer({ args: { numTrainEpochs: 2 } });
    for await (const event of trainer.events()) {
      if (!looks || event.kind !== "step" || event.step !== 6) continue;
      expect(trainer.run?.status).toMatchObject({ state: "running", step: 6, epoch: 1.2 });
      expect(trainer.run?.stages[0]?.outcome).toMatchObject({ ended: "running", epochs: 1, steps: 6 });
      expect(trainer.run?.report().sentences[0]).toMatch(/^The run was running, as yet at step 6/);
    }
    expect(trainer.run?.status.state).toBe("finished");
    return weightsOf(trainer);
  };
  expect(await look(true)).toEqual(await look(false));
});

test("a loop that is left, thrown out of, or never asked again ends its run, and the model trains again without a tensor lost", async () => {
  const model = await tinyModel();
  const trainer = await tinyTrainer({ model, args: { numTrainEpochs: 5 } });
  await (await tinyTrainer({ model, args: { numTrainEpochs: 1 } })).train();
  weightsOf(trainer); // keeps a tensor each
  const tensors = tf.memory().numTensors;
  const isStep = (event: TrainerEvent) => event.kind === "step" && event.step === 3;
  const ways: [string, () => Promise<unknown>][] = [
    [
      "break",
      async () => {
        for await (const event of trainer.events()) if (isStep(event)) break;
      },
    ],
    [
      "an error in the body",
      async () => {
        for await (const event of trainer.events()) if (isStep(event)) throw new Error("mine");
      },
    ],
    [
      "return()",
      async () => {
        const events = trainer.events();
        for (let next = await events.next(); !next.done; next = await events.next()) {
          if (isStep(next.value)) await events.return();
        }
      },
    ],
    [
      "throw()",
      async () => {
        const events = trainer.events();
        for (let next = await events.next(); !next.done; next = await events.next()) {
          if (isStep(next.value)) await events.throw(new Error("mine"));
        }
      },
    ],
  ];
  for (const [way, go] of ways) {
    await go().catch((error: Error) => expect(error.message).toBe("mine"));
    expect(trainer.run?.status, way).toMatchObject({ state: "stopped", step: 3 });
    weightsOf(trainer);
    expect(tf.memory().numTensors, way).toBe(tensors);
  }
  const events = trainer.events(); // asked three times, and never again
  for (let i = 0; i < 8; i++) await events.next();
  expect(trainer.run?.status.state).toBe("running");
  const again = await tinyTrainer({ model, args: { numTrainEpochs: 1 } });
  await expect(again.train()).resolves.toMatchObject({ status: { state: "finished" } });
  expect(trainer.run?.status).toMatchObject({
    state: "stopped",
    reason: expect.stringMatching(/another run of its model began/),
  });
  await expect(events.next()).rejects.toMatchObject({ code: "IN_TRAINING" });
  weightsOf(trainer);
  expect(tf.memory().numTensors).toBe(tensors);
});

test("a signal that fires while nobody asks for the next event ends the run at once, and one that has fired begins none", async () => {
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 5 } });
  const controller = new AbortController();
  const events = trainer.events({ signal: controller.signal });
  for (let i = 0; i < 8; i++) await events.next();
  controller.abort(new Error("stopped by hand"));
  for (let turn = 0; turn < 20 && trainer.run?.status.state === "running"; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(trainer.run?.status).toMatchObject({ state: "stopped", reason: "stopped by hand" });
  await expect(events.next()).rejects.toThrow("stopped by hand");
  await expect(trainer.train({ signal: AbortSignal.abort(new Error("too late")) })).rejects.toThrow("too late");
  expect(trainer.run?.status).toMatchObject({ state: "stopped", step: 0 });
  expect(
    (await (await tinyTrainer({ model: trainer.model, args: { numTrainEpochs: 1 } })).train()).history.length,
  ).toBe(1);
});

test("a run whose model was disposed meanwhile ends too, without the hash that nobody can take any more", async () => {
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 5 } });
  const events = trainer.events();
  for (let i = 0; i < 8; i++) await events.next();
  trainer.model.dispose();
  await expect(
    (async () => {
      for (;;) if ((await events.next()).done) return;
    })(),
  ).rejects.toMatchObject({ code: "DISPOSED" });
  expect(trainer.run).toMatchObject({ status: { state: "failed" }, weights: { end: null }, evidence: { after: null } });
  expect(String(trainer.run)).toContain("(DISPOSED)");
});
