import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";
import { expect, test } from "vitest";
import { transformCell, transformModule } from "../../../../kernel/cells/rewrite/transform.ts";

const cell = (source: string): string => transformCell(source, "In[1]").code;
const squeezed = (source: string): string => cell(source).replace(/\s+/g, " ").trim();

test.each<[typescript: string, javascript: string]>([
  ["let x: number = 1;", "let x = 1;"],
  ["const x = y as unknown as string;", "let x = y ;"],
  ["const x = y!.z satisfies Z;", "let x = y .z ;"],
  ["let x!: string;", "let x ;"],
  ["type A = string;", ";"],
  ["declare const x: number;", ";"],
  [
    "abstract class A<T> extends B<T> implements C, D { abstract f(): void; private readonly x: T = 1; y?: number }",
    "class A extends B { x = 1; y ; }",
  ],
  [
    "class A { constructor(private x: number, public y = 2) { super(); } }",
    "class A { constructor( x , y = 2) { super();;this.x=x;this.y=y; } }",
  ],
  ["class A { f(this: A, x?: number): void {} }", "class A { f( x ) {} }"],
  ["let f = <T,>(x: T): x is T => x;", "let f = (x ) => x;"],
  ["let f = g<string>(1);", "let f = g (1);"],
  ["import type { A } from 'a';", ";"],
  ["import { type A } from 'a';", ";"],
  ["import fs = require('fs');", "let fs = require('fs');"],
  ["export const x = 1;", "let x = 1;"],
  ["let x = [] as Array<Map<string, number>>;", "let x = [] ;"],
  ["let x = {} satisfies Record<string, number>;", "let x = {} ;"],
  ["let x = <Record<string, number>>{};", "let x = {};"],
  ["class A implements Iterable<Map<string, T>> {}", "class A {}"],
  ["let x = (a: A):\n A => a;", "let x = (a ) => a;"],
  ["let x = async <\n T\n>(a: T) => a;", "let x = async ( a ) => a;"],
  ["let x = () => { return <\n T\n>a };", "let x = () => { return ( a) };"],
  ["let x = () => { throw <T>\n(a: T) => a };", "let x = () => { throw ( (a ) => a) };"],
  ["export default function () {}", "(function () {});"],
  ["export default { a: 1 }", "({ a: 1 });"],
])("%s becomes %s", (typescript, javascript) => {
  expect(squeezed(typescript)).toBe(javascript);
});

test("every source file of this project becomes JavaScript, line for line", () => {
  const root = fileURLToPath(new URL("../../../../", import.meta.url));
  const files = ["src", "kernel", "cli"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(root, folder, name)),
  );
  for (const file of files) {
    const source = readFileSync(file, "utf8");
    const { code } = transformModule(source, file);
    expect(() => new Script(`(async () => {"use strict";${code}\n})`), file).not.toThrow();
    expect(code.split("\n").length, file).toBe(source.split("\n").length);
  }
  expect(files.length).toBeGreaterThan(200);
});

test.each<[string, string]>([
  ["import 'a';", '__thaw.check(__thaw.epoch,await __thaw.load("a"));'],
  [
    "import a from 'a';",
    'let {a,__thaw$a}=(__thaw.check(__thaw.epoch,await __thaw.bind(["default"],[],"a")))((s0)=>({a:s0.default,' +
      "__thaw$a:new(class{get v(){return s0.default}set v(w){__thaw.assign(this,w)}})}));",
  ],
  [
    "import { b as c, type D } from 'a'; c;",
    'let {c,__thaw$c}=(__thaw.check(__thaw.epoch,await __thaw.bind(["b"],["b"],"a")))((s0)=>({c:s0.b,' +
      "__thaw$c:new(class{get v(){return s0.b}set v(w){__thaw.assign(this,w)}})})); __thaw.result=(__thaw$c.v);",
  ],
  ["import * as a from 'a';", 'let a=__thaw.check(__thaw.epoch,await __thaw.namespace("a"));'],
  ["let a = import('a');", "let a = __thaw.load('a');"],
])("%s becomes a call", (typescript, javascript) => {
  expect(squeezed(typescript)).toBe(javascript);
});

test.each<[string, string]>([
  ["while (a) b();", "while (a) {__thaw.tick();b();}"],
  ["for (const a of b) { c }", "for (const a of b) {__thaw.tick(); c; }"],
  ["for await (const a of b) ;", "for await (const a of __thaw.stream(b)) {__thaw.tick();;}"],
  [
    "let a = await (await b);",
    "let a = __thaw.check(__thaw.epoch,await __thaw.hold((__thaw.check(__thaw.epoch,await __thaw.hold(b)))));",
  ],
])("%s can be interrupted", (source, javascript) => {
  expect(squeezed(source)).toBe(javascript);
});

test("every line keeps its number, whatever is taken out", () => {
  const source =
    "interface A {\n  a: number;\n}\nenum E { A, B }\n\ntype B =\n  | 1\n  | 2;\nnamespace N {\n  export const x = 1;\n}\nmark;";
  const lines = cell(source).split("\n");
  expect(lines.findIndex((line) => line.includes("mark"))).toBe(source.split("\n").indexOf("mark;"));
});

test("two statements that only a type kept apart stay apart", () => {
  expect(squeezed("a as B\n(c)")).toBe("a ; __thaw.result=((c))");
  expect(squeezed("f()\ntype A = 1\n(c)")).toContain("; ;");
});

test("a function is hoisted and can be declared again by the next cell", () => {
  expect(squeezed("f();\nfunction f(): number { return 1 }")).toBe("let f=function () { return 1 };f();");
});

test("what does not parse is refused with its place", () => {
  expect(() => cell("let a = 1;\nlet b = ;")).toThrow(
    expect.objectContaining({ place: { line: 2, column: 9, source: "In[1]" } }),
  );
});
