/** What `npm run goldens` finds between what was made and what is committed, on goldens that are changed by hand. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readTorchFile } from "../../src/weights/torch/read.ts";
import { goldenPath } from "../golden/read.ts";
import { repository } from "./scratchClone.ts";

interface Difference {
  readonly place: string;
  readonly made: unknown;
  readonly committed: unknown;
}
interface Result {
  readonly differences: readonly Difference[];
  readonly largest?: { readonly difference: number; readonly allowed: number; readonly place: string };
}
interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}
const load = (file: string): Promise<unknown> => import(join(repository, "setup", "goldens", file));
const { compareFile, compareValues, describe, goldensIn } = (await load("compare.mjs")) as {
  compareFile(file: string, made: string, committed: string, tensorsOf: (path: string) => object): Result;
  goldensIn(folder: string): string[];
  compareValues(file: string, made: unknown, committed: unknown, toleranceAt: (place: string) => Tolerance): Result;
  describe(differences: readonly Difference[]): string;
};
const { age, inTurn, programsIn, writtenIn } = (await load("programs.mjs")) as {
  age(folder: string): void;
  inTurn(names: readonly string[], run: (name: string) => Promise<void>): Promise<void>;
  programsIn(folder: string): string[];
  writtenIn(folder: string): string[];
};
const { rules, toleranceAt } = (await load("tolerances.mjs")) as {
  rules: readonly { readonly at: RegExp }[];
  toleranceAt(place: string): Tolerance;
};

const committed = dirname(goldenPath("read.ts"));
let made = "";
beforeEach(() => {
  made = mkdtempSync(join(tmpdir(), "thaw-goldens-"));
});
afterEach(() => rmSync(made, { recursive: true }));

/** The tensors of a file of PyTorch's, by the reader of the library. */
function tensorsOf(path: string): object {
  const file = readTorchFile(path);
  const floats = file.names.filter((name) => !/ids$/.test(name));
  return Object.fromEntries(
    floats.map((name) => [name, { shape: file.shape(name), values: Array.from(file.read(name), String) }]),
  );
}

type Json = Record<string, unknown>;

/** What is found where the golden's value at `keys` is another; `undefined` takes it away. */
function afterEdits(
  file: string,
  edits: readonly (readonly [keys: string, value: (old: number) => unknown])[],
): Result {
  const json = JSON.parse(readFileSync(goldenPath(file), "utf8")) as Json;
  for (const [keys, value] of edits) {
    const path = keys.split(".");
    const last = path.pop() as string;
    const holder = path.reduce((at, key) => at[key] as Json, json);
    const next = value(holder[last] as number);
    if (next !== undefined) holder[last] = next;
    else if (Array.isArray(holder)) holder.pop();
    else delete holder[last];
  }
  writeFileSync(join(made, file), JSON.stringify(json));
  return compareFile(file, made, committed, tensorsOf);
}

test.each<[string, string, keys: string, value: (old: number) => unknown, committed: unknown]>([
  ["a number beyond its tolerance", "metrics.json", "cases.1.macro_f1", (f1) => f1 + 1e-8, expect.any(Number)],
  ["an integer", "metrics.json", "cases.0.labels.2", () => 0, 1],
  ["a missing key", "metrics.json", "cases.0.accuracy", () => undefined, expect.any(Number)],
  ["a key that was not there", "metrics.json", "extra", () => 1, undefined],
  ["a shorter list", "schedule.json", "cases.0.factors.11", () => undefined, 1],
  ["a text", "bert_logits.json", "model", () => "another", expect.stringContaining("MiniLM")],
  ["another version of what made it", "schedule.json", "made_with.torch", () => "2.0.0", "2.15.0"],
])("%s is found, with its place and both values", (_, file, keys, value, was) => {
  const { differences } = afterEdits(file, [[keys, value]]);
  const now = value(1) === undefined ? undefined : expect.anything();
  expect(differences).toEqual([{ place: `${file}: ${keys}`, made: now, committed: was }]);
});

test("what another processor or Python changes is no difference, and the largest gap is named", () => {
  const result = afterEdits("bert_logits.json", [
    ["logits.3.1", (logit) => logit + 5e-6],
    ["logits.9.0", (logit) => logit - 1e-6],
    ["made_with.python", () => "3.13.1"],
  ]);
  expect(result.differences).toEqual([]);
  expect(result.largest).toMatchObject({ place: "bert_logits.json: logits.3.1" });
  expect(result.largest?.difference).toBeCloseTo(5e-6, 8);
});

test("NaN is within no tolerance", () => {
  const { differences } = compareValues("a.json", { x: Number.NaN }, { x: 1.5 }, () => ({ absolute: 1, relative: 1 }));
  expect(differences).toHaveLength(1);
});

test("a file that was not made, one that is not committed and a changed line are found", () => {
  expect(compareFile("metrics.json", made, committed, tensorsOf).differences).toEqual([
    { place: "metrics.json", made: undefined, committed: "a file" },
  ]);
  writeFileSync(join(made, "new.json"), "{}");
  expect(compareFile("new.json", made, committed, tensorsOf).differences).toEqual([
    { place: "new.json", made: "a file", committed: undefined },
  ]);
  const file = "tokenizers/bert/vocab.txt";
  cpSync(goldenPath(file), join(made, file));
  expect(compareFile(file, made, committed, tensorsOf).differences).toEqual([]);
  writeFileSync(join(made, file), readFileSync(goldenPath(file), "utf8").replace("[SEP]", "[SAP]"));
  expect(compareFile(file, made, committed, tensorsOf).differences).toEqual([
    { place: `${file}: line 4`, made: "[SAP]", committed: "[SEP]" },
  ]);
});

test("weights are compared by their tensors where their bytes differ", () => {
  const [whole, legacy] = ["torch_views.bin", "torch_views_legacy.bin"];
  cpSync(goldenPath(whole), join(made, legacy)); // the same tensors in the other format
  expect(compareFile(legacy, made, committed, tensorsOf).differences).toEqual([]);
  cpSync(goldenPath("bert-tiny-bin/pytorch_model.bin"), join(made, legacy));
  expect(compareFile(legacy, made, committed, tensorsOf).differences.length).toBeGreaterThan(10);
});

test("of many differences of a file some are shown, with both values", () => {
  const many = Array.from({ length: 9 }, (_, i) => ({ place: `a.json: ${i}`, made: i, committed: undefined }));
  expect(describe(many)).toMatch(/^a.json: 0\n {4}made: {6}0\n {4}committed: not there\n.*a.json: 2.*and 6 more$/s);
});

test("what a program writes is told from what lay there", () => {
  writeFileSync(join(made, "old.json"), "{}");
  writeFileSync(join(made, "rewritten.json"), "{}");
  writeFileSync(join(made, "program.py"), "");
  age(made);
  expect(writtenIn(made)).toEqual([]);
  writeFileSync(join(made, "rewritten.json"), "{}");
  writeFileSync(join(made, "new.bin"), "");
  expect(writtenIn(made)).toEqual(["new.bin", "rewritten.json"]);
});

test("every program is run, and those come first that others read from", () => {
  const names = programsIn(committed);
  expect(names.slice(0, 3)).toEqual(["bert_tiny", "bert_gradients", "tokenizers"]);
  const files = readdirSync(committed).filter((file) => /^make_.*\.py$/.test(file));
  expect(names.map((name) => `make_${name}.py`).sort()).toEqual(files.sort());
});

test("programs that others read from run alone, the others two at a time, and none after one that failed", async () => {
  let running = 0;
  const seen: string[] = [];
  const run = async (name: string): Promise<void> => {
    seen.push(`${name} ${++running}`);
    await new Promise((resolve) => setTimeout(resolve, name === "slow" ? 60 : 10));
    running--;
    if (name === "bad") throw new Error("bad");
  };
  await inTurn(["bert_tiny", "tokenizers", "slow", "a", "b"], run);
  expect(seen).toEqual(["bert_tiny 1", "tokenizers 1", "slow 1", "a 2", "b 2"]);
  seen.length = 0;
  await expect(inTurn(["bad", "a", "never"], run)).rejects.toThrow("bad");
  expect(seen.filter((line) => line.startsWith("never"))).toEqual([]);
});

test("every tolerance is for something that there is", () => {
  const places: string[] = [];
  const visit = (value: unknown, file: string, keys: readonly string[]): void => {
    if (typeof value !== "object" || value === null) places.push(`${file}: ${keys.join(".")}`);
    else for (const [key, inner] of Object.entries(value)) visit(inner, file, [...keys, key]);
  };
  for (const file of goldensIn(committed)) {
    if (file.endsWith(".json")) visit(JSON.parse(readFileSync(goldenPath(file), "utf8")), file, []);
  }
  for (const { at } of rules)
    expect(
      [...places].some((place) => at.test(place)),
      String(at),
    ).toBe(true);
  expect(toleranceAt("metrics.json: cases.0.accuracy").relative).toBeLessThan(1e-8);
});
