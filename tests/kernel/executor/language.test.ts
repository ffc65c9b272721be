import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, errorText, printed, result } from "../client.ts";

let client: Client;
const folder = mkdtempSync(join(tmpdir(), "thaw-notebook-"));

beforeAll(async () => {
  const file = (path: string, text: string) => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  file("package.json", JSON.stringify({ name: "self", type: "module", exports: { ".": "./self.js" } }));
  file("self.js", "export const me = 'self';");
  file(
    "node_modules/esm/package.json",
    JSON.stringify({ name: "esm", type: "module", exports: { ".": "./x.js", "./sub": "./y.js" } }),
  );
  file("node_modules/esm/x.js", "export const late = await Promise.resolve('late'); export default class Base {}");
  file("node_modules/esm/y.js", "export const sub = 'sub';");
  file("node_modules/cjs/package.json", JSON.stringify({ name: "cjs", main: "main.js" }));
  file(
    "node_modules/cjs/main.js",
    "const all = {}; for (const name of ['one', 'two']) all[name] = name; module.exports = all;",
  );
  file(
    "lib/step.ts",
    "import { factor } from './factor.ts';\nexport interface Step { n: number }\nexport const step = (n: number): number => n * factor;\nexport default step;\n",
  );
  file(
    "lib/factor.ts",
    "export enum Kind { A = 7 }\nexport let factor: number = 2;\nexport function grow() { factor++ }\n",
  );
  file("lib/a.ts", "import { b } from './b.ts';\nexport const a = () => 'a' + b();\n");
  file("lib/b.ts", "import * as all from './a.ts';\nexport const b = () => 'b' + typeof all.a;\n");
  file("lib/bad.ts", "export function bad(): never {\n\n  throw new RangeError('from a file');\n}\n");
  file("data.json", '{ "rows": 3 }');
  client = await Client.start({ cwd: folder });
});
afterAll(async () => {
  await client.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The result of the last of several cells; an error in any of them is thrown. */
async function cells(...codes: string[]): Promise<string | undefined> {
  let last: string | undefined;
  for (const code of codes) {
    const run = await client.execute(code);
    if (run.reply.content.status !== "ok") throw new Error(errorText(run));
    last = result(run);
  }
  return last;
}

test.each<[sentence: string, cells: string[], result: string | undefined]>([
  ["a const is declared again", ["const c = 1", "const c = 2", "c"], "2"],
  [
    "a let, a class, a function and a var take over each other's names",
    ["let q = 1", "class q {}", "function q() { return 3 }", "var q = 4", "const q = 5", "q"],
    "5",
  ],
  [
    "a function sees the newest value of another cell's variable",
    ["let lr = 1; function step() { return lr }", "lr = 0.1", "step()"],
    "0.1",
  ],
  [
    "a function is used above its declaration",
    ["twice(4);\nfunction twice(n: number): number { return 2 * n }", "twice(4)"],
    "8",
  ],
  ["a promise is awaited at the top", ["const seven = await Promise.resolve(7); seven"], "7"],
  ["a for await at the top", ["let sum = 0; for await (const n of [1, Promise.resolve(2)]) sum += n; sum"], "3"],
  ["an enum", ["enum Color { Red, Green = 'g' }", "[Color.Red, Color[0], Color.Green]"], "[ 0, 'Red', 'g' ]"],
  ["an enum is declared again", ["enum Size { A }", "enum Size { B = 4 }", "Size"], "{ '4': 'B', B: 4 }"],
  ["a namespace", ["namespace N { export const x = 1; export function f() { return x + 1 } }", "N.f()"], "2"],
  [
    "parameter properties",
    ["class P { constructor(private q: number, readonly r = 2) {} get s() { return this.q + this.r } }", "new P(1).s"],
    "3",
  ],
  [
    "generics and overloads",
    [
      "function id(x: string): string;\nfunction id<T>(x: T): T;\nfunction id(x: unknown) { return x }",
      "id<number>(5)",
    ],
    "5",
  ],
  [
    "a decorator",
    [
      "const twice2 = (f: any, _: unknown) => function (this: any) { return 2 * f.call(this) };\nclass D { @twice2 one() { return 1 } }",
      "new D().one()",
    ],
    "2",
  ],
  [
    "an ESM package with top-level await",
    ["import Base, { late } from 'esm'", "[late, typeof Base]"],
    "[ 'late', 'function' ]",
  ],
  ["a subpath of an exports map", ["import { sub } from 'esm/sub'; sub"], "'sub'"],
  ["import() of a package", ["(await import('esm')).late"], "'late'"],
  ["a CommonJS package by name", ["import { two } from 'cjs'; two"], "'two'"],
  ["a CommonJS package as a namespace", ["import * as cjs from 'cjs'; cjs.one"], "'one'"],
  ["a CommonJS package by default", ["import cjs2 from 'cjs'; cjs2.two"], "'two'"],
  ["the project around the notebook by its own name", ["import { me } from 'self'; me"], "'self'"],
  ["require", ["require('cjs').one"], "'one'"],
  ["JSON", ["import data from './data.json' with { type: 'json' }; data.rows"], "3"],
  [
    "a local TypeScript file that imports another",
    ["import step2, { step as s, type Step } from './lib/step'; [s(3), step2(4)]"],
    "[ 6, 8 ]",
  ],
  ["a local file by the name of what it compiles to", ["import { Kind } from './lib/factor.js'; Kind.A"], "7"],
  [
    "an import keeps up with the module",
    ["const live = await import('./lib/factor.ts'); live.grow(); live.factor"],
    "3",
  ],
  ["local files that import each other", ["import { a } from './lib/a.ts'; a()"], "'abfunction'"],
  ["import.meta and __dirname", ["import.meta.url.endsWith('/notebook.ts') && __dirname === process.cwd()"], "true"],
  ["a bare object literal", ["{ a: 1, b: 'two' }"], "{ a: 1, b: 'two' }"],
  ["a block is a block", ["{ let inside = 1; console.log(inside); }"], undefined],
  [
    "using at the top: disposed of when the cell ends, still readable, last first",
    [
      "let log: string[] = []; const res = (name: string) => ({ name, [Symbol.dispose]() { log.push(name) } });",
      "using first = res('first'), second = res('second'); log.push('body');",
      "[...log, first.name]",
    ],
    "[ 'body', 'second', 'first', 'first' ]",
  ],
  [
    "await using at the top, and using in a function",
    [
      "log = []; await using late = { async [Symbol.asyncDispose]() { await null; log.push('late') } };\nfunction scoped() { using inner = res('inner'); return log.length }\nscoped();",
      "log",
    ],
    "[ 'inner', 'late' ]",
  ],
  [
    "JSX through a pragma",
    [
      "/** @jsx h */\nconst h = (tag: string, _: unknown, ...kids: unknown[]) => '<' + tag + '>' + kids.join('') + '</' + tag + '>';\n<b>\n  {1 + 1} x\n</b>",
    ],
    "'<b>2 x</b>'",
  ],
  ["a package under the name that Deno gives it", ["import { two as deno } from 'npm:cjs@1.2'; deno"], "'two'"],
  ["nothing for undefined", ["undefined"], undefined],
  ["null is something", ["null"], "null"],
  ["a value in front of a semicolon", ["40 + 2;"], "42"],
  ["a declaration has no value", ["const declared = 1"], undefined],
  [
    "an async rich result",
    ["({ async [Symbol.for('Jupyter.display')]() { return { 'text/plain': 'rich' } } })"],
    "rich",
  ],
])("%s", async (_, codes, expected) => {
  expect(await cells(...codes)).toBe(expected);
});

test("variables of a cell that throws are kept", async () => {
  await client.execute("const history = [1, 2];\nlet epoch = 3;\nthrow new Error('lost?')");
  expect(await cells("[...history, epoch]")).toBe("[ 1, 2, 3 ]");
});

test("a const whose value failed is declared again", async () => {
  await client.execute("const model = await Promise.reject(new Error('no file'))");
  expect(await cells("const model = 1; model")).toBe("1");
});

test.each<[string, string, RegExp]>([
  [
    "an error whose message cannot be read",
    "throw { get message() { throw 1 }, [Symbol.toStringTag]: 'Error' }",
    /^Thrown/,
  ],
  ["a proxy", "throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 1 } })", /^Thrown/],
  ["a stack that overflows", "const dive = (): number => 1 + dive(); dive()", /^RangeError: Maximum call stack/],
  ["a missing name", "nowhere", /^ReferenceError: nowhere is not defined/],
])("%s is the cell's error, and the next cell runs", async (_, code, error) => {
  expect(errorText(await client.execute(code))).toMatch(error);
  expect(await cells("1 + 1")).toBe("2");
});

test("a local file is loaded again when it, or a file below it, has changed", async () => {
  const path = join(folder, "lib/factor.ts");
  expect(await cells("import { step as before } from './lib/step.ts'; before(1)")).toBeDefined();
  writeFileSync(path, "export const factor = 100;\n");
  utimesSync(path, new Date(), new Date(Date.now() + 5000));
  expect(await cells("import { step as after } from './lib/step.ts'; after(1)")).toBe("100");
});

test("a name that a module does not export is refused where it is used", async () => {
  const run = await client.execute("import { lost } from 'esm';\nlost();");
  expect(errorText(run)).toContain("'esm' does not provide an export named 'lost'");
});

test("a module that is not there is named", async () => {
  expect(errorText(await client.execute("import 'not-there'"))).toContain("not-there");
  expect(errorText(await client.execute("import 'not-there'"))).toContain("npm install not-there");
  expect(errorText(await client.execute("import 'jsr:@std/assert'"))).toContain("packages come from npm here");
  expect(errorText(await client.execute("import './not-there'"))).toContain("Cannot find module './not-there'");
});

test("an error shows the cell's own lines, two of them, and a caret", async () => {
  const code =
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the template is the cell's
    "interface Row {\n  a: number;\n}\n\nfunction bad(row: Row): never {\n  throw new TypeError(`row ${row.a}`);\n}\nbad({ a: 1 } as Row);";
  const run = await client.execute(code);
  const n = run.reply.content.execution_count;
  expect(errorText(run)).toBe(
    [
      "TypeError: row 1",
      "TypeError: row 1",
      `    at bad (In[${n}]:6:9)`,
      "  5 | function bad(row: Row): never {",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the template is the cell's
      "> 6 |   throw new TypeError(`row ${row.a}`);",
      "    |         ^",
      `    at In[${n}]:8:1`,
    ].join("\n"),
  );
  expect(run.reply.content).toMatchObject({ status: "error", ename: "TypeError", evalue: "row 1" });
});

test("columns are the cell's own where the kernel has written into the line", async () => {
  const text = errorText(await client.execute("for (const n of [1]) { await n; null.x; }"));
  expect(text).toMatch(/In\[\d+\]:1:38/);
});

test("an error in a local file shows that file's line; a cause follows its error", async () => {
  const text = errorText(
    await client.execute(
      "import { bad } from './lib/bad.ts';\ntry { bad() } catch (cause) { throw new Error('outer', { cause }) }",
    ),
  );
  expect(text).toMatch(/^Error: outer\n/);
  expect(text).toMatch(
    /Caused by: RangeError: from a file\n {4}at bad \(.*lib\/bad\.ts:3:9\)\n {2}2 \| \n> 3 \| {3}throw/,
  );
  expect(text).not.toMatch(/dist\/kernel|node:internal|node:inspector/);
});

test("a syntax error shows its place", async () => {
  expect(errorText(await client.execute("const x = 1;\nconst a = ;"))).toMatch(
    /^SyntaxError: .*\n.*\n {4}at In\[\d+\]:2:11\n {2}1 \| const x = 1;\n> 2 \|/,
  );
});

test("code that is nested too deeply is refused, and the kernel lives", async () => {
  for (const code of ["[".repeat(100_000), "a?b:".repeat(50_000), `${"(".repeat(20_000)}1${")".repeat(20_000)}`]) {
    expect(errorText(await client.execute(code))).toMatch(/^(SyntaxError|RangeError)/);
  }
  expect(await cells("1 + 1")).toBe("2");
});

test("what is thrown need not be an error", async () => {
  expect(errorText(await client.execute("throw 5"))).toMatch(/^Thrown: 5/);
  expect(errorText(await client.execute("await Promise.reject()"))).toMatch(/^Thrown: undefined/);
});

test("an error nobody caught, in a timer or a promise, is printed and the kernel lives", async () => {
  const run = await client.execute(
    "setTimeout(() => { throw new Error('in a timer') }); void Promise.reject(new Error('alone'));\nawait new Promise((done) => setTimeout(done, 30))",
  );
  expect(printed(run, "stderr")).toMatch(/Uncaught Error: in a timer/);
  expect(printed(run, "stderr")).toMatch(/Unhandled rejection: Error: alone/);
});
