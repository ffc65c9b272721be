/** What a saved folder says of its training is the record of the run, and only where the weights are those of the run. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { lastLayers, progressive } from "../../src/recipes/recipes.ts";
import { Run } from "../../src/run.ts";
import type { RunRecord } from "../../src/train/runRecord.ts";
import type { Trainer } from "../../src/trainer.ts";
import { readSafetensors } from "../../src/weights/safetensors/read.ts";
import { golden } from "../golden/read.ts";
import { tinyModel, tinyTrainer } from "./tiny.ts";

const place = mkdtempSync(join(tmpdir(), "thaw-record-"));
afterAll(() => rmSync(place, { recursive: true, force: true }));
let count = 0;

interface Thaw {
  readonly weightsSha256: string;
  readonly weightsAreOfRun: boolean;
  readonly run: RunRecord | null;
}
interface State extends Record<string, unknown> {
  readonly global_step: number;
  readonly epoch: number;
  readonly log_history: Record<string, number>[];
  readonly stateful_callbacks: { readonly Thaw: Thaw };
}

async function saved(trainer: Trainer) {
  const folder = join(place, String(count++));
  await trainer.saveModel(folder);
  const json = async (name: string) => JSON.parse(await readFile(join(folder, name), "utf8"));
  const state = (await json("trainer_state.json")) as State;
  return { folder, state, thaw: state.stateful_callbacks.Thaw, args: (await json("training_args.json")) as object };
}

test("the record in a saved folder is that of the run, the arguments are those used, under Hugging Face's names", async () => {
  const trainer = await tinyTrainer({ stages: lastLayers(2, { epochs: 2 }) });
  const run = await trainer.train();
  const { state, thaw, args } = await saved(trainer);
  expect(thaw).toEqual({ weightsSha256: run.weights.end, weightsAreOfRun: true, run: JSON.parse(JSON.stringify(run)) });
  expect(args).toMatchObject({
    ...{ learning_rate: 1e-4, head_learning_rate: 1e-3, num_train_epochs: 2, per_device_train_batch_size: 8 },
    ...{
      lr_scheduler_type: "linear",
      warmup_steps: 0,
      metric_for_best_model: "evalAccuracy",
      load_best_model_at_end: true,
    },
  });
  expect(Object.keys(args)).not.toContain("output_dir");
  expect(state).toMatchObject({
    ...{ epoch: 2, global_step: 10, max_steps: 10, num_train_epochs: 2, train_batch_size: 8 },
    ...{ best_metric: run.best?.evalAccuracy, best_global_step: run.best?.step },
  });
  expect(state.log_history.map((row) => [row.step, row.eval_accuracy, row.head_learning_rate])).toEqual(
    run.history.map((row) => [row.step, row.evalAccuracy, row.headLearningRate]),
  );
});

test("trainer_state.json has no key that TrainerState of transformers would refuse", async () => {
  const { fields, takes_other_keys } = golden<{ fields: string[]; takes_other_keys: boolean }>("trainer_state.json");
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 1 } });
  const keys = async () => Object.keys((await saved(trainer)).state);
  expect(takes_other_keys).toBe(false);
  for (const key of await keys()) expect(fields).toContain(key);
  await trainer.train();
  for (const key of await keys()) expect(fields).toContain(key);
});

test("the hash that stands there is that of the weights in the file", async () => {
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 1 } });
  await trainer.train();
  const { folder, thaw } = await saved(trainer);
  const file = await readSafetensors(join(folder, "model.safetensors"));
  const lines = [...trainer.model.parameters.keys()].map((name) => {
    const { buffer, byteOffset, byteLength } = file.read(name);
    return `${createHash("sha256")
      .update(new Uint8Array(buffer, byteOffset, byteLength))
      .digest("hex")}  ${name}\n`;
  });
  expect(createHash("sha256").update(lines.join("")).digest("hex")).toBe(thaw.weightsSha256);
});

test("weights that were changed after the run are not said to be the run's", async () => {
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 1 } });
  const run = await trainer.train();
  const bias = trainer.model.parameters.get("classifier.bias");
  const values = bias?.data() as Float32Array;
  bias?.assign(Float32Array.of(7, 7));
  const { thaw } = await saved(trainer);
  expect(thaw).toMatchObject({ weightsAreOfRun: false, run: { weights: { end: run.weights.end } } });
  expect(thaw.weightsSha256).not.toBe(run.weights.end);
  bias?.assign(values); // the same bytes again
  expect((await saved(trainer)).thaw.weightsAreOfRun).toBe(true);
});

test("of two trainers of one model the one that trained last is told, whichever saves", async () => {
  const model = await tinyModel();
  const first = await tinyTrainer({ model, args: { numTrainEpochs: 1 } });
  const second = await tinyTrainer({ model, args: { numTrainEpochs: 2, seed: 2 } });
  await first.train();
  const run = await second.train();
  expect(run.model).toMatchObject({ start: "trained", earlierSteps: 5 });
  for (const trainer of [first, second]) {
    const { thaw, args } = await saved(trainer);
    expect(thaw).toMatchObject({
      weightsAreOfRun: true,
      run: { args: { seed: 2 }, weights: { end: run.weights.end } },
    });
    expect(args).toMatchObject({ seed: 2, num_train_epochs: 2 });
  }
  model.parameters.get("classifier.bias")?.assign(Float32Array.of(7, 7));
  expect((await saved(first)).thaw).toMatchObject({ weightsAreOfRun: false, run: { args: { seed: 2 } } });
});

test("a model that nobody trained has a folder that says so, also where an older run's files stood", async () => {
  const trained = await tinyTrainer({ args: { numTrainEpochs: 1 } });
  await trained.train();
  const folder = join(place, "same");
  await trained.saveModel(folder);
  const fresh = await tinyTrainer();
  await fresh.saveModel(folder);
  const state = JSON.parse(await readFile(join(folder, "trainer_state.json"), "utf8")) as State;
  expect(state).toMatchObject({ epoch: 0, global_step: 0, log_history: [] });
  expect(state.stateful_callbacks.Thaw).toMatchObject({ weightsAreOfRun: false, run: null });
  expect(JSON.parse(await readFile(join(folder, "training_args.json"), "utf8"))).toEqual({});
  await expect(Run.open(folder)).rejects.toMatchObject({ code: "BAD_DATA" });
});

test("a saved run opens again as what it was, and is reported and compared as such", async () => {
  const trainer = await tinyTrainer({ stages: progressive({ epochs: [1, 1, 1], layers: 1 }) });
  const run = await trainer.train();
  run.test = { evalAccuracy: 0.5 };
  const { folder } = await saved(trainer);
  const opened = await Run.open(folder);
  expect(opened.record).toEqual(JSON.parse(JSON.stringify(run.record)));
  expect(String(opened)).toBe(String(run));
  expect(opened.figure().layout).toEqual(run.figure().layout);
  await expect(Run.open(join(place, "nothing"))).rejects.toMatchObject({ code: "MISSING_FILE" });
  const broken = join(place, "broken");
  await mkdir(broken);
  writeFileSync(join(broken, "trainer_state.json"), "{");
  await expect(Run.open(broken)).rejects.toMatchObject({ code: "MISSING_FILE" });
  writeFileSync(
    join(broken, "trainer_state.json"),
    JSON.stringify(golden<{ saved: object }>("trainer_state.json").saved),
  );
  await expect(Run.open(broken)).rejects.toThrow(/no record of a run/); // one of transformers' own
});

test("saved in the middle of a run, the folder has what there is so far, with the weights of that step", async () => {
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 3 } });
  const states: Awaited<ReturnType<typeof saved>>[] = [];
  for await (const event of trainer.events()) {
    if (event.kind === "step" && [3, 7].includes(event.step)) states.push(await saved(trainer));
  }
  expect(states.map(({ state }) => [state.global_step, state.epoch, state.log_history.length])).toEqual([
    [3, 0.6, 0],
    [7, 1.4, 1],
  ]);
  for (const { thaw } of states) {
    expect(thaw).toMatchObject({ weightsAreOfRun: true, run: { status: { state: "running", during: "training" } } });
  }
  expect(states[0]?.thaw.weightsSha256).not.toBe(states[1]?.thaw.weightsSha256);
});
