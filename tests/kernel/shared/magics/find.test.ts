import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { findMagics, isCommand, maskMagics } from "../../../../kernel/shared/magics/find.ts";

const surroundings = {
  isDefined: (name: string) => name === "limit",
  isCommand: (name: string) => ["ls", "true"].includes(name),
};

test.each<[code: string, found: string[]]>([
  ["!ls\n!ls", ["!ls", "!ls"]],
  ["  ! ls\n  ! ls", ["  ! ls", "  ! ls"]],
  ["!ls\nlsof + $ls", ["!ls"]],
  ["let ls = true\n!ls", []], // the cell makes the variable
  ["!ls\nf(ls)", []],
  ["!true", []],
  ["!nosuch", []],
  ["!limit", []],
  ["!(ls)", []],
  ["const a = 1\n%who", ["%who"]],
  ["const a = 1\n%nosuch", []], // a remainder, as far as anybody knows
  ["const a = limit\n%limit\n!ls -l", ["!ls -l"]],
  ["%nosuch x\nconst a = limit\n%limit", ["%nosuch x"]],
  ["!ls -l\n%nosuch x", ["!ls -l", "%nosuch x"]],
])("the magics of %j are %j", (code, found) => {
  expect(findMagics(code, surroundings).map(({ start, end }) => code.slice(start, end))).toEqual(found);
});

test.each<[code: string, masked: string]>([
  ["%%\nx", "  \n "],
  ["\n  %%bash -e\nls", "\n           \n  "],
  ["const d = %cd", "const d = [] "],
  ["const d = %env HOME", 'const d = ""+0     '],
  ["%timeit  -n30 -r\t12 -q  -o  f()", "                            f()"],
  ["%timeit -nx f()", "        -nx f()"], // no option: it is left to the parser
  ["%time f(\n1\n)\ng()", "      f(\n1\n)\ng()"],
  ["%time f(\ng()", "      f(\ng()"], // never whole: one line is timed
  ["%pwd\r\n1", "     \n1"],
  ["a\r!ls *.ts\r1", "a\n        \n1"],
  ["name?;\n1", "      \n1"],
])("%j is masked as %j", (code, masked) => {
  expect(maskMagics(code)).toBe(masked);
});

const path = process.env.PATH;
afterEach(() => {
  process.env.PATH = path;
});

test("a command is known to the shell, or a file on the PATH that may be run", () => {
  const folder = mkdtempSync(join(tmpdir(), "thaw-commands-"));
  for (const name of ["thaw-tool", "thaw-text"]) writeFileSync(join(folder, name), "");
  chmodSync(join(folder, "thaw-tool"), 0o755);
  mkdirSync(join(folder, "thaw-folder"));
  process.env.PATH = ["/nowhere", folder, "/nowhere-else"].join(delimiter);
  expect(["cd", "thaw-tool", "thaw-text", "thaw-folder", "thaw-none"].map(isCommand)).toEqual([
    ...[true, true],
    ...[false, false, false],
  ]);
  delete process.env.PATH;
  expect(["cd", "thaw-tool"].map(isCommand)).toEqual([true, false]);
  rmSync(folder, { recursive: true });
});
