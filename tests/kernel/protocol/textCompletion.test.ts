// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of cells
/** What is completed and explained by its looks: magics, their arguments, and files that a string or a command names. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { magicAt, writtenAt } from "../../../kernel/protocol/textCompletion.ts";

const folder = mkdtempSync(join(tmpdir(), "thaw-written-"));
beforeAll(() => {
  mkdirSync(join(folder, "data/deep"), { recursive: true });
  for (const name of ["data/reviews.csv", "data/re view's.csv", "data.json", ".hidden"]) {
    writeFileSync(join(folder, name), "");
  }
  symlinkSync(join(folder, "data"), join(folder, "linked"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the code would be with each candidate taken. */
async function completed(code: string): Promise<string[] | undefined> {
  const found = await writtenAt(code, code.length, folder);
  return found?.candidates.map(({ text }) => code.slice(0, found.start) + text + code.slice(found.end));
}

test.each<[what: string, code: string, completed: string[]]>([
  ["in a string", 'readFileSync("da', ['readFileSync("data/', 'readFileSync("data.json']],
  ["from the notebook's folder", "open('./dat", ["open('./data/", "open('./data.json"]],
  ["in a folder", "f('data/rev", ["f('data/reviews.csv"]],
  ["of nothing written yet", "f('", ["f('data/", "f('data.json", "f('linked/"]],
  ["hidden ones once their point is there", "f('.h", ["f('.hidden"]],
  ["through a link, which is a folder", "f('li", ["f('linked/"]],
  ["in a template's text", "f(`data/rev", ["f(`data/reviews.csv"]],
  ["with its quote and blanks as the string has to have them", "f('data/re ", ["f('data/re view\\'s.csv"]],
  ["behind another string and on a later line", "const a = 'x';\nf(a, \"data.j", ["const a = 'x';\nf(a, \"data.json"]],
  ["in a command", "!wc -l data/rev", ["!wc -l data/reviews.csv"]],
  ["in a command whose output is kept", "const n = !cat data.j", ["const n = !cat data.json"]],
  ["in a command, quoted as a shell reads it", "!cat data/re\\ v", ["!cat data/re\\ view\\'s.csv"]],
  ["behind a redirection", "!sort <data.j", ["!sort <data.json"]],
  ["in a magic's argument", "%cd da", ["%cd data/", "%cd data.json"]],
  ["below %%bash", "%%bash\ncat data.j", ["%%bash\ncat data.json"]],
])("a file is completed %s", async (_, code, expected) => {
  expect((await completed(code))?.sort()).toEqual(expected.sort());
});

test("an absolute file, and one at home, are completed too", async () => {
  expect(await completed(`f('${folder}/data.j`)).toEqual([`f('${folder}/data.json`]);
  expect((await writtenAt("f('~/", 5, folder))?.start).toBe(5);
});

test.each<[what: string, code: string]>([
  ["in code", "dat"],
  ["in a comment", "// data"],
  ["in a comment with a quote in it", "/* it's data"],
  ["behind a string", "f('x', da"],
  ["in a pattern", "/'da"],
  ["inside a template's braces", "`${da"],
  ["below %%time, which is code", "%%time\nda"],
])("no file is completed %s", async (_, code) => {
  expect(await writtenAt(code, code.length, folder)).toBeUndefined();
});

test.each<[what: string, code: string, completed: string[]]>([
  ["by its first letters", "%ti", ["%time", "%timeit"]],
  ["for a whole cell, on its first line", "%%wr", ["%%writefile"]],
  ["on a later line", "let a = 1;\n%who", ["let a = 1;\n%who", "let a = 1;\n%whos"]],
  ["behind an assignment", "const x = %pw", ["const x = %pwd"]],
  ["that is for whole cells: not on a later line", "let a;\n%%ba", []],
  ["with the modes it takes", "%types st", ["%types strict"]],
])("a magic is completed %s", async (_, code, expected) => {
  expect(await completed(code)).toEqual(expected);
});

test("of %env the variables of the environment, and all magics of a lone sign", async () => {
  expect(await completed("%env PAT")).toContain("%env PATH");
  expect((await completed("%"))?.length).toBeGreaterThan(20);
  expect(await completed("%%html\n<b")).toEqual([]);
});

test("a remainder is no magic", async () => {
  for (const code of ["a %", "const rest = a % ti", "`\n%ti"]) expect((await completed(code)) ?? []).toEqual([]);
});

test.each<[code: string, at: number, said: RegExp]>([
  ["%timeit f(1)", 4, /^%timeit \[-n N\].*\nRuns the code many times/],
  ["%%bash\nls", 3, /^%%bash\nRuns the cell with bash/],
  ["let a = 1;\n  %cd data", 15, /^%cd \[folder\]\n/],
  ["const files = %pwd", 18, /^%pwd\n/],
])("a tooltip on %j says what the magic does", (code, at, said) => {
  expect(magicAt(code, at)).toMatch(said);
});

test("a tooltip elsewhere is left to types and values", () => {
  for (const [code, at] of [
    ["%timeit f(1)", 9],
    ["a % time", 6],
    ["'%time'", 3],
    ["`\n%time`", 4],
    ["%nosuch", 3],
  ] as const)
    expect(magicAt(code, at), code).toBeUndefined();
});
