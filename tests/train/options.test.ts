/** What is asked of a trainer's calls that there is not is refused with what to write, and a target that cannot be written to before the training. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { resolveArguments } from "../../src/plan/arguments.ts";
import { tinyTrainer } from "./tiny.ts";

const place = mkdtempSync(join(tmpdir(), "thaw-options-"));
afterAll(() => rmSync(place, { recursive: true, force: true }));
const trainer = await tinyTrainer();

test.each<[string, () => unknown, RegExp]>([
  [
    "a checkpoint by its step",
    () => trainer.train({ resumeFromCheckpoint: 3 } as never),
    /is 3; it is true, or the folder/,
  ],
  [
    "Python's resuming",
    () => trainer.train({ resume_from_checkpoint: "runs/x" } as never),
    /Write resumeFromCheckpoint/,
  ],
  ["stages of train", () => trainer.train({ stages: [] } as never), /Here it is an option of the trainer/],
  ["a misspelt signal", () => trainer.train({ singal: undefined } as never), /Did you mean signal\?/],
  ["a number", () => trainer.train(3 as never), /option of train is given by name, .*found 3/],
  [
    "an option of predict",
    () => trainer.predict(["a"], { treshold: 0.5 } as never),
    /no option of predict "treshold"\. Did you mean threshold\?/,
  ],
  [
    "a batch size of predict",
    () => trainer.predict(["a"], { batchSize: 8 } as never),
    /Here it is perDeviceEvalBatchSize/,
  ],
  ["options of evaluate", () => trainer.evaluate({ dataset: 1 } as never), /evaluate takes one data set/],
  [
    "a batch size of evaluate",
    () => trainer.evaluate(undefined, { batchSize: 8 } as never),
    /no option of evaluate "batchSize"\. Here it is perDeviceEvalBatchSize/,
  ],
  ["texts to evaluate", () => trainer.evaluate(["a"] as never), /evaluate takes one data set/],
  [
    "options of saveModel",
    () => trainer.saveModel(join(place, "x"), { safeSerialization: true } as never),
    /no option of saveModel "safeSerialization"\. Known are: signal/,
  ],
  ["no name of a folder", () => trainer.saveModel(""), /The folder to save to is ""\. Name one/],
  [
    "a folder that is no text",
    () => trainer.saveModel({ folder: "x" } as never),
    /The folder to save to is \{"folder":"x"\}/,
  ],
])("%s is refused with what to write", async (_, ask, message) => {
  await expect((async () => ask())()).rejects.toMatchObject({
    code: "BAD_ARGUMENT",
    message: expect.stringMatching(message),
  });
  expect(trainer.run).toBeUndefined();
  expect(readdirSync(place)).not.toContain("x");
});

test("an option of events is refused when they are asked for, not when the first is taken", () => {
  expect(() => trainer.events({ steps: 3 } as never)).toThrow(
    /no option of events "steps"\. Known are: signal, resumeFromCheckpoint/,
  );
});

test.each([
  ["earlyStoppingPatience", "Here it is patience, a setting of a stage"],
  ["saveStrategy", 'saveStrategy is 1; known are "no", "epoch", "steps", "stage".'],
  ["eval_strategy", "Write evalStrategy."],
  ["labelSmoothing", "Here it is labelSmoothingFactor"],
  ["classWeight", "Here it is classWeights"],
  ["resumeFromCheckpoint", "Here it is an option of train: trainer.train({ resumeFromCheckpoint: true })."],
  ["fp16", 'Here it is precision: "bfloat16"'],
])("the training argument %s of other libraries is answered with what there is here", (name, advice) => {
  expect(() => resolveArguments({ [name]: 1 })).toThrow(advice);
});

writeFileSync(join(place, "file"), "mine");
mkdirSync(join(place, "folder"));

test.each<[string, unknown, string, RegExp]>([
  ["an empty name", "", "BAD_ARGUMENT", /outputDir is ""/],
  ["blanks", "  ", "BAD_ARGUMENT", /outputDir is " {2}"/],
  ["no text", 3, "BAD_ARGUMENT", /outputDir is 3/],
  ["a file in the way", join(place, "file"), "WRITE_FAILED", /it is a file, and a folder is needed there/],
  ["a file on the way", join(place, "file", "below", "it"), "WRITE_FAILED", /file is a file/],
  ["a name that no folder can have", "runs/\0", "WRITE_FAILED", /null bytes/],
  ["a name that is too long", join(place, "n".repeat(300)), "WRITE_FAILED", /ENAMETOOLONG/],
])("an outputDir with %s is refused when the trainer is made", async (_, outputDir, code, message) => {
  await expect(tinyTrainer({ args: { outputDir: outputDir as string } })).rejects.toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
});

test.skipIf(process.getuid?.() === 0)("an outputDir that nothing can be written into is refused", async () => {
  const closed = join(place, "closed");
  mkdirSync(closed);
  chmodSync(closed, 0o500);
  await expect(tinyTrainer({ args: { outputDir: join(closed, "model") } })).rejects.toThrow(/Make it writable/);
  chmodSync(closed, 0o700);
});

test("a folder that is there, one that is not there yet, and one behind a link are taken, and nothing is written", async () => {
  symlinkSync(join(place, "folder"), join(place, "link"));
  for (const outputDir of ["folder", "a/b/c", "link/deeper"])
    await tinyTrainer({ args: { outputDir: join(place, outputDir) } });
  expect(readdirSync(place).sort()).toEqual(expect.arrayContaining(["file", "folder", "link"]));
  expect(readdirSync(join(place, "folder"))).toEqual([]);
});

test("a share of warm-up steps is below 1, and steps are whole", () => {
  expect(() => resolveArguments({ warmupSteps: 2.5 })).toThrow(/warmupSteps is 2.5; it must be a whole number/);
  for (const warmupSteps of [0, 0.1, 1, 20]) expect(resolveArguments({ warmupSteps }).warmupSteps).toBe(warmupSteps);
});
