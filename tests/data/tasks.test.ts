import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { DatasetOptions } from "../../src/data/options.ts";
import { TextDataset } from "../../src/data/textDataset.ts";
import { randomWords } from "../../src/tensor/random.ts";

const folder = mkdtempSync(join(tmpdir(), "thaw-tasks-"));
afterAll(() => rmSync(folder, { recursive: true }));
const csv = (content: string, options: DatasetOptions) => {
  writeFileSync(join(folder, "a.csv"), content);
  return TextDataset.fromCsv(join(folder, "a.csv"), options);
};

test("lists in rows, separated text and columns of 0 and 1 give the same several labels", async () => {
  const rows = TextDataset.fromRows([
    { text: "a", label: ["joy", "trust"] },
    { text: "b", label: [] },
    { text: "c", label: ["trust"] },
  ]);
  expect(rows.problemType).toBe("multi_label_classification");
  expect(rows.labelNames).toEqual(["joy", "trust"]);
  expect([...rows.labels]).toEqual([1, 1, 0, 0, 0, 1]);
  expect(rows.labelCounts()).toEqual({ joy: 1, trust: 2 });
  const separated = await csv("text,label\na,joy|trust\nb,\nc, trust \n", { labelSeparator: "|" });
  const columns = await csv("text,joy,trust\na,1,1\nb,0,0\nc,0,1\n", { label: ["joy", "trust"] });
  expect([separated.sha256, columns.sha256]).toEqual([rows.sha256, rows.sha256]);
  expect(String(rows)).toMatch(/3 examples.*1\.00 labels per example[\s\S]*trust +2 +66\.7%/);
});

test("numbers are targets where regression is said, one or several", async () => {
  const one = await csv("text,score\na,0.5\nb,-2\n", { label: "score", problemType: "regression" });
  expect([one.labelNames, [...one.labels], one.labelCounts()]).toEqual([["score"], [0.5, -2], {}]);
  const two = await csv("text,x,y\na,0.5,1\nb,-2,3\n", { label: ["x", "y"], problemType: "regression" });
  expect([two.labelNames, [...two.labels]]).toEqual([
    ["x", "y"],
    [0.5, 1, -2, 3],
  ]);
  const lists = TextDataset.fromRows([{ text: "a", label: [1, 2] }], { problemType: "regression" });
  expect(lists.labelNames).toEqual(["LABEL_0", "LABEL_1"]);
  expect(String(two)).toMatch(/target +mean +deviation +lowest +highest[\s\S]*x +-0\.7500 +1\.250 +-2\.000 +0\.5000/);
});

test("a part without rows is a table without shares, of labels and of targets", async () => {
  const rows = [0.5, 1.5, 2].map((label, i) => ({ text: `${i}`, label }));
  const targets = TextDataset.fromRows(rows, { problemType: "regression" }).split({ validation: 1 }).test;
  const labels = TextDataset.fromRows(rows.map(({ text }) => ({ text, label: ["x"] }))).split({ validation: 1 }).test;
  expect([targets.length, labels.length]).toEqual([0, 0]);
  expect(String(targets)).toMatch(/^the data, test: 0 of 3 examples\n.*\n.*\nlabel$/);
  expect(String(labels)).toMatch(/x +0$/);
});

test("pairs have both texts, in every part, the hash and the count of duplicates", () => {
  const rows = ["x", "y", "x"].map((other, i) => ({ text: "same", other, label: i % 2 }));
  const pairs = TextDataset.fromRows(rows, { textPair: "other" });
  expect(pairs.textPairs).toEqual(["x", "y", "x"]);
  expect(pairs.duplicates).toBe(1);
  expect(pairs.sha256).not.toBe(TextDataset.fromRows(rows).sha256);
  const { train, validation } = pairs.split({ validation: 1 });
  expect([...(train.textPairs ?? []), ...(validation.textPairs ?? [])].sort()).toEqual(["x", "x", "y"]);
  expect(String(pairs)).toMatch(/3 examples; pairs of texts/);
});

const words = randomWords(0, "tasks", 2000);
const chance = (i: number, share: number) => (words[i] as number) / 2 ** 32 < share;

test("every part of a split has its share of every label, rare ones too", () => {
  const shares = [0.5, 0.2, 0.05, 0.02];
  const data = TextDataset.fromRows(
    Array.from({ length: 400 }, (_, i) => ({
      text: `${i}`,
      label: shares.flatMap((share, label) => (chance(4 * i + label, share) ? [label] : [])),
    })),
  );
  const whole = data.labelCounts();
  const { validation, train } = data.split({ validation: 0.25, seed: 1 });
  expect([validation.length, train.length]).toEqual([100, 300]);
  expect(new Set([...validation.texts, ...train.texts]).size).toBe(400);
  const counts = validation.labelCounts();
  for (const [label, count] of Object.entries(whole)) {
    expect(Math.abs((counts[label] as number) - count / 4), `label ${label} of ${count}`).toBeLessThanOrEqual(3);
  }
  validation.texts.forEach((text, i) => {
    const width = data.labelNames.length;
    const [mine, theirs] = [validation.labels.slice(i * width, (i + 1) * width), Number(text) * width];
    expect([...mine]).toEqual([...data.labels.slice(theirs, theirs + width)]);
  });
});

test("every part of a split has its share of every tenth of the targets", () => {
  const data = TextDataset.fromRows(
    Array.from({ length: 200 }, (_, i) => ({ text: `${i}`, label: (i * 37) % 200 })),
    { problemType: "regression" },
  );
  const { validation } = data.split({ validation: 0.2, seed: 1 });
  const tenths = new Array<number>(10).fill(0);
  for (const target of validation.labels)
    tenths[Math.floor(target / 20)] = (tenths[Math.floor(target / 20)] as number) + 1;
  expect(tenths).toEqual(new Array(10).fill(4));
});
