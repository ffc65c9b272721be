import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DatasetOptions, SeparatedOptions } from "../../src/data/options.ts";
import { TextDataset } from "../../src/data/textDataset.ts";
import { displaySymbol } from "../../src/display/bundle.ts";
import { sampleData } from "../../src/hub/sampleData.ts";

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
test.each<[string, () => unknown, RegExp]>([
  ["no file", () => TextDataset.fromCsv(join(folder, "none.csv")), /Cannot read \/.*none\.csv: it does not exist/],
  ["a folder", () => TextDataset.fromCsv(folder), /Cannot read/],
  ["an empty file", () => csv(""), /no rows/],
  ["a header alone", () => csv("text,label\n"), /no rows/],
  ["no text column", () => csv("review,label\na,b\n"), /no column "text". Columns found: "review", "label"/],
  ["no label column", () => csv("text,stars\na,b\n"), /no column "label". Columns found: "text", "stars"/],
  ["a column name of Object.prototype", () => csv("text,label\na,b\n", { text: "toString" }), /no column "toString"/],
  ["a row too short", () => csv("text,label\na,b\nc\n"), /line 3 has 1 field, but the header has 2 \(text, label\)/],
  ["a row too long", () => csv("text,label\na,b\nc,d,e\n"), /line 3 has 3 fields.*quotation marks: "c,d"/],
  ["an open quote", () => csv('text,label\n"a,b\n'), /quotation mark .* line 2 is never closed.*quote: false/],
  ["an empty text", () => csv("text,label\na,x\n  ,y\n"), /text in row 2 \(column "text"\) is empty/],
  ["an empty label", () => csv("text,label\na,x\nb,\n"), /row 2 has no label/],
  ["a text that is null", () => TextDataset.fromRows([{ text: null, label: "a" }]), /row 1 .* is null/],
  ["a text that is a number", () => TextDataset.fromRows([{ text: 3, label: "a" }]), /row 1 .* type number/],
  ["a label that is null", () => TextDataset.fromRows(rows("a", null)), /row 2 has no label/],
  ["a label that is NaN", () => TextDataset.fromRows(rows(0, Number.NaN)), /row 2 has the label NaN/],
  [
    "a label that says NaN",
    () => csv("text,label\na,x\nb,NaN\n"),
    /row 2 has the label "NaN", which stands for a missing/,
  ],
  ["a label with a fraction", () => TextDataset.fromRows(rows(0, 0.5)), /the label 0.5, which is no whole number/],
  [
    "a label that is a list, of one label",
    () => TextDataset.fromRows(rows(["a"]), { problemType: "single_label_classification" }),
    /row 1 has a list of labels \(.*"multi_label_classification"\)/,
  ],
  ["a label that is an object", () => TextDataset.fromRows(rows({})), /of type object/],
  ["a negative label", () => TextDataset.fromRows(rows(1, -1)), /row 2 has the label -1, outside the range.*positive/],
  [
    "a rating in a CSV file, which would be a name",
    () => csv("text,label\na,3.0\nb,4.5\n"),
    /row 2 has the label 4.5.*"regression"\)\. If these are names.*labels: \[\.\.\.\]/,
  ],
  [
    "a row without what the others have",
    () => TextDataset.fromRows([{ text: "a", label: "x" }, { text: "b" }]),
    /row 2 has no "label", which row 1 has/,
  ],
  ["an id for a label", () => TextDataset.fromRows(rows(1, 123456)), /row 2 has the label 123456, outside/],
  [
    "labels with a gap",
    () => TextDataset.fromRows(rows(1, 2, 5)),
    /labels are 1, 2, 5, without 0, 3, 4\. Are they names/,
  ],
  [
    "a label out of range",
    () => TextDataset.fromRows(rows(0, 2), { labels: ["a", "b"] }),
    /row 2 has the label "2".* 0 to 1/,
  ],
  ["an unknown name", () => TextDataset.fromRows(rows("a", "c"), { labels: ["a", "b"] }), /"c".*neither one of a, b/],
  ["one name for two labels", () => TextDataset.fromRows(rows("a"), { labels: ["a", "a"] }), /each once/],
  ["one label only", () => TextDataset.fromRows(rows("a", "a")), /all 2 rows have the label "a"/],
  ["no rows", () => TextDataset.fromRows([]), /no rows/],
  [
    "a label function that leaves out all",
    () => TextDataset.fromRows(rows(1), { label: () => undefined }),
    /left out all 1/,
  ],
  ["a row that is null", () => TextDataset.fromRows([null as never]), /row 1 is not an object/],
  [
    "a broken JSON line",
    () => TextDataset.fromJsonl(file('{"text":"a","label":1}\n{"text":\n')),
    /Line 2 .* not valid JSON/,
  ],
  ["a JSON line with a list", () => TextDataset.fromJsonl(file("[1]\n")), /Line 1 .* not a JSON object/],
  ["a wrong encoding by name", () => csv(Uint8Array.of(0xff), { encoding: "utf-8" }), /UTF-8 but for bytes in line 1/],
])("%s is refused", async (_, read, message) => {
  await expect((async () => read())()).rejects.toThrow(message);
  await expect((async () => read())()).rejects.toMatchObject({
    code: expect.stringMatching(/^(BAD_DATA|MISSING_FILE)$/),
  });
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
