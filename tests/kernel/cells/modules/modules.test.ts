/** What cells and the notebook's own files import and require. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, errorText, result, sleep } from "../../client.ts";

const folder = mkdtempSync(join(tmpdir(), "thaw-modules-"));
const notebook = join(folder, "notebook");
let client: Client;

const packageJson = (name: string, more: object = {}): string => JSON.stringify({ name, ...more });
const files: Record<string, string> = {
  "notebook/node_modules/esm/package.json": packageJson("esm", { type: "module", exports: { import: "./x.js" } }),
  "notebook/node_modules/esm/x.js": "export const late = await Promise.resolve('late');",
  "path/node_modules/on-path/package.json": packageJson("on-path", { type: "module", exports: { import: "./x.js" } }),
  "path/node_modules/on-path/x.js": "export default 'on NODE_PATH';",
  "odd/plain/index.js": "module.exports = 'in a folder of any name';",
  "home/.npmrc": "prefix=~/.npm-global\n",
  "home/.npm-global/lib/node_modules/at-home/index.js": "exports.home = 'by .npmrc';",
  "global/lib/node_modules/everywhere/package.json": packageJson("everywhere", { type: "module", exports: "./x.js" }),
  "global/lib/node_modules/everywhere/x.js": "export default 'global'; export const twice = (n) => 2 * n;",
  "notebook/lib/a.js": `import { b, count, grow } from "./b.js"
export const a = () => "a" + b()
grow()
export const seen = count
const told = { count, b: 1 }
label()
function label() { const count = 5; return count }
export { told, b as again }
export function shadow(b, { count = 3 } = {}) { for (const grow of [1]) { b += grow } return b + count }
`,
  "notebook/lib/b.js": `import { a } from "./a.js";
export let count = 0;
export function grow() { count++ }
export const b = () => "b" + typeof a;
`,
  "notebook/lib/who.ts":
    "export function who(this: unknown) { return String(this) }\nexport const tag = (s: TemplateStringsArray) => s[0];\nexport default class { v = 7 }\n",
  "notebook/lib/uses.ts":
    "#!/usr/bin/env node\nimport { who, tag as t, default as D } from './who'\nconst x = 1\nwho()\nexport const all = [who(), t`q`, new D().v] as Array<unknown>\nswitch (x) { case 1: who() }\n",
  "notebook/lib/main.cjs": "const { v } = require('./part.cjs'); exports.v = v + 1;",
  "notebook/lib/part.cjs": "exports.v = 1;",
  "notebook/lib/fn.js": "module.exports = () => 9; module.exports.extra = 1;",
  "notebook/lib/data.json": '{ "k": 1 }',
  "notebook/lib/mixed.ts":
    "import data from './data.json' with { type: 'json' }; import { v } from './main.cjs'; export const all = [data.k, v];",
  "notebook/lib/waits.ts": "export const t = await 1;",
  "notebook/lib/over.ts": "import { t } from './waits.ts'; export default t + 1;",
  "notebook/lib/alone.ts": "export const t = await 1;",
  "notebook/lib/above.ts": "import { t } from './alone.ts'; export default t + 1;",
  "notebook/lib/enums.ts": "export enum Kind { A = 7 }\nconst own: number = require('./fn').extra;\nexport { own };",
  "notebook/lib/equals.ts": "class Z { z = 3 }\nexport = Z;",
  "notebook/lib/bad.js": "import './b.js';\nexport const bad = () => {\n  throw new RangeError('from a file');\n};\n",
};

beforeAll(async () => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const env = {
    NODE_PATH: [join(folder, "path", "node_modules"), join(folder, "odd")].join(":"),
    npm_config_prefix: join(folder, "global"),
    HOME: join(folder, "home"),
    npm_config_userconfig: join(folder, "home", ".npmrc"),
  };
  client = await Client.start({ cwd: notebook, env });
});
afterAll(async () => {
  await client.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The result of a cell; its error is thrown. */
async function value(code: string): Promise<string | undefined> {
  const run = await client.execute(code);
  if (run.reply.content.status !== "ok") throw new Error(errorText(run));
  return result(run);
}

/** Changes a file, to be seen by the clock too. */
function write(path: string, text: string): void {
  writeFileSync(join(notebook, path), text);
  utimesSync(join(notebook, path), new Date(), new Date(Date.now() + 5000));
}

test.each<[sentence: string, code: string, result: string]>([
  [
    "local JavaScript files that import each other see each other's variables as they are",
    "import { a, seen, told, again, shadow } from './lib/a.js'; [a(), seen, told, again(), shadow(1)]",
    "[ 'abfunction', 1, { count: 1, b: 1 }, 'bfunction', 5 ]",
  ],
  [
    "imported functions are called without a `this`, imported tags and classes work",
    "import { all } from './lib/uses'; all",
    "[ 'undefined', 'q', 7 ]",
  ],
  [
    "require of a local TypeScript file",
    "const { Kind, own } = require('./lib/enums.ts'); [Kind.A, own, require('./lib/enums').Kind === Kind]",
    "[ 7, 1, true ]",
  ],
  ["one module, imported or required", "require('./lib/who.ts') === await import('./lib/who.ts')", "true"],
  ["export = is what require gives", "new (require('./lib/equals.ts'))().z", "3"],
  ["a local CommonJS file, imported", "import fn, { extra } from './lib/fn.js'; [fn(), extra]", "[ 9, 1 ]"],
  ["one CommonJS module too", "import m from './lib/main.cjs'; m === require('./lib/main')", "true"],
  ["a module as a value", "await import('./lib/over.ts')", "[Module: null prototype] { default: 2 }"],
  ["an ESM package on NODE_PATH", "import onPath from 'on-path'; onPath", "'on NODE_PATH'"],
  ["a folder of NODE_PATH with another name", "import odd from 'plain'; odd", "'in a folder of any name'"],
  ["npm's global folder", "import everywhere, { twice } from 'everywhere'; [everywhere, twice(2)]", "[ 'global', 4 ]"],
  ["the prefix of .npmrc", "import { home } from 'at-home'; home", "'by .npmrc'"],
  ["require from there", "require('everywhere').default", "'global'"],
  ["a builtin", "require('fs') === (await import('node:fs')).default", "true"],
])("%s", async (_, code, expected) => {
  expect(await value(code)).toBe(expected);
});

test.each<[specifier: string, path: string]>([
  ["./lib/who", "notebook/lib/who.ts"],
  ["./lib/uses.js", "notebook/lib/uses.ts"],
  ["./not/there.csv", "notebook/not/there.csv"],
  ["esm", "notebook/node_modules/esm/x.js"],
  ["everywhere", "global/lib/node_modules/everywhere/x.js"],
])("import.meta.resolve of %s", async (specifier, path) => {
  expect(await value(`import.meta.resolve('${specifier}')`)).toBe(`'file://${join(folder, path)}'`);
});

test("import.meta.resolve of a builtin and of what is not installed", async () => {
  expect(await value("import.meta.resolve('fs')")).toBe("'node:fs'");
  expect(errorText(await client.execute("import.meta.resolve('not-there')"))).toContain("npm install not-there");
});

test("import.meta of a cell is the notebook's, and so is __dirname", async () => {
  expect(await value("[import.meta.dirname, import.meta.filename, __dirname, __filename]")).toBe(
    `[\n  '${notebook}',\n  '${notebook}/notebook.ts',\n  '${notebook}',\n  '${notebook}/notebook.ts'\n]`,
  );
});

test("JavaScript, CommonJS and JSON are loaded again when they, or what they import, have changed", async () => {
  expect(await value("import { all as before } from './lib/mixed.ts'; before")).toBe("[ 1, 2 ]");
  write("lib/part.cjs", "exports.v = 10;");
  expect(await value("import { v } from './lib/main.cjs'; [v, require('./lib/main.cjs').v]")).toBe("[ 11, 11 ]");
  write("lib/data.json", '{ "k": 100 }');
  expect(await value("import { all as after } from './lib/mixed.ts'; after")).toBe("[ 100, 11 ]");
  write("lib/b.js", "export const b = () => 'new'; export const count = 0; export const grow = () => {};");
  expect(await value("import { a as renewed } from './lib/a.js'; renewed()")).toBe("'anew'");
});

test.each<[what: string, file: string, text: string, again: string]>([
  ["a timer", "slow.ts", "await new Promise((done) => setTimeout(done, 1500)); export const v = 1;", "1"],
  [
    "a timer of node:timers/promises, in a file that another imports",
    "outer.ts",
    "export { v } from './inner.ts';",
    "2",
  ],
  ["a stream of events", "events.ts", "for await (const _ of ticks(1500)) break; export const v = 3;", "3"],
])("an import that was stopped while it waited for %s begins anew", async (_, file, text, again) => {
  write("inner.ts", "import { setTimeout as wait } from 'node:timers/promises'; await wait(1500); export const v = 2;");
  write(file, `import { setInterval as ticks } from 'node:timers/promises';\n${text}`);
  const id = client.start(`import { v as stopped } from './${file}'; stopped`);
  await sleep(400);
  await client.request("interrupt_request", {}, "control");
  expect(errorText(await client.finish(id))).toMatch(/^KernelInterrupt/);
  expect(await value(`import { v as stopped } from './${file}'; stopped`)).toBe(again);
});

test.each([
  ["process.chdir", `process.chdir(${JSON.stringify(tmpdir())})`],
  ["%cd", `%cd ${tmpdir()}`],
  [
    "a folder that is gone",
    "const gone = require('fs').mkdtempSync('/tmp/thaw-gone-'); process.chdir(gone); require('fs').rmdirSync(gone)",
  ],
])("names are looked up from the notebook's folder after %s", async (_, move) => {
  await client.execute(move);
  expect(await value("(await import('esm')).late")).toBe("'late'");
  expect(await value("require.resolve('./lib/fn.js')")).toBe(`'${notebook}/lib/fn.js'`);
  expect(await value("import fn from './lib/fn.js'; fn()")).toBe("9");
  expect(await value("__dirname")).toBe(`'${notebook}'`);
  await client.execute(`process.chdir(${JSON.stringify(notebook)})`);
});

test("a file that waits can be imported, not required", async () => {
  const text = errorText(await client.execute("require('./lib/above.ts')"));
  expect(text).toMatch(/^Error: require\(\) cannot load .*alone\.ts.*Use await import\(\)/);
  expect(text).toMatch(/at .*lib\/above\.ts:1:1\n> 1 \| import { t }/);
  expect(await value("(await import('./lib/above.ts')).default")).toBe("2");
});

test("an error in a local JavaScript file shows that file's line", async () => {
  expect(errorText(await client.execute("import { bad } from './lib/bad.js';\nbad()"))).toMatch(
    /^RangeError: from a file\n.*\n {4}at bad \(.*lib\/bad\.js:3:9\)\n {2}2 \| .*\n> 3 \| {3}throw/,
  );
});
