/**
 * What the errors of loading say to do in Python is done in Python: the program is taken out of the message, run, and the
 * folder then loads here with the weights that were meant. `THAW_ADVICE_PYTHON` names a Python with transformers 4, TensorFlow
 * (tensorflow tf-keras), Flax and peft; without it the programs for their files are not run.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { pythonOfGoldens } from "../golden/pythonOfGoldens.ts";
import { goldenPath } from "../golden/read.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "thaw-advice-"));
  cpSync(goldenPath("bert-tiny/config.json"), join(folder, "config.json"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const quiet = {
  env: { ...process.env, CUDA_VISIBLE_DEVICES: "", TF_CPP_MIN_LOG_LEVEL: "3", HF_HUB_OFFLINE: "1" },
  stdio: "pipe",
} as const;
const make = (python: string, kind: string) =>
  execFileSync(python, [goldenPath("foreign_weights.py"), kind, folder], quiet);

/** The program in the refusal of this folder. */
async function advised(): Promise<{ message: string; program: string }> {
  const { message } = (await AutoModelForSequenceClassification.fromPretrained(folder).catch(
    (error) => error,
  )) as Error;
  const program = message
    .split("\n")
    .filter((line) => line.startsWith("    "))
    .map((line) => line.slice(4));
  return { message, program: program.join("\n") };
}

async function expectTiny(): Promise<void> {
  const [model, reference] = await Promise.all(
    [folder, goldenPath("bert-tiny")].map((each) => AutoModelForSequenceClassification.fromPretrained(each)),
  );
  expect(model?.newlyInitialized).toEqual([]);
  for (const [name, parameter] of reference?.parameters ?? []) {
    expect(model?.parameters.get(name)?.data(), name).toEqual(parameter.data());
  }
}

test.each<[string, RegExp]>([
  ["whole", /names "transformers/],
  ["whole-within", /names "transformers/],
  ["whole-legacy", /cannot be read/],
  ["lightning", /names "argparse.Namespace"/],
  ["numpy", /names "numpy/],
  ["protocol-4", /protocol 4, only 2 is read/],
  ["two", /2 state dicts of the same size/],
  ["scripted", /cannot be read/],
  ["pickle-arrays", /is a pickle: a program for Python/],
  ["pickle-model", /is a pickle: a program for Python/],
])("weights saved as %s are refused, and what the message says brings them here, bit for bit", async (kind, reason) => {
  const python = pythonOfGoldens();
  make(python, kind);
  const { message, program } = await advised();
  expect(message).toMatch(reason);
  execFileSync(python, ["-c", program], quiet);
  await expectTiny();
});

const older = process.env.THAW_ADVICE_PYTHON;
describe.skipIf(older === undefined)("with transformers 4, TensorFlow, Flax and peft", () => {
  test.each(["keras", "flax"])("weights of %s come here as the message says, bit for bit", async (kind) => {
    make(older as string, kind);
    const { program } = await advised();
    execFileSync(older as string, ["-c", program], quiet);
    expect(existsSync(join(folder, "model.safetensors"))).toBe(true);
    await expectTiny();
  });

  test("an adapter is merged as the message says, and gives the logits that it gave in Python", async () => {
    rmSync(join(folder, "config.json"));
    make(older as string, "lora");
    const { program, message } = await advised();
    expect(message).toMatch(/num_labels=3/);
    execFileSync(older as string, ["-c", program], quiet);
    const model = await AutoModelForSequenceClassification.fromPretrained(`${folder}-merged`);
    expect(model.newlyInitialized).toEqual([]);
    const [expected] = JSON.parse(readFileSync(join(folder, "logits.json"), "utf8")) as number[][];
    const [found] = model.forward({ inputIds: [[2, 5, 3]] }).logits.arraySync();
    for (const [i, value] of (expected ?? []).entries()) expect(found?.[i]).toBeCloseTo(value, 5);
    rmSync(`${folder}-merged`, { recursive: true });
  });
});
