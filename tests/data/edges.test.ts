/** Where a rule of reading ends: values just inside and just outside what it is for. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { DatasetOptions } from "../../src/data/options.ts";
import { TextDataset } from "../../src/data/textDataset.ts";
import { temporaryFolder } from "../temporary.ts";

const folder = temporaryFolder();
const written = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, content);
  return path;
};
const csv = (content: string) => TextDataset.fromCsv(written("a.csv", content));
const rows = (labels: readonly unknown[], options: DatasetOptions = {}) =>
  TextDataset.fromRows(
    labels.map((label, i) => ({ text: `t${i}`, label })),
    options,
  );

const several = { problemType: "multi_label_classification" } as const;
const regression = { problemType: "regression" } as const;

test("characters are counted in order of length, both texts of a pair together", () => {
  const lengths = [30, 1, 200, 7, 12, 9, 100, 3, 5, 11, 10]; // in order: 1 3 5 7 9 10 11 12 30 100 200
  const given = lengths.map((length, i) => ({ text: "x".repeat(length), pair: "yy", label: i % 2 }));
  expect(String(TextDataset.fromRows(given))).toMatch(
    /characters median 10, 90 % up to 100, 99 % up to 200, longest 200/,
  );
  expect(String(TextDataset.fromRows(given, { text: "text", textPair: "pair" }))).toMatch(
    /pairs of texts; characters median 12, 90 % up to 102, 99 % up to 202, longest 202/,
  );
});

test("a label that no example has is not missed in a part", () => {
  const data = rows(
    Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? "a" : "b")),
    { labels: ["a", "b", "never"] },
  );
  const { train } = data.split({ train: 10, test: 10, seed: 0 });
  expect(train.notes.join()).not.toMatch(/cannot be learnt/);
});

test("one example whose text another part has too is told as one", () => {
  const data = TextDataset.fromRows(
    Array.from({ length: 20 }, (_, i) => ({ text: i < 2 ? "the same" : `t${i}`, label: i % 2 })),
  );
  const told = Array.from({ length: 40 }, (_, seed) => data.split({ train: 10, test: 10, seed }).test.notes.join());
  expect(
    told.filter((notes) => /1 of 10 examples has a text that train has too \(row [12]\)\./.test(notes)).length,
  ).toBeGreaterThan(0);
  expect(told.some((notes) => /[2-9] of 10 examples? has|1 of 10 examples? have/.test(notes))).toBe(false);
});

describe("lines in a field that look like rows", () => {
  const isTold = async (field: string, others = "hi,pos,en\nho,neg,de\nhe,pos,\n") =>
    (await csv(`text,label,lang\n${field},neg,en\n${others}`)).notes.join().includes("look like rows of their own");
  test.each([
    ["a value that the last column has", '"one\nx,y,en\ntwo"', true],
    ["a value that the column between has", '"one\nx,pos,y\ntwo"', true],
    ["in quotation marks", '"one\n""x"",""y"",""de""\ntwo"', true],
    ["with blanks around", '"one\nx , y , de \ntwo"', true],
    ["one cell too few", '"one\nx,pos\ntwo"', false],
    ["one cell too many", '"one\nx,pos,en,more\ntwo"', false],
    ["values that no row has", '"one\nx,y,z\ntwo"', false],
    ["only a value of its own column", '"one\nhi,y,z\ntwo"', false],
    ["an empty cell where a row has one too", '"one\nx,y,\ntwo"', false],
    ["a mark within a cell", '"one\nx,y,e""n\ntwo"', false],
    ["the last line, which ends with the field", '"one\nx,pos,en"', false],
  ])("%s", async (_, field, told) => {
    expect(await isTold(field)).toBe(told);
  });

  test("the first and the last line are cut where the field begins and ends", async () => {
    const of = async (field: string) =>
      (await csv(`id,text,label\n1,${field},neg\n2,b,pos\n3,c,neg\n`)).notes.join().includes("rows of their own");
    expect(await of('"hello,pos\nmore"')).toBe(true);
    expect(await of('"hello,no\nmore"')).toBe(false);
    expect(await of('"more\n3,hello"')).toBe(true);
    expect(await of('"more\n9,hello"')).toBe(false);
  });
});

test.each([
  ["text", ""],
  ["text", []],
  ["text", ["text", 3]],
  ["labels", []],
  ["labels", ["a", 2]],
] as const)("the option %s is no %j", (option, value) => {
  expect(() => rows(["a", "b"], { [option]: value })).toThrow(expect.objectContaining({ code: "BAD_ARGUMENT" }));
});

test("targets: as many as there are outputs, also in the first row; text with blanks around it is a number, blanks are none", () => {
  expect([...rows([" 2.5 ", "-1", 3n, 4], regression).labels]).toEqual([2.5, -1, 3, 4]);
  expect(() => rows(["2.5", " "], regression)).toThrow(/row 2/);
  const two = { ...regression, labels: ["x", "y"] };
  expect(() =>
    rows(
      [
        [1, 2, 3],
        [1, 2],
      ],
      two,
    ),
  ).toThrow("row 1 has 3 targets, but there are 2 outputs");
  expect(() => rows([[1, 2], [1]], two)).toThrow("row 2 has 1 targets, but there are 2 outputs");
});

test("lists of labels are read with blanks in and around them, and empty ones", () => {
  const data = rows([" [ 'a' , 'b' ] ", "['b']", "[ ]"], { problemType: "multi_label_classification" });
  expect(data.labelNames).toEqual(["a", "b"]);
  expect([...data.labels]).toEqual([1, 1, 0, 1, 0, 0]);
  const numbered = rows(["[0, 1]", "[ 1 ]", "[]"], { problemType: "multi_label_classification" });
  expect([...numbered.labels]).toEqual([1, 1, 0, 1, 0, 0]);
});

test("blanks and marks that cannot be seen around a name make no other label, within it they do", () => {
  const data = rows(["good", " good\u200b", "\ufeffgood ", "go od", "bad"]);
  expect(data.labelNames).toEqual(["bad", "go od", "good"]);
  expect([...data.labels]).toEqual([2, 2, 2, 1, 0]);
});

describe("other formats are told by how a file begins", () => {
  const zip = (inner: string) => Buffer.concat([Buffer.from("PK\u0003\u0004"), Buffer.from(inner)]);
  const names: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
    ["a page", "<html><body>Not found</body></html>", /an HTML page/],
    ["a page after a comment", "<!-- saved -->\n  <!DOCTYPE html>\n<html></html>", /an HTML page/],
    ["a page right after a comment", "<!---->\n<body>text</body>", /an HTML page/],
    ["XML", '<?xml version="1.0"?><rows/>', /an XML file/],
    ["a PyTorch archive", zip("archive/data.pkl"), /pickle/i],
    ["an archive", zip("notes.txt"), /a zip archive/],
  ];
  test.each(names)("%s", async (_, content, message) => {
    await expect(TextDataset.fromCsv(written("b.csv", content))).rejects.toThrow(message);
  });

  test.each([
    ["a page", "text,label\nthe tag <html>,a\nthe tag <body>,b\n"],
    ["XML", "text,label\nit begins <?xml,a\nother,b\n"],
  ])("a text that has the beginning of %s is none", async (_, content) => {
    expect((await csv(content)).labelNames).toEqual(["a", "b"]);
  });
});

test("written lists have the escapes of Python and JSON, and words that are no numbers end a list", () => {
  const data = rows([String.raw`['a\x41', "b\u00e9"]`, String.raw`['c\nd']`, String.raw`['it\'s', 'x\xe9']`], several);
  expect(data.labelNames).toEqual(["aA", "bé", "c\nd", "it's", "xé"]);
  expect([...rows(["[True, False]", "[false, TRUE]"], { ...several, labels: ["x", "y"] }).labels]).toEqual([
    1, 0, 0, 1,
  ]);
  for (const word of ["[untrue]", "[truely]", "[nofalse]", "[falsely]"]) {
    expect(() => rows([word, "[]"], several)).toThrow(`lists but for "${word}" (row 1)`);
  }
});

test("a target that is no number says why, and advises the comma's remedy only where a comma stands for the point", () => {
  const messageOf = (value: unknown) => {
    try {
      rows([1, value], regression);
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };
  for (const german of ["1,5", " -12,50 ", "-0,25"])
    expect(messageOf(german)).toMatch(/Where a comma stands for the point/);
  for (const other of ["x1,5", "1,5x", "1,5,5", ",5", "1,", "", true, [], Number.NaN, ["1,5"]]) {
    expect(messageOf(other)).toMatch(/row 2 is .*, which is no number\. Correct the row/);
  }
  for (const huge of [1e39, -3.5e38, [1, 1e39], [1e39, 1]])
    expect(messageOf(huge)).toMatch(/no number that float32 holds/);
  expect(messageOf([1, Number.NaN])).toMatch(/which is no number\./);
});

test("a label that every example has is told where examples have several", () => {
  const told = (labels: readonly string[][]) => rows(labels, several).notes.filter((note) => note.startsWith("Every"));
  expect(told([["a", "b"], ["a"], ["a", "c"]])).toEqual(['Every example has the label "a".']);
  expect(
    told([
      ["a", "b"],
      ["b", "a"],
    ]),
  ).toEqual(['Every example has the label "a", "b".']);
  expect(told([["a"], ["b"], ["a", "c"]])).toEqual([]);
  expect(told([["a", "b"]])).toEqual([]);
  expect(rows(["a", "a", "b"]).notes.join()).not.toMatch(/Every example/);
});

test("so many labels that they are probably no labels are told from 20 examples on", () => {
  const names = (count: number, different: number) => Array.from({ length: count }, (_, i) => `l${i % different}`);
  const isTold = (labels: readonly string[]) => rows(labels).notes.join().includes("Is this the column of the labels?");
  expect(isTold(names(20, 11))).toBe(true);
  expect(isTold(names(20, 10))).toBe(false);
  expect(isTold(names(19, 15))).toBe(false);
});

test("the caption counts one example as one, and the labels of none as nothing", () => {
  expect(String(rows(["a"], { labels: ["a", "b"] }))).toMatch(/^the data: 1 example;/);
  expect(String(rows(["a", "b"]))).toMatch(/^the data: 2 examples;/);
  expect(String(rows(["a", "b"]).take(1))).toMatch(/: 1 of 2 examples;/);
  const sets = rows([["a", "b"], ["b"]], several);
  expect(String(sets)).toMatch(/; 1\.50 labels per example/);
  expect(String(sets.take(0))).not.toMatch(/labels per example|characters/);
});

describe("JSON, JSON lines and separated values are told apart by content", () => {
  const lines = '{"text":"a","label":"x"}\n  {"text":"b","label":"y"}\n';
  const one = '\ufeff \n\n[{"text":"a","label":"x"},\n {"text":"b","label":"y"}]';
  const json = (content: string) => TextDataset.fromJson(written("c.json", content));
  const jsonl = (content: string) => TextDataset.fromJsonl(written("c.jsonl", content));

  test("each is refused where another is wanted, with the function that reads it", async () => {
    await expect(json(lines)).rejects.toThrow(/is a file of JSON lines.*Read it with TextDataset\.fromJsonl\./);
    await expect(jsonl(one)).rejects.toThrow(/is one JSON value.*Read it with TextDataset\.fromJson\./);
    await expect(csv(lines)).rejects.toThrow(/is a file of JSON lines.*Read it with TextDataset\.fromJsonl\./);
    for (const read of [json, jsonl]) {
      await expect(read("text,label\na,b\n")).rejects.toThrow(/separated values.*Read it with TextDataset\.fromCsv\./);
    }
  });

  test("an empty file is none of them", async () => {
    await expect(json("  ")).rejects.toThrow("is not valid JSON");
    for (const read of [jsonl, csv]) await expect(read("")).rejects.toThrow("has no rows");
  });

  test("blanks and marks before the value are passed over", async () => {
    expect((await json(one)).labelNames).toEqual(["x", "y"]);
    expect((await jsonl(`\n\n ${lines}`)).labelNames).toEqual(["x", "y"]);
  });
});

describe("splits keep the shares of what examples are alike in", () => {
  const countOf = (data: TextDataset, label: string) => data.labelCounts()[label];

  test("sets of labels that occur often are divided as sets, rare ones by their rarest label", () => {
    const sets = Array.from({ length: 200 }, (_, i) => {
      if (i < 100) return ["a"];
      if (i < 140) return ["a", "b"];
      if (i < 180) return [];
      const others = ["a", "b", "c", "d", "e"].filter((_, bit) => ((i - 179) >> bit) & 1); // each set once
      return i < 190 ? ["rare", ...others] : ["c", "d", "e"];
    });
    for (let seed = 0; seed < 5; seed++) {
      const { train, test: held } = rows(sets, several).split({ train: 0.5, test: 0.5, seed });
      const countsOf = (label: string) => [countOf(train, label), countOf(held, label)];
      expect(countsOf("rare")).toEqual([5, 5]);
      const setsOf = (data: TextDataset) => Array.from(data, ({ label }) => String(label));
      for (const [set, half] of [
        ["a", 50],
        ["a,b", 20],
        ["", 20],
        ["c,d,e", 5],
      ] as const) {
        expect(setsOf(train).filter((each) => each === set)).toHaveLength(half);
      }
    }
  });

  test("targets are divided by quantile, and equal targets alike", () => {
    const targets = Array.from({ length: 400 }, (_, i) => (i < 200 ? 0 : i));
    for (let seed = 0; seed < 5; seed++) {
      const { train } = rows(targets, regression).split({ train: 0.5, test: 0.5, seed });
      expect(train.labels.filter((target) => target === 0)).toHaveLength(100);
      expect(train.labels.filter((target) => target >= 300).length).toBeGreaterThanOrEqual(45);
      expect(train.labels.filter((target) => target >= 300).length).toBeLessThanOrEqual(55);
    }
  });
});
