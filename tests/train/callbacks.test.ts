import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Run } from "../../src/run.ts";
import type { TrainerCallback, TrainerRequest } from "../../src/train/callbacks.ts";
import { temporaryFolder } from "../temporary.ts";
import { tinyTrainer } from "./tiny.ts";

const stages = [
  { train: "head", epochs: 3 },
  { train: "all", epochs: 2 },
] as const;

/** Asks for this once, at the step with this number. */
const askAt =
  (step: number, request: TrainerRequest): TrainerCallback =>
  (event) =>
    event.kind === "step" && event.step === step ? request : undefined;

test("a callback sees every event in order, before whoever iterates", async () => {
  const seen: string[] = [];
  const trainer = await tinyTrainer({ stages, callbacks: [async ({ kind }) => void seen.push(`callback ${kind}`)] });
  for await (const { kind } of trainer.events()) seen.push(kind);
  expect(seen.filter((_, i) => i % 2 === 1)).toEqual(seen.filter((_, i) => i % 2 === 0).map((name) => name.slice(9)));
  expect(seen.at(-1)).toBe("end");
});

test("an evaluation in the middle of an epoch is a row of the log, and can be the best", async () => {
  const trainer = await tinyTrainer({ stages, callbacks: [askAt(3, "evaluate")] });
  const run = await trainer.train();
  expect(run.history.map(({ step, evalLoss }) => [step, typeof evalLoss])).toEqual(
    [3, 5, 10, 15, 20, 25].map((step) => [step, "number"]),
  );
  expect(run.history[0]).toMatchObject({ epoch: 0.6, stage: 0 });
});

test("the next stage, or the end, comes after the step at which it is asked for", async () => {
  const next = await tinyTrainer({ stages, callbacks: [askAt(7, "nextStage")] });
  const run = await next.train();
  expect(run.stages.map(({ outcome }) => [outcome?.ended, outcome?.steps])).toEqual([
    ["callback", 7],
    ["all epochs", 10],
  ]);
  const stopping = await tinyTrainer({ stages, callbacks: [() => undefined, askAt(4, "stop")] });
  const stopped = await stopping.train();
  expect(stopped.status.state).toBe("finished");
  expect(stopped.stages.map(({ outcome }) => outcome?.steps)).toEqual([4, undefined]);
  expect(stopped.record.hashChain).toBeUndefined();
});

test("a request at the end of an epoch is met before the next step", async () => {
  const trainer = await tinyTrainer({
    stages,
    callbacks: [({ kind }) => (kind === "epoch" ? "nextStage" : undefined)],
  });
  const run = await trainer.train();
  expect(run.history.map(({ step, stage }) => [step, stage])).toEqual([
    [5, 0],
    [10, 1],
  ]);
});

test("a checkpoint is saved where a callback asks for it, and holds the run so far", async () => {
  const outputDir = temporaryFolder();
  const trainer = await tinyTrainer({ stages, args: { outputDir }, callbacks: [askAt(6, "save")] });
  await trainer.train();
  const folder = join(outputDir, "checkpoint-6");
  expect(existsSync(join(folder, "model-00002-of-00002.safetensors"))).toBe(true);
  const run = await Run.open(folder);
  expect(run.status).toMatchObject({ state: "running", step: 6, stage: 0 });
  expect(run.evidence).toMatchObject({ after: null, changed: [] }); // nothing is claimed that was not hashed
  expect(String(run.report())).toContain("their bytes were not hashed again at the end");
  expect(JSON.parse(readFileSync(join(folder, "trainer_state.json"), "utf8"))).toMatchObject({ global_step: 6 });
});

test("an error of a callback ends the run, and a request that does not exist is refused with those that do", async () => {
  const failing = await tinyTrainer({
    stages,
    callbacks: [({ kind }) => (kind === "step" ? ("halt" as never) : undefined)],
  });
  await expect(failing.train()).rejects.toMatchObject({
    code: "BAD_ARGUMENT",
    message: expect.stringMatching(/"halt" at the event "step"; it can ask for evaluate, save, nextStage, stop/),
  });
  expect(failing.run?.status).toMatchObject({ state: "failed" });
  await expect(tinyTrainer({ callbacks: [3 as never] })).rejects.toThrow(
    /callbacks is something else: give a list of functions, \[\(event\)/,
  );
});

test("freezing or unfreezing while a stage trains ends the run with the name", async () => {
  const trainer = await tinyTrainer({ stages });
  const training = async () => {
    for await (const event of trainer.events()) {
      if (event.kind === "step" && event.step === 2) trainer.model.unfreeze({ lastLayers: 1 });
    }
  };
  await expect(training()).rejects.toMatchObject({
    code: "MASK_CHANGED",
    message: expect.stringMatching(/layer\.2\..* while the stage "head" trains/),
  });
  expect(trainer.run?.status).toMatchObject({ state: "failed", step: 2 });
});
