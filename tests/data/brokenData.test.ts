/**
 * Data sets that cannot be learnt from are refused before a step is taken: each with the row or line at fault, and with
 * what to do; done so, the data set is taken.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { DatasetOptions, SeparatedOptions } from "../../src/data/options.ts";
import type { Row } from "../../src/data/rows.ts";
import { TextDataset } from "../../src/data/textDataset.ts";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { goldenPath } from "../golden/read.ts";
import { letters, tinyTrainer } from "../train/tiny.ts";

const folder = mkdtempSync(join(tmpdir(), "thaw-broken-"));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, "folder"));

const file = (content: string | Uint8Array, name = "reviews.csv") => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const csv = (content: string | Uint8Array, options?: DatasetOptions & SeparatedOptions) =>
  TextDataset.fromCsv(file(content), options);
const jsonl = (content: string, options?: DatasetOptions) => TextDataset.fromJsonl(file(content, "a.jsonl"), options);
const of = (rows: readonly Row[], options?: DatasetOptions) => TextDataset.fromRows(rows, options);
const labels = (...given: unknown[]) => given.map((label, i) => ({ text: `t${i}`, label }));
const regression = { problemType: "regression" } as const;
/** A trainer of a model with the labels early and late. */
const trained = async (trainDataset: TextDataset, evalDataset = letters(8)) => {
  await tinyTrainer({ trainDataset, evalDataset });
  return trainDataset;
};

type Broken = readonly [
  title: string,
  broken: () => TextDataset | Promise<TextDataset>,
  message: RegExp,
  mended: () => TextDataset | Promise<TextDataset>,
];

/** A row or a line is at fault. */
const rowsAtFault: readonly Broken[] = [
  [
    "a row too short",
    () => csv("text,label\na,x\nc\n"),
    /line 3 has 1 field.*Complete the line/,
    () => csv("text,label\na,x\nc,y\n"),
  ],
  [
    "a row too long",
    () => csv("text,label\na,x\nc,d,y\n"),
    /line 3 has 3 fields.*quotation marks: "c,d"/,
    () => csv('text,label\na,x\n"c,d",y\n'),
  ],
  [
    "an open quote",
    () => csv('text,label\nb,y\n"a,x\n'),
    /line 3 is never closed\. Close it/,
    () => csv('text,label\nb,y\n"a",x\n'),
  ],
  [
    "text behind a closing quote",
    () => csv('text,label\nb,y\n"a"a,x\n'),
    /line 3\. Double each mark/,
    () => csv('text,label\nb,y\n"a""a",x\n'),
  ],
  [
    "an empty text",
    () => csv("text,label\na,x\n  ,y\n"),
    /text in row 2 \(column "text"\) is empty\. Correct or remove/,
    () => csv("text,label\na,x\nb,y\n"),
  ],
  [
    "a text that is null",
    () =>
      of([
        { text: "a", label: "x" },
        { text: null, label: "y" },
      ]),
    /row 2 .* is null\. Correct/,
    () =>
      of([
        { text: "a", label: "x" },
        { text: "b", label: "y" },
      ]),
  ],
  [
    "a text that is a number",
    () =>
      of([
        { text: 3, label: "x" },
        { text: 4, label: "y" },
      ]),
    /rows 1 and 2 .* type number.*text: \(row\) => String\(row\.text\)/,
    () =>
      of(
        [
          { text: 3, label: "x" },
          { text: 4, label: "y" },
        ],
        { text: (row) => String(row.text) },
      ),
  ],
  [
    "a text that is a list",
    () =>
      of([
        { text: ["a"], label: "x" },
        { text: "b", label: "y" },
      ]),
    /row 1 .* is a list\. Correct/,
    () => of(labels("x", "y")),
  ],
  [
    "an empty second text",
    () =>
      of(
        [
          { text: "a", b: " ", label: 1 },
          { text: "a", b: "c", label: 0 },
        ],
        { textPair: "b" },
      ),
    /row 1 \(column "b"\) is empty\..*textPair: \(row\) => \(String\(row\.b\)/,
    () =>
      of(
        [
          { text: "a", b: " ", label: 1 },
          { text: "a", b: "c", label: 0 },
          { text: "d", b: "e", label: 1 },
        ],
        { textPair: (row) => (String(row.b).trim() === "" ? undefined : row.b) },
      ),
  ],
  [
    "an empty label",
    () => csv("text,label\na,x\nb,\nc,y\n"),
    /row 2 has no label\..*label: \(row\) => \(String\(row\.label\)\.trim\(\) === "" \? undefined : row\.label\)/,
    () =>
      csv("text,label\na,x\nb,\nc,y\n", { label: (row) => (String(row.label).trim() === "" ? undefined : row.label) }),
  ],
  [
    "a label that is null",
    () => of(labels(0, null, 1)),
    /row 2 has no label\..*\(row\.label == null \? undefined : row\.label\)/,
    () => of(labels(0, null, 1), { label: (row) => (row.label == null ? undefined : row.label) }),
  ],
  [
    "a label that is NaN",
    () => of(labels(0, Number.NaN, 1)),
    /row 2 has the label NaN\..*Number\.isNaN\(row\.label\)/,
    () => of(labels(0, Number.NaN, 1), { label: (row) => (Number.isNaN(row.label) ? undefined : row.label) }),
  ],
  [
    "a label that says NaN",
    () => csv("text,label\na,x\nb,NaN\nc,y\n"),
    /row 2 has the label "NaN", which stands for a missing/,
    () => csv("text,label\na,x\nb,NaN\nc,y\n", { label: (row) => (row.label === "NaN" ? undefined : row.label) }),
  ],
  [
    "a label with a fraction",
    () => of(labels(0, 0.5)),
    /row 2 has the label 0\.5, which is no whole number.*"regression"/,
    () => of(labels(0, 0.5), regression),
  ],
  [
    "a rating in a CSV file, which would be a name",
    () => csv("text,label\na,3.0\nb,4.5\n"),
    /row 2 has the label 4\.5.*"regression"/,
    () => csv("text,label\na,3.0\nb,4.5\n", regression),
  ],
  [
    "a list where there is one label",
    () => of(labels(["a"], ["b"]), { problemType: "single_label_classification" }),
    /rows 1 and 2 have a list of labels \(.*"multi_label_classification"\)/,
    () => of(labels(["a"], ["b"]), { problemType: "multi_label_classification" }),
  ],
  [
    "a label that is an object",
    () => of(labels({ name: "x" }, "y")),
    /row 1 has a label of type object\. Correct/,
    () => of(labels("x", "y")),
  ],
  [
    "a label function that waits",
    () => of(labels("x", "y"), { label: async (row) => row.label }),
    /rows 1 and 2 have a promise for a label/,
    () => of(labels("x", "y"), { label: (row) => row.label }),
  ],
  [
    "a label function that throws",
    () => of(labels("x", null, "y"), { label: (row) => (row.label as string).trim() }),
    /function label ends in an error for row 2: .*return undefined to leave the row out/,
    () => of(labels("x", null, "y"), { label: (row) => (row.label as string | null)?.trim() }),
  ],
  [
    "a negative label",
    () => of(labels(1, -1)),
    /row 2 has the label -1, outside the range.*Turn it into a name/,
    () => of(labels(1, -1), { label: (row) => (Number(row.label) > 0 ? "positive" : "negative") }),
  ],
  [
    "an id for a label",
    () => of(labels(1, 123456)),
    /row 2 has the label 123456, outside/,
    () => of(labels(1, 123456), { label: (row) => (Number(row.label) > 1 ? "new" : "old") }),
  ],
  [
    "labels with a gap",
    () => of(labels(1, 2, 5)),
    /1, 2, 5 \(first in rows 1, 2 and 3\), without 0, 3, 4/,
    () => of(labels(1, 2, 5), { labels: ["1", "2", "5"] }),
  ],
  [
    "a label out of range",
    () => of(labels(0, 2), { labels: ["a", "b"] }),
    /row 2 has the label "2".* 0 to 1/,
    () => of(labels(0, 2), { labels: ["a", "b", "c"] }),
  ],
  [
    "an unknown name",
    () => of(labels("a", "c"), { labels: ["a", "b"] }),
    /row 2 has the label "c".*neither one of a, b/,
    () => of(labels("a", "c"), { labels: ["a", "b", "c"] }),
  ],
  [
    "an unknown name that is nearly one",
    () => of(labels("positive", "Negative"), { labels: ["negative", "positive"] }),
    /row 2 .*Is "negative" meant/,
    () => of(labels("positive", "negative"), { labels: ["negative", "positive"] }),
  ],
  [
    "one label in two spellings",
    () => of(labels("Spam", "ham", "spam")),
    /"Spam" \(row 1\) and "spam" \(row 3\) look like one/,
    () => of(labels("Spam", "ham", "spam"), { label: (row) => String(row.label).toLowerCase() }),
  ],
  [
    "a row without what the others have",
    () => of([...labels("x", "y"), { text: "b" }]),
    /row 3 has no "label", which row 1 has\. Correct or remove/,
    () => of(labels("x", "y")),
  ],
  [
    "a first row without what the others have",
    () => jsonl('{"text":"a"}\n{"text":"b","label":0}\n{"text":"c","label":1}\n'),
    /row 1 has no "label", which row 2 has/,
    () => jsonl('{"text":"b","label":0}\n{"text":"c","label":1}\n'),
  ],
  [
    "a row that is null",
    () => of([null as never, ...labels("x", "y")]),
    /row 1 is not an object but null\. Give each row as/,
    () => of(labels("x", "y")),
  ],
  [
    "a row that is a text",
    () => of(["Good." as never]),
    /row 1 is not an object but a text.*rows\.map\(\(text\) => \(\{ text \}\)\) and label: false/,
    () =>
      of(
        ["Good."].map((text) => ({ text })),
        { label: false },
      ),
  ],
  [
    "a row that is a list",
    () => of([["Good.", "pos"] as never]),
    /row 1 is not an object but a list\. Name its values/,
    () =>
      of(
        [
          ["Good.", "pos"],
          ["Bad.", "neg"],
        ].map(([text, label]) => ({ text, label })),
      ),
  ],
  [
    "a broken JSON line",
    () => jsonl('{"text":"a","label":1}\n{"text":\n'),
    /Line 2 .* not valid JSON: .*Correct the line/,
    () => jsonl('{"text":"a","label":1}\n{"text":"b","label":0}\n'),
  ],
  [
    "a JSON line that is no object",
    () => jsonl('{"text":"a","label":1}\n"b"\n'),
    /Line 2 .* is not a JSON object\. Use/,
    () => jsonl('{"text":"a","label":1}\n{"text":"b","label":0}\n'),
  ],
  [
    "bytes of another encoding",
    () => csv(Buffer.from("text,label\na\xff,x\nb,y\n", "latin1"), { encoding: "utf-8" }),
    /bytes in line 2\. Correct the file there, or .*encoding: "windows-1252"/,
    () => csv(Buffer.from("text,label\na\xff,x\nb,y\n", "latin1"), { encoding: "windows-1252" }),
  ],
  [
    "one label among lists",
    () => of(labels(["x"], "y")),
    /labels in row 2 are "y", which is no list\. Use an array in every row/,
    () => of(labels(["x"], ["y"])),
  ],
  [
    "a label that is not known in a list",
    () => of(labels(["x"], ["a"]), { labels: ["a", "b"] }),
    /row 1 has the label "x".*neither one of a, b/,
    () => of(labels(["b"], ["a"]), { labels: ["a", "b"] }),
  ],
  [
    "a column of 0 and 1 with a 2",
    () =>
      of(
        [
          { text: "a", p: 1 },
          { text: "b", p: 2 },
        ],
        { label: ["p"] },
      ),
    /"p" in row 2 has 2; .*Correct the row/,
    () =>
      of(
        [
          { text: "a", p: 1 },
          { text: "b", p: 0 },
        ],
        { label: ["p"] },
      ),
  ],
  [
    "a column of 0 and 1 with an empty cell",
    () => csv("text,p\na,1\nb,\n", { label: ["p"] }),
    /"p" in row 2 has ""/,
    () => csv("text,p\na,1\nb,0\n", { label: ["p"] }),
  ],
  [
    "a target in words",
    () => of(labels(1, "high"), regression),
    /target in row 2 is "high", which is no number/,
    () => of(labels(1, 2), regression),
  ],
  [
    "an empty target",
    () => of(labels(1, ""), regression),
    /target in row 2 is "", which is no number/,
    () => of(labels(1, 2), regression),
  ],
  [
    "an infinite target",
    () => of(labels(1, 1 / 0), regression),
    /target in row 2 is .* no number/,
    () => of(labels(1, 2), regression),
  ],
  [
    "a target beyond float32",
    () => of(labels(1, 1e39), regression),
    /target in row 2 .*float32/,
    () => of(labels(1, 1e38), regression),
  ],
  [
    "targets of different lengths",
    () => of(labels([1, 2], [1]), regression),
    /row 2 has 1 targets, but there are 2 outputs\. Give every row as many/,
    () => of(labels([1, 2], [1, 3]), regression),
  ],
  [
    "a header among the data",
    () => csv("text,label\na,x\nb,y\n", { columns: ["text", "label"] }),
    /row 1 is the file's header.*Leave columns out/,
    () => csv("text,label\na,x\nb,y\n"),
  ],
  [
    "lists of 0 and 1 of different lengths",
    () => of(labels([0, 1, 0], [1, 0])),
    /row 1 has 3 cells of 0 and 1, but row 2 has 2\. Give every row one cell/,
    () => of(labels([0, 1, 0], [1, 0, 0])),
  ],
  [
    "lists that may be sets of indices or 0 and 1",
    () => of(labels([0, 1], [1, 0])),
    /row 1 has the labels \[0,1\]\. Are these .*write for 0 or 1 label/,
    () => of(labels([0, 1], [1, 0]), { label: (row) => ["a", "b"].filter((_, i) => (row.label as number[])[i] === 1) }),
  ],
  [
    "a list in one cell and a name in another",
    () => csv("text,label\na,['x']\nb,y\n"),
    /lists but for "y" \(row 2\)\. Write a list in every row/,
    () => csv("text,label\na,['x']\nb,['y']\n"),
  ],
  [
    "blanks before a quotation mark",
    () => csv('text,label\n"a", "x"\n'),
    /blanks stand before a quotation mark in line 2, .*Remove the blanks/,
    () => csv('text,label\n"a","x"\n"b","y"\n'),
  ],
  [
    "a text of invisible characters",
    () =>
      of([
        { text: "a", label: "x" },
        { text: "\u200b\u2060", label: "y" },
      ]),
    /text in row 2 \(column "text"\) has no visible character\. Correct or remove the row/,
    () => of(labels("x", "y")),
  ],
  [
    "a label that says None",
    () => csv("text,label\na,x\nb,None\nc,y\n"),
    /row 2 has the label "None".*If that is a label's name, give all names/,
    () => csv("text,label\na,x\nb,None\nc,y\n", { labels: ["x", "None", "y"] }),
  ],
  [
    "the -1 of a row without a label",
    () => of(labels(-1, 1), { labels: ["a", "b"] }),
    /row 1 has the label "-1".*read with label: false/,
    () => of(labels(-1, -1), { label: false }),
  ],
  [
    "numbers with a comma for the point",
    () => csv("text;score\na;4,5\nb;3\n", { label: "score", ...regression }),
    /target in row 1 is "4,5".*label: \(row\) => Number\(String\(row\.score\)\.replace\(",", "\."\)\)/,
    () =>
      csv("text;score\na;4,5\nb;3\n", { label: (row) => Number(String(row.score).replace(",", ".")), ...regression }),
  ],
  [
    "columns of different lengths",
    () => TextDataset.fromRows({ text: ["a", "b"], label: ["x"] }),
    /"text" has 2 values, but "label" has 1\. Give every column one value per row/,
    () => TextDataset.fromRows({ text: ["a", "b"], label: ["x", "y"] }),
  ],
];

/** The whole of the data is at fault, and no row. */
const wholeAtFault: readonly Broken[] = [
  [
    "no file",
    () => TextDataset.fromCsv(join(folder, "reviewz.csv")),
    /Cannot read \/.*reviewz\.csv: it does not exist\. Check the path; there is reviews\.csv/,
    () => TextDataset.fromCsv(file("text,label\na,x\nb,y\n")),
  ],
  [
    "a folder",
    () => TextDataset.fromCsv(join(folder, "folder")),
    /it is a folder\. Name a file in it/,
    () => csv("text,label\na,x\nb,y\n"),
  ],
  ["an empty file", () => csv(""), /no rows\. Give it at least one example/, () => csv("text,label\na,x\nb,y\n")],
  ["a header alone", () => csv("text,label\n"), /no rows\. Give it/, () => csv("text,label\na,x\nb,y\n")],
  ["no rows", () => of([]), /no rows/, () => of(labels("x", "y"))],
  [
    "no text column",
    () => csv("review,label\na,x\nb,y\n"),
    /no column "text"\. Columns found: "review", "label"\. Name yours/,
    () => csv("review,label\na,x\nb,y\n", { text: "review" }),
  ],
  [
    "no label column",
    () => csv("text,stars\na,0\nb,1\n"),
    /no column "label"\. Columns found: "text", "stars"\. Name yours, as in \{ label: "stars" \}/,
    () => csv("text,stars\na,0\nb,1\n", { label: "stars" }),
  ],
  [
    "no label column, nor any labels",
    () => csv("text\na\nb\n"),
    /for rows without labels, to be predicted, write label: false/,
    () => csv("text\na\nb\n", { label: false }),
  ],
  [
    "a column name of Object.prototype",
    () => csv("text,label\na,x\nb,y\n", { text: "toString" }),
    /no column "toString"/,
    () => csv("text,label\na,x\nb,y\n"),
  ],
  [
    "one label only",
    () => of(labels("a", "a")),
    /all 2 rows have the label "a".*give all the names: labels/,
    () => of(labels("a", "a"), { labels: ["a", "b"] }),
  ],
  ["a single row", () => of(labels("a")), /all 1 rows have the label "a"/, () => of(labels("a", "b"))],
  [
    "one name for two labels",
    () => of(labels("a", "b"), { labels: ["a", "a"] }),
    /each once/,
    () => of(labels("a", "b"), { labels: ["a", "b"] }),
  ],
  [
    "sets without any label",
    () => of(labels([], [])),
    /no row has a label\. Give the names/,
    () => of(labels([], []), { labels: ["a"] }),
  ],
  [
    "a label function that leaves out all",
    () => of(labels(0, 1), { label: () => undefined }),
    /left out all 2 rows/,
    () => of(labels(0, 1), { label: (row) => row.label }),
  ],
  [
    "an unknown problem type",
    () => of(labels(0, 1), { problemType: "ranking" as never }),
    /"ranking"; known are/,
    () => of(labels(0, 1), regression),
  ],
  [
    "rows that are none",
    () => TextDataset.fromRows(null as never),
    /the rows are null; give a list of rows/,
    () => of(labels(0, 1)),
  ],
  [
    "content in place of a path",
    () => TextDataset.fromCsv("text,label\na,x\nb,y\n"),
    /a text of several lines\. For content instead of a file use TextDataset\.fromRows/,
    () => of(labels("x", "y")),
  ],
];

/** A trainer refuses them when it is made. */
const trainerAtFault: readonly Broken[] = [
  [
    "training data without labels",
    () => trained(of([{ text: "a b" }], { label: false })),
    /training data has no labels: it was read with label: false.*Read it with the column/,
    () => trained(letters(8)),
  ],
  [
    "validation data without labels",
    () => trained(letters(8), of([{ text: "a b" }], { label: false })),
    /validation data has no labels/,
    () => trained(letters(8)),
  ],
  [
    "an empty part",
    () => trained(letters(8), letters(8).split({ validation: 2 }).test),
    /validation data is empty/,
    () => trained(letters(8), letters(8).split({ test: 2 }).test),
  ],
  [
    "pairs beside single texts",
    () =>
      trained(
        letters(8),
        of(
          Array.from(letters(8), (example) => ({ ...example, other: example.text })),
          { textPair: "other" },
        ),
      ),
    /validation data is pairs, but the training data is single texts\. Read both with textPair/,
    () => trained(letters(8)),
  ],
  [
    "a label more than the model has",
    () => trained(of(labels("early", "late", "never"))),
    /Row 3 of the training data has label 2 \("never"\).*Load it with id2label/,
    async () => {
      const data = of(labels("early", "late", "never"));
      const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny-base"), {
        id2label: data.labelNames,
        seed: 0,
      });
      await tinyTrainer({ model, trainDataset: data, evalDataset: data });
      return data;
    },
  ],
  [
    "1 and 2 beside 0 and 1",
    () => trained(of(labels(0, 1)), of(labels(1, 2), { labels: ["1", "2"] })),
    /Label "2" of the validation data is none of the training data.s \(0, 1\)\. Correct it, or leave its rows out/,
    () => trained(of(labels(0, 1)), of(labels(1, 1), { labels: ["0", "1"] })),
  ],
];

const all = [...rowsAtFault, ...wholeAtFault, ...trainerAtFault];
let refused = 0;

test.each(all)("%s is refused, with what to do, which works", async (_, broken, message, mended) => {
  const error = await (async () => broken())().then(
    (data) => expect.fail(`was taken: ${data}`),
    (cause) => cause,
  );
  expect(error.message).toMatch(message);
  expect(error.name).toBe("ThawError");
  expect(error.code).toMatch(/^(BAD_DATA|MISSING_FILE|BAD_ARGUMENT)$/);
  refused++;
  expect((await mended()).length).toBeGreaterThan(0);
});

test("messages name the row, the line or the column wherever one is at fault", () => {
  for (const [title, , message] of rowsAtFault) {
    expect(message.source, title).toMatch(/\brows? \d|[Ll]ines? \d|\\"Spam\\"|"Spam"|"label" has 1/);
  }
  console.log(
    `broken data sets: ${refused} of ${all.length} refused before the first step, ${rowsAtFault.length} of them with row and fix`,
  );
  expect(rowsAtFault.length).toBeGreaterThanOrEqual(50);
  expect(refused).toBe(all.length);
});
