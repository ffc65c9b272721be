/**
 * What users of tslab and of Deno's kernel complain about in the language, and what was measured there: a row for each, in
 * one kernel, in a folder with packages but no types. `#47` is tslab's issue, `deno#20524` Deno's.
 */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Client, errorText, parentId, printed, type Run, result, sleep } from "../../client.ts";
import { startWarm } from "../../language/warm.ts";

const folder = mkdtempSync(join(tmpdir(), "thaw-complaints-"));
const notebook = join(folder, "notebook");
let client: Client;

const files: Record<string, string> = {
  "notebook/node_modules/esm/package.json": JSON.stringify({
    name: "esm",
    type: "module",
    exports: { ".": "./x.js", "./sub": "./y.js" },
  }),
  "notebook/node_modules/esm/x.js":
    "export const late = await Promise.resolve('late'); export default class Base { of() { return 'base' } }",
  "notebook/node_modules/esm/y.js": "export const sub = 'sub';",
  "notebook/node_modules/untyped/package.json": JSON.stringify({ name: "untyped", main: "main.js" }),
  "notebook/node_modules/untyped/main.js":
    "const all = {}; for (const n of ['one', 'two']) all[n] = n; module.exports = all;",
  "notebook/lib/step.ts":
    "import { factor } from './factor.ts';\nexport interface Step { n: number }\nexport const step = (n: number): number => n * factor;\nexport default step;\n",
  "notebook/lib/factor.ts": "export enum Kind { A = 7 }\nexport let factor: number = 2;\n",
  "notebook/data.json": '{ "rows": 3 }',
  "elsewhere/up.ts": "export const up = (n: number): number => n + 1;\n",
};

beforeAll(async () => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  client = await startWarm({ cwd: notebook });
});
afterAll(async () => {
  await client.stop();
  rmSync(folder, { recursive: true, force: true });
});

const decorator = `function twice(value: (this: D) => number, context: ClassMethodDecoratorContext) {
  return function (this: D) { return 2 * value.call(this) + String(context.name).length };
}
class D { @twice one() { return 1 } }`;
const nineLines = `interface Row {\n  a: number;\n}\n\nenum Kind { A, B }\n\nconst one: Row = { a: Kind.B };\none.a;\nthrow new Error("nine");`;
const jsx =
  "/** @jsx h */\nconst h = (tag: string, _: unknown, ...kids: unknown[]) => '<' + tag + '>' + kids.join('');\n<b>\n  {1 + 1} x\n</b>";

/** What came out: the last cell's result, else what it printed, else its error. */
function outcome(run: Run): string {
  return result(run) ?? (printed(run) || errorText(run));
}

/** Requests of all cells that ran, for their warnings. */
const warned: { readonly id: string; readonly complaint: string }[] = [];
const warningsOf = (id: string): string =>
  client.iopub
    .filter((message) => parentId(message) === id && message.content.name === "stderr")
    .map(({ content }) => String(content.text))
    .join("");

test.each<[complaint: string, cells: string[], outcome: string | RegExp]>([
  // modules
  [
    "an ESM package with top-level await (#72)",
    ["import Base, { late } from 'esm'", "new Base().of() + late"],
    "'baselate'",
  ],
  ["the same by import(), which becomes no require", ["(await import('esm')).late"], "'late'"],
  ["a subpath of an exports map (#51)", ["import { sub } from 'esm/sub'; sub"], "'sub'"],
  ["a package without types, by default (#47)", ["import untyped from 'untyped'; untyped.two"], "'two'"],
  ["its names, though Node cannot see them", ["import { two } from 'untyped'; two"], "'two'"],
  ["require", ["require('untyped').one"], "'one'"],
  ["const fs = await import(...)", ["const fs = await import('node:fs'); typeof fs.readFileSync"], "'function'"],
  ["JSON (#43)", ["import data from './data.json' with { type: 'json' }; data.rows"], "3"],
  ["an import is there in the next cell (#2)", ["import * as path from 'node:path'", "path.join('a', 'b')"], "'a/b'"],
  [
    "a local file that imports another",
    ["import twice, { step, type Step } from './lib/step'; [step(3), twice(4)]"],
    "[ 6, 8 ]",
  ],
  ["a local file by the name of what it compiles to", ["import { Kind } from './lib/factor.js'; Kind.A"], "7"],
  ["a file outside the notebook's folder (#63)", ["import { up } from '../elsewhere/up.ts'; up(1)"], "2"],
  [
    "a native module (deno#20524)",
    ["import { parseSync } from 'oxc-parser'; parseSync('a.ts', '1').errors.length"],
    "0",
  ],
  ["import.meta and __dirname", ["import.meta.url.endsWith('/notebook.ts') && __dirname === process.cwd()"], "true"],
  // variables
  [
    "a function sees the newest value of another cell's variable",
    ["let lr = 1; function at() { return lr }", "lr = 0.1", "at()"],
    "0.1",
  ],
  ["const again, as another type", ["const c = 1", "const c = 'two'", "c"], "'two'"],
  ["a class again", ["class K { x = 1 }", "class K { y = 2 }", "new K().y"], "2"],
  [
    "variables of a cell that threw",
    ["const h = [1]; let epoch = 3; throw new Error('lost?')", "[...h, epoch]"],
    "[ 1, 3 ]",
  ],
  ["export in a cell", ["export const shared = 5; export function next() { return shared + 1 }", "next()"], "6"],
  ["names that tslab takes for itself (#2)", ["let exports = 1, module = 2; exports + module"], "3"],
  // TypeScript as current
  ["await at the top", ["const seven = await Promise.resolve(7); seven"], "7"],
  ["for await alone", ["for await (const n of [1, Promise.resolve(2)]) console.log(n)"], "1\n2\n"],
  [
    "using",
    [
      "const log: string[] = []; const held = { [Symbol.dispose]() { log.push('gone') } };",
      "using first = held;",
      "log",
    ],
    "[ 'gone' ]",
  ],
  ["enum", ["enum Color { Red, Green = 'g' }", "[Color.Red, Color[0], Color.Green]"], "[ 0, 'Red', 'g' ]"],
  ["namespace", ["namespace N { export const x = 1; export function f() { return x + 1 } }", "N.f()"], "2"],
  ["satisfies with a generic type", ["const sat = { a: 1 } satisfies Record<string, number>; sat.a"], "1"],
  ["accessor", ["class Acc { accessor x = 1 }", "new Acc().x"], "1"],
  ["standard decorators, typed as such", [decorator, "new D().one()"], "5"],
  ["JSX in an ordinary cell", [jsx], "'<b>2 x'"],
  // output and errors
  ["not only the last console.log (deno#24437)", ["console.log('a'); console.log('b');"], "a\nb\n"],
  [
    "the callback of process.stdout.write",
    ["await new Promise<void>((done) => process.stdout.write('x', () => done())); 1"],
    "1",
  ],
  ["isTTY is no undefined", ["process.stdout.isTTY"], "false"],
  [
    "console, Object and Math in a folder without types (#61, #42)",
    ["console.log(Object.keys({ a: Math.PI }).length)"],
    "1\n",
  ],
  [
    "a throw on line 9 is on line 9",
    [nineLines],
    /\n {4}at In\[\d+\]:9:7\n {2}8 \| one\.a;\n> 9 \| throw new Error\("nine"\);\n {4}\| {7}\^$/,
  ],
])("%s", async (complaint, codes, expected) => {
  const runs: Run[] = [];
  for (const code of codes) {
    runs.push(await client.execute(code));
    warned.push({ id: parentId(runs.at(-1)?.reply as Run["reply"]), complaint });
  }
  const last = outcome(runs.at(-1) as Run);
  if (typeof expected === "string") expect(last).toBe(expected);
  else expect(last).toMatch(expected);
});

test("none of these cells has a type warning", async () => {
  const sentinel = parentId((await client.execute('{ const n: number = ""; }')).reply);
  await client.until(() => warningsOf(sentinel) !== "", 60_000, "the last check");
  expect(warned.length).toBeGreaterThan(40);
  expect(
    warned.filter(({ id }) => warningsOf(id) !== "").map(({ id, complaint }) => [complaint, warningsOf(id)]),
  ).toEqual([]);
});

test("a type error runs, and is told (#54, #103, deno#20524)", async () => {
  const run = await client.execute("const wrong: number = 'text'; wrong");
  expect(result(run)).toBe("'text'");
  await client.until(() => warningsOf(parentId(run.reply)).includes("TS2322"));
});

test("what an interrupted cell has declared is there", async () => {
  const id = client.start("const losses: number[] = []; await 1; while (true) losses.push(1);");
  await sleep(300);
  await client.request("interrupt_request", {}, "control");
  expect(errorText(await client.finish(id))).toMatch(/^KernelInterrupt/);
  expect(outcome(await client.execute("losses.length > 0"))).toBe("true");
});

test("a local file is loaded again when it, or a file below it, has changed", async () => {
  const path = join(notebook, "lib/factor.ts");
  expect(outcome(await client.execute("import { step as before } from './lib/step.ts'; before(1)"))).toBe("2");
  writeFileSync(path, "export const factor = 100;\n");
  utimesSync(path, new Date(), new Date(Date.now() + 5000));
  expect(outcome(await client.execute("import { step as after } from './lib/step.ts'; after(1)"))).toBe("100");
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
