/** A run goes on from a checkpoint only if it is the same run; what differs is named, and what may differ is no hindrance. */
import { cpSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test, vi } from "vitest";
import { TextDataset } from "../../../src/data/textDataset.ts";
import { AutoModelForSequenceClassification } from "../../../src/models/autoModel.ts";
import type { TrainingArguments } from "../../../src/plan/arguments.ts";
import type { Stage } from "../../../src/plan/stage.ts";
import { AutoTokenizer } from "../../../src/tokenizer/autoTokenizer.ts";
import type { Tokenizer } from "../../../src/tokenizer/tokenizer.ts";
import type { TrainerOptions } from "../../../src/train/trainerOptions.ts";
import { combinedHash, fingerprint } from "../../../src/train/weights.ts";
import type { Trainer } from "../../../src/trainer.ts";
import { goldenPath } from "../../golden/read.ts";
import { outcome } from "../outcome.ts";
import { letterRows, letters, tinyModel, tinyTrainer } from "../tiny.ts";
import { args, fastFolder, stages, stopAfter, threeStages } from "./threeStages.ts";

/** A run that was stopped in its second stage. */
const stopped = fastFolder();
let unbroken: ReturnType<typeof outcome>;
beforeAll(async () => {
  vi.spyOn(console, "info").mockImplementation(() => {});
  await stopAfter(await threeStages(stopped), 8);
  const whole = await threeStages(fastFolder());
  await whole.train();
  unbroken = outcome(whole);
});

const hashOf = ({ model }: Trainer) => combinedHash(fingerprint(model, model.parameters.keys()));

const columns = { text: "text", label: "label" };
const withStage = (index: number, change: Partial<Stage>): readonly Stage[] =>
  stages.map((stage, i) => (i === index ? { ...stage, ...change } : stage));

/** The tokenizer with the ids of two letters exchanged. */
async function otherTokenizer(): Promise<Tokenizer> {
  const folder = fastFolder();
  cpSync(goldenPath("bert-tiny"), folder, { recursive: true });
  const file = join(folder, "tokenizer.json");
  const tokenizer = JSON.parse(readFileSync(file, "utf8"));
  const { a, b } = tokenizer.model.vocab;
  Object.assign(tokenizer.model.vocab, { a: b, b: a });
  writeFileSync(file, JSON.stringify(tokenizer));
  return AutoTokenizer.fromPretrained(folder);
}

type Change = () => Promise<Partial<TrainerOptions>>;
const ofArgs =
  (changed: TrainingArguments): Change =>
  async () => ({ args: changed });
const ofStages =
  (changed: readonly Stage[]): Change =>
  async () => ({ stages: changed });
const ofRows =
  (rows: readonly { readonly text: string; readonly label: string }[]): Change =>
  async () => ({
    trainDataset: TextDataset.fromRows(rows, columns),
  });

test.each<[what: string, Change, named: RegExp]>([
  [
    "other texts",
    ofRows(letterRows(40).map((row, i) => (i === 7 ? { ...row, text: "a b" } : row))),
    /the training data: sha256 was "\w+.* and is "/,
  ],
  [
    "other labels of the same texts",
    ofRows(letterRows(40).map((row, i) => (i === 7 ? { ...row, label: "early" } : row))),
    /the training data: sha256 was/,
  ],
  [
    "other names of labels",
    async () => {
      const named = (count: number, seed: number) =>
        TextDataset.fromRows(
          letterRows(count, seed).map(({ text, label }) => ({ text, label: `${label}r` })),
          columns,
        );
      return { trainDataset: named(40, 0), evalDataset: named(20, 1) };
    },
    /the training data: labels was \["early","late"\] and is \["earlyr","later"\]/,
  ],
  ["fewer texts", ofRows(letterRows(38)), /the training data: rows was 40 and is 38/],
  ["another seed", ofArgs({ seed: 2 }), /the arguments: seed was 1 and is 2/],
  [
    "another batch size",
    ofArgs({ perDeviceTrainBatchSize: 14, gradientAccumulationSteps: 1 }),
    /perDeviceTrainBatchSize was 7 and is 14; the arguments: gradientAccumulationSteps was 2 and is 1/,
  ],
  ["another weight decay", ofArgs({ weightDecay: 0.02 }), /the arguments: weightDecay was 0\.01 and is 0\.02/],
  [
    "another order of the data",
    ofArgs({ trainSamplingStrategy: "sequential" }),
    /the arguments: trainSamplingStrategy was "random" and is "sequential"/,
  ],
  [
    "another selection of a stage",
    ofStages(withStage(1, { train: ["head", { lastLayers: 2 }] })),
    /stage 1 \(.*\): it trains bert\.encoder\.layer\.1\..* and \d+ more, and did not/,
  ],
  [
    "another learning rate of a stage",
    ofStages(withStage(0, { headLearningRate: 4e-3 })),
    /stage 0 \(.*\): headLearningRate was 0\.005 and is 0\.004/,
  ],
  [
    "another learning rate of all stages",
    ofArgs({ learningRate: 2e-3 }),
    /stage 1 \(.*\): learningRate was 0\.001 and is 0\.002/,
  ],
  [
    "another schedule of a stage",
    ofStages(withStage(2, { lrSchedulerType: "linear" })),
    /stage 2 \(.*\): lrSchedulerType was "cosine" and is "linear"/,
  ],
  ["a stage that is missing", ofStages(stages.slice(0, 2)), /stage 2 \(.*\) is missing/],
  [
    "more epochs of a stage that is not the last",
    ofStages(withStage(0, { epochs: 3 })),
    /stage 0 \(.*\): epochs was 2 and is 3/,
  ],
  [
    "fewer epochs than were done",
    ofStages([stages[0] as Stage]),
    /stage 1 \(.*\) is missing; stage 2 \(.*\) is missing/,
  ],
  [
    "other weights to begin with",
    async () => ({
      model: await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny-base"), {
        seed: 2,
        numLabels: 2,
      }),
    }),
    /the weights before training: classifier\.weight had other values/,
  ],
  [
    "another shape of the model",
    async () => ({ model: await tinyModel({ num_hidden_layers: 1 }) }),
    /the model's config: \w*layers was 3 and is 1/i,
  ],
  [
    "dropout in the model's config",
    async () => ({ model: await tinyModel({ hidden_dropout_prob: 0.3 }) }),
    /the model's config: hidden\w*Dropout\w* was .* and is 0\.3/i,
  ],
  ["another tokenizer", async () => ({ tokenizer: await otherTokenizer() }), /the training data: tokens was/],
  [
    "another limit of the texts",
    ofArgs({ maxLength: 6 }),
    /the training data: tokens was|the arguments: maxLength was .* and is 6/,
  ],
])(
  "%s: refused, and named",
  async (_, change, named) => {
    const trainer = await threeStages(stopped, await change());
    const before = hashOf(trainer);
    const error: Error = await trainer.train({ resumeFromCheckpoint: true }).then(
      () => new Error("it went on"),
      (cause) => cause,
    );
    expect(error.message).toMatch(named);
    expect(error).toMatchObject({ code: "CHECKPOINT_MISMATCH" });
    expect(error.message).toMatch(`${join(stopped, "checkpoint-8")} is of another run: `);
    expect(error.message).toMatch(/Set these as they were there, or train anew in another outputDir/);
    expect(hashOf(trainer)).toBe(before);
  },
  60_000,
);

test("the advice to train anew in another folder helps", async () => {
  const trainer = await threeStages(fastFolder(), { args: { seed: 2 } });
  await trainer.train({ resumeFromCheckpoint: true });
  expect(trainer.run?.status.state).toBe("finished");
});

/** Goes on with a copy of the stopped run, under changed options. */
async function goOn(more: Partial<TrainerOptions>): Promise<Trainer> {
  const folder = fastFolder();
  cpSync(stopped, folder, { recursive: true });
  const trainer = await threeStages(folder, more);
  await trainer.train({ resumeFromCheckpoint: true });
  expect(trainer.run?.record.resumedAt).toEqual([8]);
  return trainer;
}

test("other evaluation data, progress, saves and rows of the log may differ: the weights come to the same", async () => {
  const trainer = await goOn({
    evalDataset: letters(10, 3),
    args: {
      saveSteps: 5,
      saveTotalLimit: 2,
      hashSteps: 2,
      perDeviceEvalBatchSize: 5,
      loggingSteps: 1,
      loadBestModelAtEnd: false,
    },
    stages: withStage(2, { restoreBest: false }),
  }).catch((error) => error);
  // restoreBest is a setting of the stage: it decides the weights that the run ends with
  expect(trainer).toMatchObject({
    code: "CHECKPOINT_MISMATCH",
    message: expect.stringMatching(/restoreBest was true and is/),
  });
  const resumed = await goOn({
    evalDataset: letters(10, 3),
    args: {
      saveSteps: 5,
      saveTotalLimit: 2,
      hashSteps: 2,
      perDeviceEvalBatchSize: 5,
      loggingSteps: 1,
      cacheMemory: "1MB",
    },
  });
  const lossesOf = (
    history: readonly { readonly epochSeconds?: number; readonly gradNorm?: number; readonly step: number }[],
  ) => history.filter(({ step }) => step % 3 === 0).map(({ gradNorm }) => gradNorm);
  expect(lossesOf(resumed.run?.history ?? [])).toEqual(lossesOf(unbroken.history));
});

test("the folder may be moved, or be named while the run saves elsewhere", async () => {
  const folder = fastFolder();
  cpSync(stopped, join(folder, "before"), { recursive: true });
  renameSync(join(folder, "before"), join(folder, "after"));
  const moved = await threeStages(join(folder, "after"));
  await moved.train({ resumeFromCheckpoint: true });
  const elsewhere = await threeStages(join(folder, "elsewhere"));
  await elsewhere.train({ resumeFromCheckpoint: join(stopped, "checkpoint-8") });
  for (const trainer of [moved, elsewhere]) expect(outcome(trainer)).toEqual({ ...unbroken, args: expect.anything() });
  expect(readdirSync(join(folder, "elsewhere"))).toContain("checkpoint-14");
  expect(readdirSync(stopped).filter((name) => name.startsWith("checkpoint-"))).toHaveLength(4);
});

test("the last stage may have more epochs, and further stages may follow: what was done stays as it was", async () => {
  const longer = await goOn({ stages: withStage(2, { epochs: 3 }) });
  expect(longer.history.at(-1)?.step).toBe(18);
  const more = [...stages, { train: "head", epochs: 1 } as const];
  const further = await goOn({ stages: more });
  const whole = await threeStages(fastFolder(), { stages: more });
  await whole.train();
  expect(outcome(further)).toEqual(outcome(whole));
  const untilNow = (trainer: Trainer) => outcome(trainer).history.filter(({ step }: { step: number }) => step <= 8);
  expect(untilNow(longer)).toEqual(untilNow(whole));
});

test("a finished run goes on with one more stage, and not with more epochs of the one that has ended", async () => {
  const folder = fastFolder();
  const plan: Stage[] = [{ train: "head", epochs: 2 }];
  const { saveSteps: _, ...others } = args;
  const ofPlan = (planned: readonly Stage[], outputDir = folder) =>
    tinyTrainer({ stages: planned, args: { ...others, outputDir, saveStrategy: "stage" } });
  await (await ofPlan(plan)).train();
  const longer = await ofPlan([{ train: "head", epochs: 3 }]);
  await expect(longer.train({ resumeFromCheckpoint: true })).rejects.toThrow(
    /stage 0 \(.*\) had ended after 2 epochs, and has 3 now: add a stage instead/,
  );
  const more: Stage[] = [...plan, { train: "all", epochs: 1 }];
  const added = await ofPlan(more);
  await added.train({ resumeFromCheckpoint: true });
  const whole = await ofPlan(more, fastFolder());
  await whole.train();
  expect(outcome(added).hashes).toEqual(outcome(whole).hashes);
  expect(outcome(added).history).toEqual(outcome(whole).history);
});
