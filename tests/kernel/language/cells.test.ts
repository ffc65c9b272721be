import { expect, test } from "vitest";
import { Cells } from "../../../kernel/language/cells.ts";

/** The header of the last of some cells, called a, b, c, ... */
function header(...codes: string[]): string {
  const cells = new Cells();
  for (const [index, code] of codes.entries()) cells.add(String.fromCharCode(97 + index), code);
  const last = cells.get(String.fromCharCode(96 + codes.length));
  return last?.text.slice(0, last.offset) ?? "none";
}

test.each<[what: string, cells: string[], header: string]>([
  ["nothing it does not use", ["let a = 1", "2"], "export {};\n"],
  ["a variable that may be assigned", ["let a = 1", "a = 2"], 'declare let a: typeof import("a").a; export {};\n'],
  ["a constant", ["const a = 1", "a"], 'declare const a: typeof import("a").a; export {};\n'],
  [
    "a function, a class and an enum",
    ["function f() {} class C {} enum E {}", "f; C; E"],
    'import { f, C, E } from "a"; export {};\n',
  ],
  ["types", ["interface I {} type T = 1", "let x: I | T"], 'import { I, T } from "a"; export {};\n'],
  [
    "imports",
    ["import d, { n as m } from 'x'; import * as s from 'y'", "d; m; s"],
    'import { d, m, s } from "a"; export {};\n',
  ],
  ["the newest declaration", ["let a = 1", "class a {}", "a"], 'import { a } from "b"; export {};\n'],
  ["not what it declares itself", ["let a = 1", "let a = 2; a"], "export {};\n"],
  [
    "what patterns declare",
    ["const { a, b: [c, ...d] } = x", "a + c + d"],
    'declare const a: typeof import("a").a; declare const c: typeof import("a").c; declare const d: typeof import("a").d; export {};\n',
  ],
  ["a var in a block", ["for (var i = 0; ; ) {}", "i"], 'declare let i: typeof import("a").i; export {};\n'],
  [
    "the value beside a type of its name",
    ["const A = 1", "type A = typeof A"],
    'declare const A: typeof import("a").A; export {};\n',
  ],
  ["both meanings from where both are", ["const A = 1", "type A = 2", "A"], 'import { A } from "b"; export {};\n'],
  [
    "an interface beside a value of its name",
    ["interface A {}", "const A = 1"],
    'import { type A } from "a"; export {};\n',
  ],
  ["nothing of a cell that does not parse", ["let a = ;", "a"], "export {};\n"],
  [
    "a cell that declares something for all",
    ["declare global { var g: number }", "1"],
    'import {  } from "a"; export {};\n',
  ],
])("a cell takes over %s", (_, cells, expected) => {
  expect(header(...cells)).toBe(expected);
});

test("a cell exports what it declares, but for what it exports itself", () => {
  const cells = new Cells();
  cells.add("a", "let a = 1; export const b = 2; type T = 1");
  expect(cells.get("a")?.text).toBe("export {};\nlet a = 1; export const b = 2; type T = 1\n;export { a, T };");
});

test("a cell that is taken back leaves the names as they were", () => {
  const cells = new Cells();
  cells.add("a", "let a = 1");
  cells.add("b", "let a = 'two'");
  cells.remove("b");
  expect(cells.question("q", "", []).text).toContain('declare let a: typeof import("a").a;');
});

test("reference comments stay at the top of the file", () => {
  const cells = new Cells();
  cells.add("a", '/// <reference lib="dom" />\nlet x: Node');
  expect(cells.get("a")?.text.startsWith('/// <reference lib="dom" />\nexport {};')).toBe(true);
});
