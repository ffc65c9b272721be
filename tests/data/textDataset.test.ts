import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { displaySymbol } from "../../shared/mimeBundle.ts";
import type { DatasetOptions, SeparatedOptions } from "../../src/data/options.ts";
import { TextDataset } from "../../src/data/textDataset.ts";
import { sampleData } from "../../src/hub/thawFolder.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "thaw-data-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: string | Uint8Array, name = "reviews.csv"): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}
const csv = (content: string | Uint8Array, options?: DatasetOptions & SeparatedOptions) =>
  TextDataset.fromCsv(file(content), options);

test("a CSV with a header, quotes, a byte order mark and CRLF is read", async () => {
  const data = await csv('\ufefftext,label\r\n"Good, very ""good""",pos\r\n"two\nlines",neg\r\n\r\nBad,neg\r\n');
  expect(data.texts).toEqual(['Good, very "good"', "two\nlines", "Bad"]);
  expect([...data.labels]).toEqual([1, 0, 0]);
  expect(data.labelNames).toEqual(["neg", "pos"]);
  expect(data.length).toBe(3);
  expect(data.name).toBe("reviews.csv");
  expect(data.labelCounts()).toEqual({ neg: 2, pos: 1 });
});

test("other columns, no header, no quoting and a label function that leaves rows out", async () => {
  const path = file('1\t2.5\tA "loose quote\n2\t0.1\tmeh\n3\t-3\tawful\n', "reviews.tsv");
  const data = await TextDataset.fromTsv(path, {
    columns: ["id", "rating", "review"],
    quote: false,
    text: "review",
    label: ({ rating }) => (Math.abs(Number(rating)) <= 0.5 ? undefined : Number(rating) > 0 ? "positive" : "negative"),
    labels: ["negative", "positive"],
    name: "my reviews",
  });
  expect(data.texts).toEqual(['A "loose quote', "awful"]);
  expect([...data.labels]).toEqual([1, 0]);
  expect(data.name).toBe("my reviews");
});

test("JSON lines and rows give the same data as a CSV", async () => {
  const rows = [
    { text: "a", label: "x" },
    { text: "b", label: "y" },
  ];
  const lines = await TextDataset.fromJsonl(
    file(`${rows.map((row) => JSON.stringify(row)).join("\n")}\n\n`, "a.jsonl"),
  );
  const separated = await csv("text,label\na,x\nb,y\n");
  expect(lines.sha256).toBe(separated.sha256);
  expect(TextDataset.fromRows(rows).sha256).toBe(separated.sha256);
});

test("whole numbers from 0 on are label indices, however they are written; names may be given for them", () => {
  const rows = (labels: readonly unknown[]) => labels.map((label, i) => ({ text: `t${i}`, label }));
  for (const labels of [
    [0, 2, 1],
    ["0", "2", "1"],
    ["0.0", "2.0", "1"],
    ["0", " 2", "01"],
  ]) {
    const data = TextDataset.fromRows(rows(labels));
    expect([...data.labels]).toEqual([0, 2, 1]);
    expect(data.labelNames).toEqual(["0", "1", "2"]);
  }
  const named = TextDataset.fromRows(rows([1, 0, "good"]), { labels: ["bad", "good"] });
  expect([...named.labels]).toEqual([1, 0, 1]);
});

const rows = (...labels: unknown[]) => labels.map((label, i) => ({ text: `t${i}`, label }));

test("a text comes from a function, or from several columns joined by a space, without those that are empty", async () => {
  const content = "title,body,label\nFine,All good.,pos\n,Only this.,neg\nOnly that, ,pos\n";
  const joined = await csv(content, { text: ["title", "body"] });
  expect(joined.texts).toEqual(["Fine All good.", "Only this.", "Only that"]);
  const made = await csv(content, {
    text: (row) => (row.body === " " ? undefined : `${row.title}: ${row.body}`),
  });
  expect(made.texts).toEqual(["Fine: All good.", ": Only this."]);
  const parts = [
    { title: "a", body: null, label: 0 },
    { body: "b", label: 1 },
  ];
  expect(TextDataset.fromRows(parts, { text: ["title", "body"] }).texts).toEqual(["a", "b"]);
  const pairs = await csv(content, { text: ["body", "title"], textPair: (row) => `is ${row.label}` });
  expect(pairs.textPairs).toEqual(["is pos", "is neg", "is pos"]);
});

test("columns are read as rows are, also typed arrays; what is neither is refused with advice that works", () => {
  const columns = TextDataset.fromRows({ text: ["t0", "t1"], label: Int8Array.of(1, 0) });
  expect(columns.sha256).toBe(TextDataset.fromRows(rows(1, 0)).sha256);
  const set = new Set(rows(1, 0));
  expect(() => TextDataset.fromRows(set as never)).toThrow(/can become one: TextDataset\.fromRows\(\[\.\.\.rows\]\)/);
  expect(TextDataset.fromRows([...set]).length).toBe(2);
  for (const [given, message] of [
    [undefined, /the rows are undefined; give a list/],
    ["reviews.csv", /the rows are a text; .*TextDataset\.fromCsv/],
    [Promise.resolve(rows(1, 0)), /put await before what made it/],
    [{}, /the rows are an object; .*one list for each column/],
    [7, /the rows are of type number/],
  ] as const) {
    expect(() => TextDataset.fromRows(given as never)).toThrow(message);
  }
});

test("examples without labels are read for predict; they have no label names and say so", async () => {
  const data = await csv("id,text\n1,a\n2,b\n", { label: false });
  expect([data.isLabelled, data.labelNames, data.labels, data.labelCounts()]).toEqual([false, [], [], {}]);
  expect(data.at(1)).toEqual({ text: "b", row: 2 });
  expect(String(data)).toMatch(/reviews\.csv: 2 examples; without labels; characters/);
  expect(TextDataset.fromRows(rows(0, 1)).isLabelled).toBe(true);
});

test("single examples are taken by place and one after the other, with their labels by name and their rows", async () => {
  const data = await csv("text,label\na,x\n,\nb,y\n");
  expect([data.at(0), data.at(-1), data.at(2)]).toEqual([
    { text: "a", label: "x", row: 1 },
    { text: "b", label: "y", row: 3 },
    undefined,
  ]);
  expect(Array.from(data, ({ text }) => text)).toEqual(["a", "b"]);
  expect(TextDataset.fromRows([...data], { labels: data.labelNames }).sha256).toBe(data.sha256);
  const sets = TextDataset.fromRows(rows(["x", "y"], []));
  expect([sets.at(0)?.label, sets.at(1)?.label]).toEqual([["x", "y"], []]);
  const numbers = TextDataset.fromRows(rows([1, 2], [3, 4]), { problemType: "regression" });
  expect(numbers.at(1)?.label).toEqual([3, 4]);
});

test("a data set cannot be changed, neither by itself nor through what it was made of", () => {
  const content = { name: "n", texts: ["a", "b"], labels: Int32Array.of(0, 1), labelNames: ["x", "y"] };
  const data = new TextDataset(content);
  const before = data.sha256;
  content.labels[0] = 1;
  content.texts[0] = "changed";
  content.labelNames.pop();
  const open = data as unknown as { labels: number[]; texts: string[]; labelNames: string[]; name: string };
  for (const change of [
    () => open.labels.fill(1),
    () => open.texts.push("c"),
    () => open.labelNames.reverse(),
    () => Object.assign(open, { name: "other" }),
    () => Object.assign(open, { labels: [1, 1] }),
    () => Object.assign(open, { texts: ["c", "d"] }),
  ]) {
    expect(change).toThrow(TypeError);
  }
  data.batchLabels()[0] = 1;
  expect([data.sha256, [...data.labels], data.batchLabels()]).toEqual([before, [0, 1], Int32Array.of(0, 1)]);
});

test.each<[string, object, RegExp]>([
  ["a label too few", { labels: [0] }, /1 labels for 2 texts and 2 names of labels, which need 2/],
  ["a label beyond its names", { labels: [0, 2] }, /label 2 in row 2 is no index from 0 to 1/],
  ["a label that is no whole number", { labels: [0, 0.5] }, /label 0\.5 in row 2 is no index/],
  ["a second text too few", { textPairs: ["c"] }, /1 second texts for 2 texts/],
  ["labels without names", { labelNames: [] }, /2 labels for 2 texts and 0 names of labels, which need 0/],
])("content with %s is refused by the constructor", (_, change, message) => {
  const content = { name: "n", texts: ["a", "b"], labels: [0, 1], labelNames: ["x", "y"] };
  expect(() => new TextDataset({ ...content, ...change })).toThrow(message);
});

test("numbers with a point are whole where nothing stands behind it, or named", async () => {
  expect((await csv("text,label\na,0.0\nb,1.0\n")).labelNames).toEqual(["0", "1"]);
  expect([...(await csv("text,label\na,1.5\n", { labels: ["1.0", "1.5"] })).labels]).toEqual([1]);
});

test("bytes that are no UTF-8 are read as Windows-1252, which the summary says", async () => {
  const data = await csv(Buffer.from("text,label\ncaf\xe9,a\n\x93b\x94,b\n", "latin1"));
  expect(data.texts).toEqual(["café", "“b”"]);
  expect(String(data)).toMatch(/The file is not UTF-8 and was read as Windows-1252/);
});

const many = TextDataset.fromRows(
  Array.from({ length: 1000 }, (_, i) => ({
    text: `text ${i}`,
    label: i % 10 === 0 ? "rare" : i % 2 === 0 ? "a" : "b",
  })),
);

test("a split is disjoint, complete, stratified and seeded", () => {
  const { train, validation, test: testPart } = many.split({ validation: 0.2, test: 100, seed: 3 });
  expect([train.length, validation.length, testPart.length]).toEqual([700, 200, 100]);
  expect(new Set([...train.texts, ...validation.texts, ...testPart.texts]).size).toBe(1000);
  expect(validation.labelCounts()).toEqual({ a: 80, b: 100, rare: 20 });
  expect(testPart.labelCounts()).toEqual({ a: 40, b: 50, rare: 10 });
  expect(train.labelNames).toEqual(many.labelNames);
  train.texts.forEach((text, row) => {
    expect(train.labels[row]).toBe(many.labels[Number(text.slice(5))]);
  });
  expect(many.split({ validation: 0.2, test: 100, seed: 3 }).train.sha256).toBe(train.sha256);
  expect(many.split({ validation: 0.2, test: 100, seed: 4 }).train.sha256).not.toBe(train.sha256);
});

test("validation and test stay the same however many rows train", () => {
  const small = many.split({ train: 50, validation: 100, test: 100 });
  const large = many.split({ train: 800, validation: 100, test: 100 });
  expect(small.train.length).toBe(50);
  expect(small.validation.sha256).toBe(large.validation.sha256);
  expect(small.test.sha256).toBe(large.test.sha256);
});

test("take keeps the shares and its seed", () => {
  expect(many.take(30, { seed: 1 }).labelCounts()).toEqual({ a: 12, b: 15, rare: 3 });
  expect(many.take(31).length).toBe(31);
  expect(many.take(30, { seed: 1 }).sha256).toBe(many.take(30, { seed: 1 }).sha256);
  expect(many.take(1000).sha256).toBe(many.sha256);
});

test.each([
  [{ validation: 2000 }, /2000.* but there are 1000/],
  [{ train: 900, validation: 200 }, /ask for 1100 examples, but there are 1000/],
  [{ train: 0.9, validation: 0.2 }, /ask for 110.0% of the examples \(train 0.9, validation 0.2\)/],
  [{ validation: -0.1 }, /size of validation must be a fraction/],
  [{ test: 1.5 }, /size of test must be/],
  [{ train: Number.NaN }, /size of train must be/],
])("the split %j is refused", (options, message) => {
  expect(() => many.split(options)).toThrow(message);
});

test("the display shows counts and lengths and not one text", async () => {
  const data = TextDataset.fromRows([...rows("<b>x</b>", "y"), { text: "t0", label: "y" }], { name: "n" });
  const bundle = await data[displaySymbol]();
  const shown = JSON.stringify(bundle) + String(data);
  expect(inspect(data)).toBe(String(data)); // Node's own inspection would print the texts
  expect(String(data)).toMatch(/n: 3 examples; characters median 2, .*longest 2\n/);
  expect(shown).not.toMatch(/t0|t1/);
  expect(bundle["text/html"]).not.toContain("<b>x");
});

test("the sample reviews are those of the published file", async () => {
  const data = await TextDataset.fromTsv(sampleData("movie-reviews"), {
    columns: ["id", "rating", "text"],
    quote: false,
    label: ({ rating }) => (Math.abs(Number(rating)) <= 0.5 ? undefined : Number(rating) > 0 ? "positive" : "negative"),
  });
  expect(data.labelCounts()).toEqual({ negative: 5061, positive: 4982 });
  expect(data.sha256.slice(0, 16)).toBe("e4dce093ce8ace55");
  for (const name of ["tweets", "amazon-reviews", "editorials"] as const) {
    const path = sampleData(name);
    const other = await TextDataset.fromTsv(path, {
      columns: ["id", "rating", "text"],
      quote: false,
      label: ({ rating }) => (Number(rating) > 0 ? 1 : 0),
    });
    expect(other.length).toBeGreaterThan(3700);
  }
});
