import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, errorText, printed, result } from "../../client.ts";

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
  [
    "a let, a class, a function and a var take over each other's names",
    ["let q = 1", "class q {}", "function q() { return 3 }", "var q = 4", "const q = 5", "q"],
    "5",
  ],
  [
    "a function is used above its declaration",
    ["twice(4);\nfunction twice(n: number): number { return 2 * n }", "twice(4)"],
    "8",
  ],
  ["an enum is declared again", ["enum Size { A }", "enum Size { B = 4 }", "Size"], "{ '4': 'B', B: 4 }"],
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
  ["a CommonJS package as a namespace", ["import * as cjs from 'cjs'; cjs.one"], "'one'"],
  ["the project around the notebook by its own name", ["import { me } from 'self'; me"], "'self'"],
  [
    "an import keeps up with the module",
    ["const live = await import('./lib/factor.ts'); live.grow(); live.factor"],
    "3",
  ],
  ["local files that import each other", ["import { a } from './lib/a.ts'; a()"], "'abfunction'"],
  ["a bare object literal", ["{ a: 1, b: 'two' }"], "{ a: 1, b: 'two' }"],
  ["a block is a block", ["{ let inside = 1; console.log(inside); }"], undefined],
  [
    "await using at the top, and using in a function",
    [
      "const log: string[] = []; const res = (name: string) => ({ [Symbol.dispose]() { log.push(name) } });",
      "await using late = { async [Symbol.asyncDispose]() { await null; log.push('late') } };\nfunction scoped() { using inner = res('inner'); return log.length }\nscoped();",
      "log",
    ],
    "[ 'inner', 'late' ]",
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

test.each<[what: string, code: string, result: string]>([
  ["an array", `const long = [${"1,".repeat(130_000)}]; long.length`, "130000"],
  ["the arguments of a call", `String([${"'ab', ".repeat(130_000)}].length)`, "'130000'"],
  [
    "an object",
    `Object.keys({ ${Array.from({ length: 130_000 }, (_, i) => `k${i}: ${i}`).join(", ")} }).length`,
    "130000",
  ],
  ["a sum", `${"1 + ".repeat(2000)}1`, "2001"],
  ["statements", `let steps = 0;\n${"steps++;\n".repeat(130_000)}steps`, "130000"],
])("%s of very many parts runs", async (_, code, expected) => {
  expect(await cells(code)).toBe(expected);
});

test.each<[what: string, code: string, result: string]>([
  ["assigns to module.exports", "module.exports = { a: 1 }; exports.b = 2; [module.exports.a, exports.b]", "[ 1, 2 ]"],
  ["asks whether it is the main module", "require.main === module", "true"],
  [
    "defines a property as compilers do",
    "Object.defineProperty(exports, '__esModule', { value: true }); exports.__esModule",
    "true",
  ],
  ["names itself", "[typeof __filename, typeof module.path, module.id]", "[ 'string', 'string', '.' ]"],
])("pasted CommonJS that %s runs", async (_, code, expected) => {
  expect(await cells(code)).toBe(expected);
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
