import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { DatasetOptions, SeparatedOptions } from "../../src/data/options.ts";
import { TextDataset } from "../../src/data/textDataset.ts";

const folder = mkdtempSync(join(tmpdir(), "thaw-options-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (content: string) => {
  writeFileSync(join(folder, "a.csv"), content);
  return join(folder, "a.csv");
};
const csv = (content: string, options?: DatasetOptions & SeparatedOptions) =>
  TextDataset.fromCsv(file(content), options);
const rows = (...labels: unknown[]) => labels.map((label, i) => ({ text: `t${i}`, label }));
const refused = (message: RegExp) =>
  expect.objectContaining({ name: "ThawError", code: "BAD_ARGUMENT", message: expect.stringMatching(message) });

test.each<[string, object, RegExp]>([
  ["lable", { lable: "x" }, /There is no option of fromCsv "lable"\. Did you mean label\?/],
  ["text_pair", { text_pair: "x" }, /"text_pair"\. Write textPair\./],
  ["sep", { sep: ";" }, /Here it is delimiter\./],
  [
    "header",
    { header: null },
    /Here it is columns: \["text", "label"\], for a file whose first line is not its header\./,
  ],
  ["text_column", { text_column: "x" }, /Here it is text\./],
  ["labelColumn", { labelColumn: "x" }, /Here it is label\./],
  ["target", { target: "x" }, /Here it is label\./],
  ["sentence2_key", { sentence2_key: "x" }, /Here it is textPair\./],
  ["class_names", { class_names: ["a", "b"] }, /Here it is labels\./],
  ["id2label", { id2label: { 0: "a" } }, /Here it is labels\./],
  ["quotechar", { quotechar: '"' }, /Here it is quote\./],
  ["charset", { charset: "latin1" }, /Here it is encoding\./],
  ["usecols", { usecols: ["x"] }, /Here it is text and label, which name the columns that are read\./],
  ["compression", { compression: "gzip" }, /Here it is not needed: gzip is found out from the file\./],
  ["multi_label", { multi_label: true }, /Here it is problemType\./],
])("%s is answered with what it is called here", async (_, options, message) => {
  await expect(csv("text,label\na,x\nb,y\n", options as never)).rejects.toThrow(refused(message));
});

test("options of another format are refused, not swallowed", async () => {
  await expect(TextDataset.fromJsonl(file('{"text":"a","label":0}\n'), { delimiter: ";" } as never)).rejects.toThrow(
    refused(/no option of fromJsonl "delimiter"/),
  );
  expect(() => TextDataset.fromRows(rows(0, 1), { encoding: "utf-8" } as never)).toThrow(
    refused(/fromRows "encoding"/),
  );
});

test("options are checked before a file is looked for", async () => {
  await expect(TextDataset.fromCsv("/none.csv", { sep: ";" } as never)).rejects.toThrow(refused(/delimiter/));
});

const named = rows("pos", "neg");
test.each<[string, object, RegExp, DatasetOptions]>([
  [
    "label: null",
    { label: null },
    /label is null; it is the name of a column.*without labels, .* label: false/,
    { label: false },
  ],
  ["label: []", { label: [] }, /label is \[\]; it is the name/, { label: "label" }],
  ["label: true", { label: true }, /label is true; it is the name/, { label: "label" }],
  ["text: 0", { text: 0 }, /text is 0; it is the name of a column, a list of names, or a function/, { text: "text" }],
  ["labels: { neg: 0 }", { labels: { pos: 1, neg: 0 } }, /labels: \["neg","pos"\]\./, { labels: ["neg", "pos"] }],
  ["labels: { 0: neg }", { labels: { 0: "neg", 1: "pos" } }, /labels: \["neg","pos"\]\./, { labels: ["neg", "pos"] }],
  ["labels: 2", { labels: 2 }, /labels is 2; .*labels: \["negative","positive"\]/, { labels: ["neg", "pos"] }],
  ["labels as one text", { labels: "neg,pos" }, /labels is "neg,pos"; it is a list/, { labels: ["neg", "pos"] }],
  ["labels as numbers", { labels: [1, 2] }, /a list of names: labels: \["1","2"\]/, { labels: ["neg", "pos"] }],
  ["labelSeparator: true", { labelSeparator: true }, /a text such as "\|"/, { labelSeparator: "|" }],
  ["labels without a label", { label: false, labels: ["a", "b"] }, /Leave out one or the other/, { label: false }],
  ["one column for two things", { textPair: "text" }, /column "text" is taken for two things/, {}],
])("the option %s is refused with advice that works", (_, options, message, followed) => {
  expect(() => TextDataset.fromRows(named, options as never)).toThrow(refused(message));
  expect(TextDataset.fromRows(named, followed).length).toBe(2);
});

test.each<[string, object, RegExp, SeparatedOptions]>([
  [
    "columns as one text",
    { columns: "text,label" },
    /columns is "text,label"; it is a list of names: columns: \["text","label"\]/,
    { columns: ["text", "label"] },
  ],
  ["a character that quotes", { quote: "'" }, /quote is "'"; it is true or false/, { quote: true }],
  ["an empty delimiter", { delimiter: "" }, /a text such as ";"/, { delimiter: "," }],
  ["a line end that separates", { delimiter: "\n" }, /a character such as ";"/, { delimiter: "," }],
])("%s is refused with advice that works", async (_, options, message, followed) => {
  const content = `${"columns" in followed ? "" : "text,label\n"}a,x\nb,y\n`;
  await expect(csv(content, options as never)).rejects.toThrow(refused(message));
  expect((await csv(content, followed)).texts).toEqual(["a", "b"]);
});

test("a path that is none is refused with what it should be", async () => {
  for (const [path, message] of [
    [Promise.resolve("a.csv"), /is a promise\. Put await/],
    [new URL("file:///a.csv"), /is a URL\. Write fileURLToPath\(url\)/],
    ["https://example.org/a.csv", /is the address .*Download the file first/],
    ["", /is empty/],
    [undefined, /of type undefined/],
    ["~/a.csv", /not with "~": use homedir\(\)/],
  ] as const) {
    await expect(TextDataset.fromCsv(path as never)).rejects.toThrow(message);
  }
});
