import { expect, test } from "vitest";
import {
  cellMagics,
  describeMagic,
  lineMagics,
  listMagics,
  UnknownMagic,
} from "../../../../kernel/shared/magics/names.ts";

test.each<[sign: "%" | "%%", name: string, says: string]>([
  ["%", "timit", "There is no magic %timit. Did you mean %timeit? These exist: %time "],
  ["%%", "bsh", "There is no magic %%bsh. Did you mean %%bash? These exist: %%time "],
  ["%", "bash", "There is no magic %bash. There is %%bash. These exist: %time "],
  ["%%", "who", "There is no magic %%who. There is %who. These exist: %%time "],
  ["%", "zzzzzzzz", "There is no magic %zzzzzzzz. These exist: %time "],
  ["%", "pip", "There is no magic %pip. For packages of Node use %npm install NAME;"],
])("of %s%s it is said what is meant or what there is", (sign, name, says) => {
  const { message } = new UnknownMagic(sign, name);
  expect(message.slice(0, says.length)).toBe(says);
  const listed = /These exist: (.*)\. %lsmagic/.exec(message)?.[1]?.split(" ");
  expect(listed).toEqual(Object.keys(sign === "%" ? lineMagics : cellMagics).map((each) => sign + each));
});

test("the list has every magic on its line, and what they do below each other", () => {
  const lines = listMagics().split("\n");
  const names = [
    ...Object.keys(lineMagics).map((name) => `%${name}`),
    ...Object.keys(cellMagics).map((name) => `%%${name}`),
  ];
  expect(lines.map((line) => line.split(/[ ,]/)[0])).toEqual([...names, "!command", "name?"]);
  const columns = lines.map((line) => /^.*? {2,}/.exec(line)?.[0].length);
  expect(new Set(columns).size).toBe(1);
  expect(lines[0]).toMatch(/^%time code {2,}Runs the code once/);
});

test("a magic is described as line and as cell, or as the one that is meant", () => {
  expect(describeMagic("time")).toMatch(/^%time code\n.*\n\n%%time\n/);
  expect(describeMagic("%time")).toBe(describeMagic("time"));
  expect(describeMagic("%%time")).toMatch(/^%%time\nRuns the cell[^\n]*$/);
  expect(describeMagic("%who")).toMatch(/^%who\nNames[^\n]*$/);
  expect([describeMagic("%%who"), describeMagic("%nosuch")]).toEqual([undefined, undefined]);
});
