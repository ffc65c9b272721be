/** Files that pandas and pyarrow have written, read as they read them. */
import { expect, test } from "vitest";
import type { Example } from "../../src/data/examples.ts";
import type { DatasetOptions } from "../../src/data/options.ts";
import { TextDataset } from "../../src/data/textDataset.ts";
import { golden, goldenPath } from "../golden/read.ts";

interface WrittenFile {
  readonly name: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}
const { files } = golden<{ files: WrittenFile[] }>("data_files.json");

async function read(name: string, options: DatasetOptions = {}): Promise<TextDataset> {
  const path = goldenPath(`data/${name}`);
  if (name.endsWith(".parquet")) return TextDataset.fromParquet(path, options);
  if (name.endsWith(".jsonl")) return TextDataset.fromJsonl(path, options);
  if (name.endsWith(".json")) return TextDataset.fromJson(path, options);
  return name.endsWith(".tsv") ? TextDataset.fromTsv(path, options) : TextDataset.fromCsv(path, options);
}
const rowsOf = (name: string) => files.find((file) => file.name === name)?.rows ?? [];

/** A label as text, a set of labels as the sorted list of them. */
const plain = (label: unknown): unknown => (Array.isArray(label) ? label.map(String).sort() : String(label));
const shown = (data: Iterable<Example>) => [...data].map(({ text, label }) => [text, plain(label)]);
const namesOf = (hot: unknown) => (hot as number[]).flatMap((on, i) => (on === 1 ? [String(i)] : []));

/** Columns that are read in a way of their own, or not at all. */
const special = /by-index|split|table|nulls|class-label|multi-hot|byte-stream/;
const usual = files.filter(({ name }) => !special.test(name));

test.each(usual)("$name has the texts and labels that its writer reads", async ({ name, rows }) => {
  const data = await read(name);
  expect(shown(data)).toEqual(rows.map(({ text, label }) => [text, plain(label)]));
});

test("every codec of Parquet, both versions of its pages and several row groups are among them", () => {
  const names = usual.map(({ name }) => name).join();
  for (const part of ["none", "snappy", "gzip", "brotli", "zstd", "lz4", "pages-2", "row-groups", "types", "lists"]) {
    expect(names).toContain(part);
  }
});

test("labels of every type of Parquet are read: names in a dictionary, doubles, booleans, bytes", async () => {
  const of = async (label: string, options: DatasetOptions = {}) => {
    const data = await read("types.parquet", { label, ...options });
    return [data.labelNames, [...data.labels]];
  };
  const rows = rowsOf("types.parquet");
  const numbers = rows.map((row) => row.unsigned as number);
  expect(await of("label")).toEqual([["neg", "pos"], rows.map((row) => (row.label === "pos" ? 1 : 0))]);
  expect(await of("double")).toEqual([["0", "1"], numbers]);
  expect(await of("unsigned")).toEqual([["0", "1"], numbers]);
  expect(await of("flag")).toEqual([["false", "true"], numbers]);
  expect(await of("score", { problemType: "regression" })).toEqual([["score"], rows.map((row) => row.score)]);
  expect((await read("byte-stream.parquet", { problemType: "regression" })).labels[3]).toBe(1.5);
});

test.each(["multi-hot.csv", "multi-hot-numpy.csv"])("%s: cells of 0 and 1 are one for each label", async (name) => {
  const data = await read(name);
  expect(data.problemType).toBe("multi_label_classification");
  expect(shown(data)).toEqual(rowsOf(name).map(({ text, label }) => [text, namesOf(label)]));
  const named = await read(name, { labels: ["joy", "anger", "fear"] });
  expect(named.at(0)?.label).toEqual(["joy"]);
});

test.each(["hot", "floats"])("lists of 0 and 1 in Parquet, the column %s, are one for each label", async (label) => {
  const data = await read("lists.parquet", { label });
  expect(data.labelNames).toEqual(["0", "1", "2"]);
  expect([...data.labels]).toEqual(rowsOf("lists.parquet").flatMap((row) => row[label] as number[]));
});

test("a row without a label is refused by its number, and can be left out as the message says", async () => {
  type AnyRow = Readonly<Record<string, unknown>>;
  const refused = (options: DatasetOptions) => expect(read("nulls.parquet", options)).rejects;
  await refused({}).toThrow(
    /text in row 4 \(column "text"\) is null\..*text: \(row\) => \(row\.text == null \? undefined : row\.text\)/,
  );
  const text = (row: AnyRow) => (row.text == null ? undefined : row.text);
  await refused({ text }).toThrow(
    /row 3 has no label\..*label: \(row\) => \(row\.label == null \? undefined : row\.label\)/,
  );
  const label = (row: AnyRow) => (row.label == null ? undefined : row.label);
  const data = await read("nulls.parquet", { label, text });
  expect(Array.from(data, ({ row }) => row)).toEqual([1, 2, 5, 6, 7, 8]);
});

test("names of labels that Hugging Face's datasets has written into a Parquet file are taken, unless others are given", async () => {
  const data = await read("class-label.parquet");
  expect(data.labelNames).toEqual(["negative", "positive"]);
  expect([...data.labels]).toEqual(rowsOf("class-label.parquet").map((row) => row.label));
  expect((await read("class-label.parquet", { labels: ["bad", "good"] })).labelNames).toEqual(["bad", "good"]);
  const sets = await read("class-label-lists.parquet");
  expect([sets.labelNames, sets.at(0)?.label, sets.at(1)?.label]).toEqual([
    ["joy", "trust", "anger"],
    ["joy", "trust"],
    [],
  ]);
});

test("the -1 of a test file without labels is refused with what to write", async () => {
  await expect(read("class-label-test.parquet")).rejects.toThrow(/the label "-1".*read with label: false/);
  const data = await read("class-label-test.parquet", { label: false });
  expect([data.length, data.isLabelled, data.labelNames, data.labels]).toEqual([8, false, [], []]);
});

test("objects that pandas writes in place of rows are refused with the call that writes rows", async () => {
  for (const name of ["by-index.json", "split.json"]) {
    await expect(read(name)).rejects.toThrow(/frame\.to_json\("data\.json", orient="records"\)/);
  }
  await expect(read("table.json")).rejects.toThrow(/rows seem to stand in "data"\. Write TextDataset\.fromRows\(JSON/);
  expect(shown(await read("records.json"))).toEqual(rowsOf("split.json").map(({ text, label }) => [text, label]));
});

test("what was guessed about a file is said, and nothing where nothing was", async () => {
  expect((await read("semicolon.csv")).notes).toEqual(['Fields are separated by ";", as the first lines show.']);
  expect((await read("cp1252.csv")).notes).toEqual([expect.stringMatching(/^The file is not UTF-8/)]);
  expect((await read("floats.csv")).notes).toEqual([
    expect.stringMatching(/^Labels are read .*"0\.0" as "0".*\(rows 1, 2, 3 and 5 more\)/),
  ]);
  for (const name of [
    "crlf.csv",
    "utf-16.csv",
    "utf-8-sig.csv",
    "packed.csv.gz",
    "lines.jsonl",
    "codec-zstd.parquet",
  ]) {
    expect([name, (await read(name)).notes]).toEqual([name, []]);
  }
});
