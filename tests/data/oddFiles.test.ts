/**
 * Files as they come: each is read right, with what was guessed or odd told in the data set's summary, or refused with
 * advice, which is then followed and works.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import type { Example } from "../../src/data/examples.ts";
import type { DatasetOptions, SeparatedOptions } from "../../src/data/options.ts";
import { TextDataset } from "../../src/data/textDataset.ts";
import { goldenPath } from "../golden/read.ts";

const folder = mkdtempSync(join(tmpdir(), "thaw-odd-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

type Options = DatasetOptions & SeparatedOptions;
type Reading = TextDataset | Promise<TextDataset>;
/** A file, and `again`, which writes it anew. */
interface OddFile {
  readonly path: string;
  readonly again: (content: string | Uint8Array) => string;
}
interface Case {
  readonly content: string | Uint8Array;
  readonly read: (path: string) => Reading;
  /** [text, label] of every example: read so, or so when the advice has been followed. */
  readonly want: readonly (readonly [string, Example["label"]])[];
  /** What the summary says of it; nothing where it is absent. */
  readonly told?: RegExp;
  /** The refusal. */
  readonly refused?: RegExp;
  /** Does what the refusal says. */
  readonly followed?: (file: OddFile) => Reading;
}

const csv = (options?: Options) => (path: string) => TextDataset.fromCsv(path, options);
const tsv = (options?: Options) => (path: string) => TextDataset.fromTsv(path, options);
const jsonl = (options?: DatasetOptions) => (path: string) => TextDataset.fromJsonl(path, options);
const json = (options?: DatasetOptions) => (path: string) => TextDataset.fromJson(path, options);
const parquet = (options?: DatasetOptions) => (path: string) => TextDataset.fromParquet(path, options);
const lines = (...rows: unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

const two = [
  ["Good.", "pos"],
  ["Bad.", "neg"],
] as const;
const plain = "text,label\nGood.,pos\nBad.,neg\n";
const plainRows = [
  { text: "Good.", label: "pos" },
  { text: "Bad.", label: "neg" },
];
const many = Array.from({ length: 8 }, (_, i) => [`text ${i}`, i % 2 === 0 ? "pos" : "neg"] as const);
const manyLines = many.map((pair) => `${pair.join()}\n`).join("");
const utf16 = (text: string, swap = false) => {
  const bytes = Buffer.from(text, "utf16le");
  return swap ? bytes.swap16() : bytes;
};
const joyHot = [
  ["a", ["anger"]],
  ["b", ["joy"]],
] as const;
const emotions = ["joy", "anger", "fear"];
const hotRows = lines({ text: "a", labels: [0, 1, 0] }, { text: "b", labels: [1, 0, 0] });

/** Kind: two conventions for lists of labels, and lists written as texts. */
const labelLists: Record<string, Case> = {
  "0 or 1 for each label, with names": {
    content: hotRows,
    read: jsonl({ label: "labels", labels: emotions }),
    want: joyHot,
    told: /read as 0 or 1 for each label/,
  },
  "0 or 1 for each label, without names": {
    content: hotRows,
    read: jsonl({ label: "labels" }),
    want: [
      ["a", ["1"]],
      ["b", ["0"]],
    ],
    told: /read as 0 or 1/,
  },
  "true or false for each label": {
    content: lines({ text: "a", label: [false, true] }, { text: "b", label: [true, false] }),
    read: jsonl({ labels: ["joy", "anger"] }),
    want: joyHot,
    told: /read as 0 or 1/,
  },
  "0.0 or 1.0 for each label, as texts": {
    content: lines({ text: "a", label: ["0.0", "1.0", "0.0"] }, { text: "b", label: ["1.0", "0.0", "0.0"] }),
    read: jsonl({ labels: emotions }),
    want: joyHot,
    told: /read as 0 or 1/,
  },
  "0 or 1 for each label in a cell, as pandas writes a list": {
    content: 'text,label\na,"[0, 1, 0]"\nb,"[1, 0, 0]"\n',
    read: csv({ labels: emotions }),
    want: joyHot,
    told: /read as 0 or 1/,
  },
  "0 or 1 for each label in a cell, separated by blanks": {
    content: "text,label\na,0 1 0\nb,1 0 0\n",
    read: csv({ labels: emotions, labelSeparator: " " }),
    want: joyHot,
    told: /read as 0 or 1/,
  },
  "lists of two cells that may be either, meant as 0 and 1": {
    content: lines({ text: "a", label: [0, 1] }, { text: "b", label: [1, 0] }),
    read: jsonl(),
    refused: /row 1 has the labels \[0,1\]\. Are these 0 or 1 for each label, or the indices.*write for 0 or 1 label:/,
    followed: ({ path }) =>
      jsonl({ label: (row) => ["joy", "anger"].filter((_, i) => Number((row.label as number[])[i]) === 1) })(path),
    want: joyHot,
  },
  "lists of one cell that may be either, meant as indices": {
    content: lines({ text: "a", label: [1] }, { text: "b", label: [0] }),
    read: jsonl({ labels: ["joy", "anger"] }),
    refused: /for indices label: \(row\) => row\.label\.map\(\(i\) => \["joy","anger"\]\[Number\(i\)\]\)\.$/,
    followed: ({ path }) => jsonl({ label: (row) => (row.label as number[]).map((i) => ["joy", "anger"][i]) })(path),
    want: joyHot,
  },
  "0 or 1 for each label, a cell short in one row": {
    content: lines({ text: "a", label: [0, 1, 0] }, { text: "b", label: [1, 0] }),
    read: jsonl({ labels: emotions }),
    refused: /row 1 has 3 cells of 0 and 1, but row 2 has 2\. Give every row one cell for each label/,
    followed: ({ again }) =>
      jsonl({ labels: emotions })(again(lines({ text: "a", label: [0, 1, 0] }, { text: "b", label: [1, 0, 0] }))),
    want: joyHot,
    told: /read as 0 or 1/,
  },
  "0 or 1 for each label, with a name too few": {
    content: hotRows,
    read: jsonl({ label: "labels", labels: ["joy", "anger"] }),
    refused: /row 1 has 3 cells of 0 and 1, but labels gives 2 names \(joy, anger\)\. Give one name for each/,
    followed: ({ path }) => jsonl({ label: "labels", labels: emotions })(path),
    want: joyHot,
    told: /read as 0 or 1/,
  },
  "names in a cell, as Python writes a list": {
    content: `text,label\na,"['joy', ""it's""]"\nb,[]\nc,['joy']\n`,
    read: csv(),
    want: [
      ["a", ["it's", "joy"]],
      ["b", []],
      ["c", ["joy"]],
    ],
  },
  "names in a cell, as JSON, a set, a tuple and NumPy write them": {
    content: `text,label\na,"[""joy"", ""fear""]"\nb,"{'joy'}"\nc,"('fear',)"\nd,['joy' 'fear']\n`,
    read: csv(),
    want: [
      ["a", ["fear", "joy"]],
      ["b", ["joy"]],
      ["c", ["fear"]],
      ["d", ["fear", "joy"]],
    ],
  },
  "a list in one cell and a name in another": {
    content: "text,label\na,['joy']\nb,fear\n",
    read: csv(),
    refused: /labels are lists but for "fear" \(row 2\)\. Write a list in every row/,
    followed: ({ again }) => csv()(again("text,label\na,['joy']\nb,['fear']\n")),
    want: [
      ["a", ["joy"]],
      ["b", ["fear"]],
    ],
  },
  "indices with a gap in lists": {
    content: lines({ text: "a", label: [1] }, { text: "b", label: [2, 4] }),
    read: jsonl(),
    refused:
      /labels are 1, 2, 4 \(first in rows 1 and 2\), without 0, 3\. Are they names, write labels: \["1","2","4"\]/,
    followed: ({ path }) => jsonl({ labels: ["1", "2", "4"] })(path),
    want: [
      ["a", ["1"]],
      ["b", ["2", "4"]],
    ],
  },
  "a label that stands twice in a list": {
    content: lines({ text: "a", label: ["joy", "joy"] }, { text: "b", label: ["fear"] }),
    read: jsonl(),
    want: [
      ["a", ["joy"]],
      ["b", ["fear"]],
    ],
    told: /A label stands twice in the list of row 1/,
  },
  "several names in one cell, unsaid": {
    content: "text,label\na,joy|fear\nb,joy\nc,fear\n",
    read: csv(),
    want: [
      ["a", "joy|fear"],
      ["b", "joy"],
      ["c", "fear"],
    ],
    told: /Labels such as "joy\|fear" \(row 1\) look like several in one\. If they are, write labelSeparator: "\|"/,
  },
  "columns of True and False": {
    content: "text,joy,fear\na,True,False\nb,False,False\nc,1.0,1\n",
    read: csv({ label: ["joy", "fear"] }),
    want: [
      ["a", ["joy"]],
      ["b", []],
      ["c", ["joy", "fear"]],
    ],
  },
  "columns with a name too many": {
    content: "text,joy,fear\na,1,0\nb,0,1\n",
    read: csv({ label: ["joy", "fear"], labels: emotions }),
    refused: /labels gives 3 names \(joy, anger, fear\) for 2 columns.*or leave labels out/,
    followed: ({ path }) => csv({ label: ["joy", "fear"] })(path),
    want: [
      ["a", ["joy"]],
      ["b", ["fear"]],
    ],
  },
};

/** Kind: how a text is written into bytes and lines. */
const encodings: Record<string, Case> = {
  "a header that ends with \\n above rows that end with \\r\\n": {
    content: "text,label\nGood.,pos\r\nBad.,neg\r\nFine.,pos\n",
    read: csv(),
    want: [...two, ["Fine.", "pos"]],
  },
  "lines that end with \\r": { content: plain.replaceAll("\n", "\r"), read: csv(), want: two },
  "lines that end in all three ways, blank ones between": {
    content: "text,label\r\n\r\nGood.,pos\rBad.,neg\n   \n",
    read: csv(),
    want: two,
    told: /Left out, since nothing stands in them: row 3/,
  },
  "JSON lines that end with \\r\\n, with a byte order mark": {
    content: `\ufeff${lines(...plainRows).replaceAll("\n", "\r\n")}`,
    read: jsonl(),
    want: two,
  },
  "UTF-16, little end first, by its mark": { content: utf16(`\ufeff${plain}`), read: csv(), want: two },
  "UTF-16, big end first, by its mark": { content: utf16(`\ufeff${plain}`, true), read: csv(), want: two },
  "UTF-16 without a mark": { content: utf16(plain), read: csv(), want: two },
  "UTF-16 JSON lines": { content: utf16(`\ufeff${lines(...plainRows)}`), read: jsonl(), want: two },
  "UTF-8 with a byte order mark": { content: `\ufeff${plain}`, read: csv(), want: two },
  "Windows-1252": {
    content: Buffer.from("text,label\nsch\xf6n,pos\n\x84na\x93,neg\n", "latin1"),
    read: csv(),
    want: [
      ["schön", "pos"],
      ["„na“", "neg"],
    ],
    told: /not UTF-8 and was read as Windows-1252\. Where letters look wrong, name its encoding/,
  },
  "Windows-1251, as the note on Windows-1252 says": {
    content: Buffer.from("text,label\n\xc4\xe0,pos\n\xcd\xe5\xf2,neg\n", "latin1"),
    read: csv({ encoding: "windows-1251" }),
    want: [
      ["Да", "pos"],
      ["Нет", "neg"],
    ],
  },
  "UTF-8 with one damaged line": {
    content: Buffer.concat([
      Buffer.from("text,label\nschön,pos\ncaf"),
      Buffer.of(0xe9),
      Buffer.from(",neg\nfür,pos\n"),
    ]),
    read: csv(),
    refused: /UTF-8 but for bytes in line 3\. Correct the file there/,
    followed: ({ again }) => csv()(again("text,label\nschön,pos\ncafé,neg\nfür,pos\n")),
    want: [
      ["schön", "pos"],
      ["café", "neg"],
      ["für", "pos"],
    ],
  },
  "an encoding that there is not": {
    content: plain,
    read: csv({ encoding: "utf8mb4" }),
    refused: /There is no encoding "utf8mb4"\. Leave the option out/,
    followed: ({ path }) => csv()(path),
    want: two,
  },
  "letters that an earlier conversion lost or garbled": {
    content: "text,label\ncaf\ufffd,pos\nsÃ£o,neg\nitâ€™s,pos\n",
    read: csv(),
    want: [
      ["caf\ufffd", "pos"],
      ["sÃ£o", "neg"],
      ["itâ€™s", "pos"],
    ],
    told: /Letters were lost .* in row 1\.[\s\S]*read in another encoding before, in rows 2 and 3/,
  },
};

/** Kind: what separates fields and rows. */
const separators: Record<string, Case> = {
  semicolons: { content: plain.replaceAll(",", ";"), read: csv(), want: two, told: /separated by ";", as the first/ },
  "tabs in a .csv": { content: plain.replaceAll(",", "\t"), read: csv(), want: two, told: /separated by a tab/ },
  "vertical bars": { content: plain.replaceAll(",", "|"), read: csv(), want: two, told: /separated by "\|"/ },
  "semicolons, with commas in every text": {
    content: "text;label\nGood, I say.;pos\nBad, very bad.;neg\n",
    read: csv(),
    want: [
      ["Good, I say.", "pos"],
      ["Bad, very bad.", "neg"],
    ],
    told: /separated by ";"/,
  },
  "semicolons and no header": {
    content: "Good.;pos\nBad.;neg\n",
    read: csv({ columns: ["text", "label"] }),
    want: two,
    told: /separated by ";"/,
  },
  "Excel's line that says the separator": {
    content: `sep=;\r\n${plain.replaceAll(",", ";")}`,
    read: csv(),
    want: two,
    told: /separated by ";"/,
  },
  "a separator that nobody guesses": {
    content: plain.replaceAll(",", "::"),
    read: csv(),
    refused: /no column "text"\. Columns found: "text::label"/,
    followed: ({ path }) => csv({ delimiter: "::" })(path),
    want: two,
  },
  "commas in a file that is read as tab-separated": {
    content: plain,
    read: tsv(),
    refused: /The first line is one field: say what separates the fields, delimiter: ","/,
    followed: ({ path }) => tsv({ delimiter: "," })(path),
    want: two,
  },
  "a comma in a text without quotation marks": {
    content: "text,label\nGood, really.,pos\nBad.,neg\n",
    read: csv(),
    refused:
      /line 2 has 3 fields, but the header has 2 \(text, label\).*put the text in quotation marks: "Good, really\."/,
    followed: ({ again }) => csv()(again('text,label\n"Good, really.",pos\nBad.,neg\n')),
    want: [["Good, really.", "pos"], two[1]],
  },
  "a row that ends early": {
    content: "text,label\nGood.,pos\nBad.\n",
    read: csv(),
    refused: /line 3 has 1 field, but the header has 2 \(text, label\)\. Complete the line/,
    followed: ({ again }) => csv()(again(plain)),
    want: two,
  },
  "more fields than the header names": {
    content: "text,label\nGood.,pos,1\nBad.,neg,2\n",
    read: csv(),
    refused: /every line has 3 fields, but the header has 2 \(text, label\)\. Name every column there/,
    followed: ({ again }) => csv()(again("text,label,id\nGood.,pos,1\nBad.,neg,2\n")),
    want: two,
  },
  "separators behind the last field, and rows of nothing but separators": {
    content: "text,label\nGood.,pos,,\nBad.,neg,,\n,\n,,,\n",
    read: csv(),
    want: two,
    told: /Left out, since nothing stands in them: rows 3 and 4/,
  },
  "one column of texts with commas, to be predicted": {
    content: "text\nGood, I say.\nBad, they say.\n",
    read: csv({ label: false }),
    want: [
      ["Good, I say.", undefined],
      ["Bad, they say.", undefined],
    ],
    told: /separated by ";"/,
  },
};

/** Kind: quotation marks. */
const quotes: Record<string, Case> = {
  "marks within a field that does not begin with one": {
    content: 'text,label\nHe said "no" twice,pos\n5" screen,neg\n',
    read: csv(),
    want: [
      ['He said "no" twice', "pos"],
      ['5" screen', "neg"],
    ],
  },
  "a mark that is never closed": {
    content: 'text,label\n"Good.,pos\nBad.,neg\n',
    read: csv(),
    refused: /quotation mark that opens a field in line 2 is never closed\. Close it/,
    followed: ({ again }) => csv()(again('text,label\n"Good.",pos\nBad.,neg\n')),
    want: two,
  },
  "marks that are text": {
    content: 'text,label\n"Good, pos\nBad.,neg\n'.replace("Good, pos", "Good,pos"),
    read: csv(),
    refused: /where no field of the file is quoted, use quote: false/,
    followed: ({ path }) => csv({ quote: false })(path),
    want: [['"Good', "pos"], two[1]],
  },
  "text behind a closing mark": {
    content: 'text,label\n"He said "no"",pos\nBad.,neg\n',
    read: csv(),
    refused: /text follows the closing quotation mark of a field that begins in line 2\. Double each mark/,
    followed: ({ again }) => csv()(again('text,label\n"He said ""no""",pos\nBad.,neg\n')),
    want: [['He said "no"', "pos"], two[1]],
  },
  "blanks before a mark": {
    content: 'text, label\n"Good.", "pos"\n"Bad.", "neg"\n',
    read: csv(),
    refused: /blanks stand before a quotation mark in lines 2 and 3.*Remove the blanks/,
    followed: ({ again }) => csv()(again('text,label\n"Good.","pos"\n"Bad.","neg"\n')),
    want: two,
  },
  "a quoted field that swallows the next lines": {
    content: `text,label\n"text 0,pos\ntext 1,neg\ntext 2",pos\n${manyLines}`,
    read: csv(),
    want: [["text 0,pos\ntext 1,neg\ntext 2", "pos"], ...many],
    told: /A field in row 1 has lines in it that look like rows of their own/,
  },
  "a quoted last field that swallows the next lines": {
    content: `label,text\npos,"one\nneg,two\npos,three"\nneg,four\npos,five\n`,
    read: csv(),
    want: [
      ["one\nneg,two\npos,three", "pos"],
      ["four", "neg"],
      ["five", "pos"],
    ],
    told: /A field in row 1 has lines/,
  },
  "texts of several lines, with commas": {
    content: 'text,label\n"Dear Sir,\nthanks, a lot.\nBye, me",pos\n"Hm,\nwell, no",neg\n',
    read: csv(),
    want: [
      ["Dear Sir,\nthanks, a lot.\nBye, me", "pos"],
      ["Hm,\nwell, no", "neg"],
    ],
  },
  "whole lines in quotation marks": {
    content: '"text,label"\n"Good.,pos"\n"Bad.,neg"\n',
    read: csv(),
    refused: /The first line is one field.*put no quotation marks around whole lines/,
    followed: ({ again }) => csv()(again(plain)),
    want: two,
  },
};

/** Kind: the header. */
const headers: Record<string, Case> = {
  "columns for a file that has the same header": {
    content: plain,
    read: csv({ columns: ["text", "label"] }),
    refused: /row 1 is the file's header \(text, label\).*Leave columns out/,
    followed: ({ path }) => csv()(path),
    want: two,
  },
  "columns for a file that has another header": {
    content: plain.replace("text,label", "Review,Sentiment"),
    read: csv({ columns: ["text", "label"] }),
    refused: /row 1 is the file's header \(Review, Sentiment\).*text: "Review", for example/,
    followed: ({ path }) => csv({ text: "Review", label: "Sentiment" })(path),
    want: two,
  },
  "columns for a file with a header of other words, above numbers": {
    content: "opinion,positive?\na,1\nb,0\nc,1\n",
    read: csv({ columns: ["text", "label"] }),
    want: [
      ["opinion", "positive?"],
      ["a", "1"],
      ["b", "0"],
      ["c", "1"],
    ],
    told: /Row 1 looks like a header/,
  },
  "no header, and no columns": {
    content: "Good.,pos\nBad.,neg\n",
    read: csv(),
    refused: /no column "text"\. Columns found: "Good\.", "pos".*for a file without a header give columns/,
    followed: ({ path }) => csv({ columns: ["text", "label"] })(path),
    want: two,
  },
  "columns too few": {
    content: "1,Good.,pos\n2,Bad.,neg\n",
    read: csv({ columns: ["text", "label"] }),
    refused: /every line has 3 fields, but columns names 2 \(text, label\)\. Name every column/,
    followed: ({ path }) => csv({ columns: ["id", "text", "label"] })(path),
    want: two,
  },
  "names in other letters": {
    content: plain.replace("text,label", "Text,LABEL"),
    read: csv(),
    refused: /no column "text".*Is "Text" meant\?/,
    followed: ({ path }) => csv({ text: "Text", label: "LABEL" })(path),
    want: two,
  },
  "blanks around names": { content: plain.replace("text,label", " text , label"), read: csv(), want: two },
  "a name twice, asked for": {
    content: "text,label,label\nGood.,pos,1\nBad.,neg,0\n",
    read: csv(),
    refused:
      /the header has "label" more than once \(text, label, label\)\. Give the columns of the file different names/,
    followed: ({ again }) => csv()(again("text,label,id\nGood.,pos,1\nBad.,neg,0\n")),
    want: two,
  },
  "a name twice, not asked for": {
    content: "text,x,label,x\nGood.,1,pos,2\nBad.,1,neg,2\n",
    read: csv(),
    want: two,
    told: /has a name more than once; the columns are called text, x, label, x\.1/,
  },
  "an index without a name, as pandas writes it, and a column called __proto__": {
    content: ",__proto__,text,label\n0,x,Good.,pos\n1,y,Bad.,neg\n",
    read: csv(),
    want: two,
  },
};

const labelled = (...labels: string[]) => `text,label\n${labels.map((label, i) => `t${i},${label}\n`).join("")}`;
const withLabels = (...labels: string[]) => labels.map((label, i) => [`t${i}`, label] as const);
/** Kind: classes that nobody meant. */
const classes: Record<string, Case> = {
  "1 and 1.0": {
    content: labelled("1", "0", "1.0", "0.0"),
    read: csv(),
    want: withLabels("1", "0", "1", "0"),
    told: /"1\.0" as "1", "0\.0" as "0" \(rows 3 and 4\)/,
  },
  "01 and +1": {
    content: labelled("01", "0", "+1"),
    read: csv(),
    want: withLabels("1", "0", "1"),
    told: /"01" as "1", "\+1" as "1"/,
  },
  "pos and pos with a blank": {
    content: labelled("pos", "neg", "pos ", " neg", "pos\u00a0"),
    read: csv(),
    want: withLabels("pos", "neg", "pos", "neg", "pos"),
    told: /"pos " as "pos".*\(rows 3, 4 and 5\)/,
  },
  "a label with invisible characters": {
    content: labelled("pos\u200b", "neg", "\ufeffpos"),
    read: csv(),
    want: withLabels("pos", "neg", "pos"),
    told: /as "pos".*\(rows 1 and 3\)/,
  },
  "an accent in two forms": {
    content: labelled("caf\u00e9", "bar", "cafe\u0301"),
    read: csv(),
    want: withLabels("café", "bar", "café"),
    told: /as "café" \(row 3\)/,
  },
  "labels that differ in case": {
    content: labelled("pos", "neg", "Pos"),
    read: csv(),
    refused:
      /"pos" \(row 1\) and "Pos" \(row 3\) look like one label.*label: \(row\) => String\(row\.label\)\.toLowerCase\(\)/,
    followed: ({ path }) => csv({ label: (row) => String(row.label).toLowerCase() })(path),
    want: withLabels("pos", "neg", "pos"),
  },
  "labels that differ in case, and are two": {
    content: labelled("US", "us", "neg"),
    read: csv(),
    refused: /if they are two labels, give all names: labels: \["US","neg","us"\]/,
    followed: ({ path }) => csv({ labels: ["US", "neg", "us"] })(path),
    want: withLabels("US", "us", "neg"),
  },
  "labels that differ in what joins their words": {
    content: labelled("not_spam", "spam", "not spam"),
    read: csv(),
    refused: /"not_spam" \(row 1\) and "not spam" \(row 3\) look like one label/,
    followed: ({ again }) => csv()(again(labelled("not spam", "spam", "not spam"))),
    want: withLabels("not spam", "spam", "not spam"),
  },
  ...Object.fromEntries(
    ["nan", "None", "NULL", "NA", "<NA>", "n/a"].map((missing) => [
      `the label ${missing}`,
      {
        content: labelled("pos", missing, "neg"),
        read: csv(),
        refused: new RegExp(
          `row 2 has the label "${missing}", which stands for a missing value.*=== "${missing}" \\? undefined`,
        ),
        followed: ({ path }: OddFile) => csv({ label: (row) => (row.label === missing ? undefined : row.label) })(path),
        want: [
          ["t0", "pos"],
          ["t2", "neg"],
        ],
      } satisfies Case,
    ]),
  ),
  "None that is a label": {
    content: labelled("For", "None", "Against"),
    read: csv(),
    refused: /If that is a label's name, give all names: labels/,
    followed: ({ path }) => csv({ labels: ["For", "Against", "None"] })(path),
    want: withLabels("For", "None", "Against"),
  },
  "NONE and none of pandas' words": {
    content: labelled("FAVOR", "NONE", "AGAINST"),
    read: csv(),
    want: withLabels("FAVOR", "NONE", "AGAINST"),
  },
  "labels 1, 2 and 5, as names": {
    content: labelled("1", "2", "5"),
    read: csv(),
    refused:
      /the labels are 1, 2, 5 \(first in rows 1, 2 and 3\), without 0, 3, 4\. Are they names, write labels: \["1","2","5"\] \(3 outputs\)/,
    followed: ({ path }) => csv({ labels: ["1", "2", "5"] })(path),
    want: withLabels("1", "2", "5"),
  },
  "labels 0 and 2, as indices": {
    content: labelled("0", "2", "0"),
    read: csv(),
    refused: /are they indices, of which some have no row here, write labels: \["0","1","2"\] \(3 outputs\)/,
    followed: ({ path }) => csv({ labels: ["0", "1", "2"] })(path),
    want: withLabels("0", "2", "0"),
    told: /No example has the label "1"/,
  },
  "a 0 where stars from 1 to 3 were named": {
    content: labelled("0", "2", "3"),
    read: csv({ labels: ["1", "2", "3"] }),
    refused: /row 1 has the label "0", which is neither one of 1, 2, 3\. Correct the row or the option labels/,
    followed: ({ path }) => csv({ labels: ["0", "1", "2", "3"] })(path),
    want: withLabels("0", "2", "3"),
    told: /No example has the label "1"/,
  },
  "ratings with a comma for the point": {
    content: "text;label\na;4,5\nb;3,0\n",
    read: csv(),
    refused:
      /A comma stands for the point there: add label: \(row\) => Number\(String\(row\.label\)\.replace\(",", "\."\)\)/,
    followed: ({ path }) =>
      csv({ problemType: "regression", label: (row) => Number(String(row.label).replace(",", ".")) })(path),
    want: [
      ["a", 4.5],
      ["b", 3],
    ],
    told: /separated by ";"/,
  },
  "a name that was mistyped once": {
    content: labelled(
      "positive",
      "negative",
      "positive",
      "negative",
      "postive",
      "positive",
      "negative",
      "positive",
      "positive",
    ),
    read: csv(),
    want: withLabels(
      "positive",
      "negative",
      "positive",
      "negative",
      "postive",
      "positive",
      "negative",
      "positive",
      "positive",
    ),
    told: /Only one example each has the label "postive" \(is "positive" meant\?\): row 5/,
  },
  "numbers and a word": {
    content: labelled("1", "0", "1", "0", "unsure"),
    read: csv(),
    want: withLabels("1", "0", "1", "0", "unsure"),
    told: /All labels are numbers but "unsure" \(row 5\)/,
  },
  "a column of texts for labels": {
    content: `text,label\n${Array.from({ length: 30 }, (_, i) => `t${i},name ${i % 25}\n`).join("")}`,
    read: csv(),
    want: Array.from({ length: 30 }, (_, i) => [`t${i}`, `name ${i % 25}`] as const),
    told: /25 different labels in 30 examples\. Is this the column of the labels\?/,
  },
};

/** Kind: texts that nobody meant. */
const texts: Record<string, Case> = {
  "texts that stand for missing ones": {
    content: "text,label\nnan,pos\nBad.,neg\nNULL,pos\n",
    read: csv(),
    want: [
      ["nan", "pos"],
      ["Bad.", "neg"],
      ["NULL", "pos"],
    ],
    told: /The text in rows 1 and 3 is what programs write for a missing value, such as "nan"/,
  },
  "an empty text": {
    content: "text,label\nGood.,pos\n ,neg\nBad.,neg\n",
    read: csv(),
    refused:
      /text in row 2 \(column "text"\) is empty.*text: \(row\) => \(String\(row\.text\)\.trim\(\) === "" \? undefined : row\.text\)/,
    followed: ({ path }) => csv({ text: (row) => (String(row.text).trim() === "" ? undefined : row.text) })(path),
    want: two,
  },
  "a text of invisible characters": {
    content: "text,label\nGood.,pos\n\u200b,neg\nBad.,neg\n",
    read: csv(),
    refused: /text in row 2 \(column "text"\) has no visible character\. Correct or remove the row/,
    followed: ({ again }) => csv()(again(plain)),
    want: two,
  },
  "a text that is hundreds of texts": {
    content: `text,label\n${"word ".repeat(4000)},pos\n${manyLines}`,
    read: csv(),
    want: [["word ".repeat(4000), "pos"], ...many],
    told: /Up to 20,000 characters.* stand in row 1/,
  },
  "one text with two labels, and one twice with the same": {
    content: "text,label\nsame,pos\nsame,neg\nother,neg\nother,neg\n",
    read: csv(),
    want: [
      ["same", "pos"],
      ["same", "neg"],
      ["other", "neg"],
      ["other", "neg"],
    ],
    told: /1 example repeats an earlier one \(row 4\)\.[\s\S]*1 example has the text of an earlier one, but another label \(row 2\)/,
  },
};

const foreign = (name: string, refused: RegExp): [string, Case] => [
  `${name} called reviews.csv`,
  {
    content: `copy of ${name}`,
    read: async (path) => {
      copyFileSync(goldenPath(`data/foreign/${name}`), path);
      return csv()(path);
    },
    refused,
    followed: ({ again }) => csv()(again(plain)),
    want: two,
  },
];
const withStart = (name: string, start: string | Uint8Array, refused: RegExp): [string, Case] => [
  `${name} called reviews.csv`,
  {
    content: Buffer.concat([typeof start === "string" ? Buffer.from(start, "latin1") : start, Buffer.alloc(64)]),
    read: csv(),
    refused,
    followed: ({ again }) => csv()(again(plain)),
    want: two,
  },
];
const asCsv = /Save the sheet as "CSV UTF-8" and read that with TextDataset\.fromCsv/;
const asParquet = /Convert it in Python, with .*\.to_parquet\("data\.parquet"\)/;
/** Kind: other formats, told by content whatever the file is called. */
const formats: Record<string, Case> = {
  "JSON lines called reviews.csv": {
    content: lines(...plainRows),
    read: csv(),
    refused:
      /is a file of JSON lines, one object a line, not a file of separated values\. Read it with TextDataset\.fromJsonl/,
    followed: ({ path }) => jsonl()(path),
    want: two,
  },
  "a JSON array called reviews.csv": {
    content: JSON.stringify(plainRows),
    read: csv(),
    refused: /is one JSON value.*Read it with TextDataset\.fromJson\./,
    followed: ({ path }) => json()(path),
    want: two,
  },
  "an indented JSON array read as lines": {
    content: JSON.stringify(plainRows, undefined, 2),
    read: jsonl(),
    refused: /Read it with TextDataset\.fromJson\./,
    followed: ({ path }) => json()(path),
    want: two,
  },
  "JSON lines read as one value": {
    content: lines(...plainRows),
    read: json(),
    refused: /Read it with TextDataset\.fromJsonl/,
    followed: ({ path }) => jsonl()(path),
    want: two,
  },
  "columns in one JSON object": {
    content: JSON.stringify({ text: ["Good.", "Bad."], label: ["pos", "neg"] }),
    read: json(),
    want: two,
  },
  "columns in one JSON object, read as lines": {
    content: JSON.stringify({ text: ["Good.", "Bad."], label: ["pos", "neg"] }),
    read: jsonl(),
    refused: /Read it with TextDataset\.fromJson\./,
    followed: ({ path }) => json()(path),
    want: two,
  },
  "CSV read as JSON lines": {
    content: plain,
    read: jsonl(),
    refused: /is a file of separated values.*TextDataset\.fromCsv/,
    followed: ({ path }) => csv()(path),
    want: two,
  },
  "CSV read as Parquet": {
    content: plain,
    read: parquet(),
    refused: /TextDataset\.fromCsv/,
    followed: ({ path }) => csv()(path),
    want: two,
  },
  "Parquet called reviews.csv": {
    content: "copy",
    read: async (path) => {
      copyFileSync(goldenPath("data/class-label.parquet"), path);
      return csv()(path);
    },
    refused: /is a Parquet file.*TextDataset\.fromParquet/,
    followed: async ({ path }) => (await parquet()(path)).take(0),
    want: [],
  },
  "Parquet that was cut": {
    content: "PAR1\0\0\0\0cut",
    read: parquet(),
    refused: /is a Parquet file that cannot be read: .* Download or write it again/,
    followed: async ({ path }) => {
      copyFileSync(goldenPath("data/class-label.parquet"), path);
      return (await parquet()(path)).take(0);
    },
    want: [],
  },
  "CSV packed by gzip": { content: gzipSync(plain), read: csv(), want: two },
  "JSON lines packed by gzip": { content: gzipSync(lines(...plainRows)), read: jsonl(), want: two },
  "a JSON array packed by gzip": { content: gzipSync(JSON.stringify(plainRows)), read: json(), want: two },
  "JSON lines packed by gzip, read as CSV": {
    content: gzipSync(lines(...plainRows)),
    read: csv(),
    refused: /TextDataset\.fromJsonl/,
    followed: ({ path }) => jsonl()(path),
    want: two,
  },
  "gzip that was cut": {
    content: gzipSync(plain).subarray(0, 25),
    read: csv(),
    refused: /packed by gzip and cannot be unpacked: .*Download it again/,
    followed: ({ again }) => csv()(again(gzipSync(plain))),
    want: two,
  },
  ...Object.fromEntries([
    foreign("xlsx", new RegExp(`an Excel workbook \\(\\.xlsx\\).*${asCsv.source}`)),
    foreign("ods", asCsv),
    foreign("docx", /a Word document.*Save its table as CSV/),
    foreign("zip", /a zip archive.*unzip .*read the file in it/),
    foreign("tar", /an archive \(tar\).*tar xf/),
    foreign("pickle", asParquet),
    foreign("feather", asParquet),
    foreign("arrow-stream", asParquet),
    foreign("orc", asParquet),
    foreign("array.npy", /a NumPy array.*Save texts and labels in Python as CSV/),
    foreign("bzip2", /bunzip2/),
    foreign("xz", /unxz/),
    foreign("zstd", /unzstd/),
    foreign("lz4", /unlz4/),
    withStart("an old Excel workbook", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", asCsv),
    withStart("an SQLite database", "SQLite format 3\0", /an SQLite database.*sqlite3 -header -csv/),
    withStart("a PDF", "%PDF-1.7\n", /a PDF.*as a table in a CSV/),
    withStart("HDF5", "\x89HDF\r\n\x1a\n", asParquet),
    withStart("a picture", "\x89PNG\r\n\x1a\n", /a picture/),
    withStart("UTF-32", Buffer.from([0xff, 0xfe, 0, 0, 0x74, 0, 0, 0]), /UTF-32.*iconv/),
    withStart("bytes of no known format", Buffer.from([0x93, 0x00, 0xff, 0x01]), /is no text: it holds zero bytes/),
    withStart("a workbook packed by gzip", gzipSync("PK\x03\x04 xl/workbook.xml"), asCsv),
  ]),
  "an HTML page called reviews.csv": {
    content: "<!DOCTYPE html>\n<html><body>Sign in</body></html>",
    read: csv(),
    refused: /an HTML page, such as a server sends.*Download the file itself/,
    followed: ({ again }) => csv()(again(plain)),
    want: two,
  },
  "a pointer of Git LFS called reviews.csv": {
    content: "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 100\n",
    read: csv(),
    refused: /a pointer of Git LFS.*git lfs pull/,
    followed: ({ again }) => csv()(again(plain)),
    want: two,
  },
  "what Python's print writes": {
    content: "{'text': 'Good.', 'label': 'pos'}\n{'text': 'Bad.', 'label': 'neg'}\n",
    read: jsonl(),
    refused: /Line 1 of .* is not valid JSON: .*write the lines with json\.dumps\(row\)/,
    followed: ({ again }) => jsonl()(again(lines(...plainRows))),
    want: two,
  },
  "JSON lines with commas at their ends": {
    content: plainRows.map((row) => `${JSON.stringify(row)},\n`).join(""),
    read: jsonl(),
    refused: /Line 1 of .*Remove the comma at the end of the line/,
    followed: ({ again }) => jsonl()(again(lines(...plainRows))),
    want: two,
  },
  "NaN in JSON": {
    content: '[{"text": "Good.", "label": "pos", "score": NaN},\n {"text": "Bad.", "label": "neg"}]',
    read: json(),
    refused: /not valid JSON: .*NaN and Infinity are no JSON: write null/,
    followed: ({ again }) =>
      json()(again('[{"text": "Good.", "label": "pos", "score": null},\n {"text": "Bad.", "label": "neg"}]')),
    want: two,
  },
  "rows inside an object": {
    content: JSON.stringify({ version: 1, data: plainRows }),
    read: json(),
    refused: /rows seem to stand in "data"\. Write TextDataset\.fromRows\(JSON\.parse\(/,
    followed: async ({ path }) => {
      const { readFileSync } = await import("node:fs");
      return TextDataset.fromRows(JSON.parse(readFileSync(path, "utf8")).data, {});
    },
    want: two,
  },
  "no bytes at all": {
    content: "",
    read: csv(),
    refused: /has no rows\. Give it at least one example for each label/,
    followed: ({ again }) => csv()(again(plain)),
    want: two,
  },
};

const kinds = { labelLists, encodings, separators, quotes, headers, classes, texts, formats };
const counts = { right: 0, refused: 0 };

for (const [kind, cases] of Object.entries(kinds)) {
  for (const [title, { content, read, want, told, refused, followed }] of Object.entries(cases)) {
    test(`${kind}: ${title}: ${refused === undefined ? "is read right" : "is refused with advice that works"}`, async () => {
      mkdirSync(join(folder, String(++files)));
      const path = join(folder, String(files), "reviews.csv");
      const again = (text: string | Uint8Array) => {
        writeFileSync(path, text);
        return path;
      };
      again(content);
      if (refused !== undefined) {
        const error = await Promise.resolve()
          .then(() => read(path))
          .then(
            (data) => expect.fail(`was read: ${data}`),
            (cause) => cause,
          );
        expect(error.message).toMatch(refused);
        expect(error).toMatchObject({
          name: "ThawError",
          code: expect.stringMatching(/^(BAD_DATA|WRONG_FORMAT|BAD_ARGUMENT)$/),
        });
      }
      const data = await (refused === undefined ? read(path) : (followed?.({ path, again }) as Reading));
      expect(Array.from(data, ({ text, label }) => [text, label])).toEqual(want);
      if (told === undefined) expect(data.notes).toEqual([]);
      else expect(String(data)).toMatch(told);
      counts[refused === undefined ? "right" : "refused"]++;
    });
  }
}

test("broken or odd data files of every kind: none is read wrong in silence", () => {
  const all = Object.values(kinds).flatMap((cases) => Object.keys(cases)).length;
  console.log(
    `data files: ${all} broken or odd ones; ${counts.right} read right, ${counts.refused} refused with advice that works, ` +
      `${all - counts.right - counts.refused} silent`,
  );
  expect(all).toBeGreaterThanOrEqual(60);
  expect(counts.right + counts.refused).toBe(all);
});
