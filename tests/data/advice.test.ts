/** Code that stands in a message is taken out of it, run as it stands, and works. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInThisContext, Script } from "node:vm";
import { afterAll, expect, test } from "vitest";
import type { Example } from "../../src/data/examples.ts";
import type { DatasetOptions, SeparatedOptions } from "../../src/data/options.ts";
import { TextDataset } from "../../src/data/textDataset.ts";

const folder = mkdtempSync(join(tmpdir(), "thaw-advice-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Options = DatasetOptions & SeparatedOptions;
type Read = (options: Options) => Promise<TextDataset>;

const csv = (content: string): Read => {
  return async (options) => {
    writeFileSync(join(folder, "a.csv"), content);
    return TextDataset.fromCsv(join(folder, "a.csv"), options);
  };
};
const rows =
  (...labels: unknown[]): Read =>
  async (options) =>
    TextDataset.fromRows(
      labels.map((label, i) => ({ text: `t${i}`, "the label": label, label })),
      options,
    );
const texts =
  (...given: unknown[]): Read =>
  async (options) =>
    TextDataset.fromRows(
      given.map((text, i) => ({ text, label: i % 2 })),
      options,
    );

/** The values of `option: value` in a message: each up to the first end of a clause at which it is whole. */
function codeIn(message: string, option: string): string[] {
  return [...message.matchAll(new RegExp(`\\b${option}: (?=\\(row\\)|[\\w"[])`, "g"))].map(({ 0: name, index }) => {
    const rest = message.slice(index + name.length);
    const ends = [...rest.matchAll(/(?=[;,.)](?:\s|$)| \(|\)\.)/g)].map((end) => rest.slice(0, end.index));
    const isWhole = (code: string) => (!code.startsWith("(row)") || code.includes("=>")) && parses(code);
    return ends.find(isWhole) ?? rest;
  });
}

function parses(code: string): boolean {
  try {
    new Script(`(${code})`);
    return true;
  } catch {
    return false;
  }
}

type Case = readonly [
  title: string,
  read: Read,
  options: Options,
  option: string,
  which: number,
  labels: readonly Example["label"][],
];

const odd = { label: "the label" };
const cases: readonly Case[] = [
  ["a null label", rows("x", null, "y"), {}, "label", 0, ["x", "y"]],
  ["a null label in a column whose name is no identifier", rows("x", null, "y"), odd, "label", 0, ["x", "y"]],
  ["a 0 beside a null label", rows(0, null, 1), {}, "label", 0, ["0", "1"]],
  ["an empty label", csv("text,label\na,x\nb,\nc,y\n"), {}, "label", 0, ["x", "y"]],
  ["an empty label beside a 0", rows(0, " ", 1), {}, "label", 0, ["0", "1"]],
  ["a NaN label", rows(0, Number.NaN, 1), {}, "label", 0, ["0", "1"]],
  ["a missing label in words", csv("text,label\na,x\nb,NULL\nc,y\n"), {}, "label", 0, ["x", "y"]],
  ["a null in a list of labels", rows(["x"], [null], ["y"]), {}, "label", 0, [["x"], ["y"]]],
  ["a missing name in a list of labels", rows(["x"], ["y", "nan"], ["y"]), {}, "label", 0, [["x"], ["y"]]],
  ["one label in two spellings", rows("Spam", "ham", "spam"), odd, "label", 0, ["spam", "ham", "spam"]],
  ["two labels that look alike", rows("US", "us", "x"), {}, "labels", 0, ["US", "us", "x"]],
  ["one label in two spellings in lists", rows(["Joy"], ["joy", "fear"]), {}, "label", 0, [["joy"], ["fear", "joy"]]],
  [
    "one label in two spellings in written lists",
    csv("text,label\na,['Joy']\nb,['joy']\n"),
    {},
    "label",
    0,
    [["joy"], ["joy"]],
  ],
  [
    "one label in two spellings in cut cells",
    csv("text,label\na,Joy|fear\nb,joy\n"),
    { labelSeparator: "|" },
    "label",
    0,
    [["fear", "joy"], ["joy"]],
  ],
  ["labels with a gap as names", rows(1, 2, 5), {}, "labels", 0, ["1", "2", "5"]],
  ["labels with a gap as indices", rows(0, 2, 3), {}, "labels", 1, ["0", "2", "3"]],
  ["labels with a wide gap as indices", rows(0, 30), {}, "labels", 1, ["0", "30"]],
  ["lists that are 0 and 1", rows([0, 1], [1, 0]), odd, "label", 0, [["trust"], ["joy"]]],
  [
    "lists that are indices",
    rows([0, 1], [1, 0]),
    {},
    "label",
    1,
    [
      ["joy", "trust"],
      ["joy", "trust"],
    ],
  ],
  ["lists that are 0 and 1, of named labels", rows([0], [1]), { labels: ["a", "b"] }, "label", 0, [[], ["a"]]],
  ["written lists that are 0 and 1", csv('text,label\na,"[0, 1]"\nb,"[1, 0]"\n'), {}, "label", 0, [["trust"], ["joy"]]],
  [
    "written lists that are indices",
    csv('text,label\na,"[0, 1]"\nb,"[1, 0]"\n'),
    {},
    "label",
    1,
    [
      ["joy", "trust"],
      ["joy", "trust"],
    ],
  ],
  ["NumPy's lists that are 0 and 1", csv("text,label\na,[0. 1.]\nb,[1. 0.]\n"), {}, "label", 0, [["trust"], ["joy"]]],
  [
    "cut cells that are 0 and 1",
    csv("text,label\na,0|1\nb,1|0\n"),
    { labelSeparator: "|" },
    "label",
    0,
    [["trust"], ["joy"]],
  ],
  ["a comma for the point", csv("text;label\na;4,5\nb;3\n"), { problemType: "regression" }, "label", 0, [4.5, 3]],
  ["ratings", csv("text,label\na,4.5\nb,3\n"), {}, "problemType", 0, [4.5, 3]],
  [
    "a list where there is one label",
    rows(["x"], ["y"]),
    { problemType: "single_label_classification" },
    "problemType",
    0,
    [["x"], ["y"]],
  ],
  ["an empty text", csv("text,label\na,x\n  ,y\nb,y\n"), {}, "text", 0, ["x", "y"]],
  ["a null text", texts("a", null, "b", "c"), {}, "text", 0, ["0", "0", "1"]],
  ["texts that are numbers", texts(3, 4), {}, "text", 0, ["0", "1"]],
  ["texts that are lists of words", texts(["a", "b"], ["c"]), {}, "text", 0, ["0", "1"]],
  ["another delimiter than said", csv("text,label\na,x\nb,y\n"), { delimiter: "\t" }, "delimiter", 0, ["x", "y"]],
  ["marks that quote nothing", csv('text,label\n"a,x\nb,y\n'), {}, "quote", 0, ["x", "y"]],
  ["no labels", csv("text\na\nb\n"), {}, "label", 1, [undefined, undefined]],
  ["-1 for no label", rows(-1, -1, 1), {}, "label", 1, [undefined, undefined, undefined]],
];

test.each(cases)(
  "the code in the message about %s works as it stands",
  async (_, read, options, option, which, labels) => {
    const error = await read(options).then(
      (data) => expect.fail(`was read: ${data}`),
      (cause) => cause as Error,
    );
    const code = codeIn(error.message, option)[which];
    expect(code, error.message).toBeDefined();
    const value = runInThisContext(`(${code})`);
    const data = await read({ ...options, [option]: value });
    expect(Array.from(data, ({ label }) => (Array.isArray(label) ? [...label].sort() : label))).toEqual(labels);
  },
);
