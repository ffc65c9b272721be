/** What a cell imports by name is the module's variable, not a copy: in its own cell and in later ones, read, called and assigned. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Client, errorText, printed, result } from "../../client.ts";

const folder = mkdtempSync(join(tmpdir(), "thaw-live-"));
let client: Client;
const counter = "export let n = 0; export function inc() { n++ }\nexport { n as default };\n";
const files: Record<string, string> = {
  "counter.ts": counter,
  "again.ts": 'export { n as count, inc } from "./counter.ts";\nexport * from "./counter.ts";\n',
  "kind.ts": "export interface Shape { side: number }\nexport type Size = number;\nexport class Box { side = 2 }\n",
  "who.ts":
    "export let who = function (this: unknown) { return typeof this };\nexport const tag = (s: TemplateStringsArray) => s[0];\nexport function change() { who = () => 'changed' }\n",
  "late.ts": "export let late: string | undefined;\nexport const set = (text: string) => { late = text };\n",
  "old.cjs": "exports.value = 1; exports.set = (value) => { exports.value = value };\n",
  "node_modules/esm/package.json": JSON.stringify({ name: "esm", type: "module", exports: "./x.js" }),
  "node_modules/esm/x.js": "export let hits = 0; export const hit = () => { hits++ };\n",
};

beforeAll(async () => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  client = await Client.start({ cwd: folder });
});
let age = 0;
beforeEach(() => {
  // modules as new, so that no test sees the variables of another
  for (const path of Object.keys(files))
    utimesSync(join(folder, path), new Date(), new Date(Date.now() + 1000 * ++age));
});
afterAll(async () => {
  await client.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The result of the last cell; an error in any of them is thrown. */
async function cells(...codes: string[]): Promise<string | undefined> {
  let last: string | undefined;
  for (const code of codes) {
    const run = await client.execute(code);
    if (run.reply.content.status !== "ok") throw new Error(errorText(run));
    last = result(run);
  }
  return last;
}

const first = "import { inc, n } from './counter.ts'; inc();";
test.each<[what: string, cells: string[], result: string]>([
  ["in the cell that imports it", [`${first} n`], "1"],
  ["in a later cell", [first, "inc(); n"], "2"],
  ["in a function of the cell, called in a later one", [`${first} const seen = () => n;`, "inc(); seen()"], "2"],
  ["in a function of a later cell", [first, "const later = () => n; inc();", "inc(); later()"], "3"],
  [
    "in a class, a default and a template",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the template is the cell's
    [first, "class C { v = n; static f(x = n) { return `${n}${x}` } } inc(); [new C().v, C.f()]"],
    "[ 2, '22' ]",
  ],
  [
    "under another name, and as the default",
    ["import zero, { inc as up, n as m } from './counter.ts'; up(); up(); [zero, m]"],
    "[ 2, 2 ]",
  ],
  [
    "through a file that exports it again",
    ["import { count, n as own, inc as up2 } from './again.ts'; up2(); [count, own]"],
    "[ 1, 1 ]",
  ],
  ["out of a package", ["import { hits, hit } from 'esm'; const before = hits; hit(); hit(); hits - before"], "2"],
  ["out of a CommonJS file", ["import { value, set as put } from './old.cjs'; put(7); value"], "7"],
  [
    "where it has no value yet",
    ["import { late, set } from './late.ts'; const was = late; set('now'); [was, late]"],
    "[ undefined, 'now' ]",
  ],
  ["as a shorthand property", [first, "inc(); ({ n })"], "{ n: 2 }"],
  [
    "a name that a block, a parameter, a catch or a loop declares is that one",
    [
      first,
      "const out = []; { let n = 5; out.push(n) } ((n) => out.push(n))(6); try { throw 7 } catch (n) { out.push(n) } for (const n of [8]) out.push(n); (function n() { out.push(typeof n) })(); [...out, n]",
    ],
    "[ 5, 6, 7, 8, 'function', 1 ]",
  ],
  [
    "property names and labels are left alone",
    [first, "n: for (;;) break n; const o = { n: 3, inc() { return 4 } }; [o.n, o.inc(), n]"],
    "[ 3, 4, 1 ]",
  ],
  [
    "types beside values",
    [
      "import { type Shape, Size, Box } from './kind.ts'; const s: Size = 2; const b: Shape = new Box(); [s, b.side]",
      "class Sub extends Box { more = 1 }; [new Sub().side, new Sub() instanceof Box]",
    ],
    "[ 2, true ]",
  ],
  [
    "a function is called without a this, and a tag is a tag",
    ["import { who, tag, change } from './who.ts'; [who(), tag`t`]", "change(); [who(), typeof who]"],
    "[ 'changed', 'function' ]",
  ],
])("%s", async (_, codes, expected) => {
  expect(await cells(...codes)).toBe(expected);
});

test("a name may be assigned: from then on all functions see the cell's value, in every form of assignment", async () => {
  await cells(first, "const read = () => n;");
  expect(await cells("n = 10; [n, read()]")).toBe("[ 10, 10 ]");
  expect(await cells("n++; n += 1; [n, read()]")).toBe("[ 12, 12 ]");
  expect(await cells("[n] = [20]; const a = n; ({ n } = { n: 30 }); ({ n = 40 } = {}); [a, n, read()]")).toBe(
    "[ 20, 40, 40 ]",
  );
  expect(await cells("for (n of [1, 2, 3]) ; [n, read()]")).toBe("[ 3, 3 ]");
});

test("a name that a later cell declares or imports anew is that one for functions of earlier cells too", async () => {
  await cells(first, "const reads = () => n;");
  expect(await cells("let n = 'own'; [n, reads()]")).toBe("[ 'own', 'own' ]");
  expect(await cells("n = 'assigned'", "reads()")).toBe("'assigned'");
  expect(await cells("import { n } from './again.ts'; inc(); [n, reads()]")).toBe("[ 2, 2 ]");
  expect(await cells("function n() { return 'called' }", "reads()()")).toBe("'called'");
});

test("a file that has changed is seen by functions of earlier cells once it is imported again", async () => {
  await cells("import { inc as step } from './counter.ts'; const run = () => step();");
  writeFileSync(join(folder, "counter.ts"), `${counter.replace("n++", "n++; return 'new'")} // longer\n`);
  expect(await cells("import { inc as step } from './counter.ts'", "run()")).toBe("'new'");
  writeFileSync(join(folder, "counter.ts"), counter);
});

test("what is not rewritten still finds the name, and no helper shows", async () => {
  await cells(first);
  expect(await cells("[eval('typeof n'), new Function('return typeof n')()]")).toBe("[ 'number', 'number' ]");
  const listed = printed(await client.execute("%who"));
  expect(listed).toMatch(/\binc\b/);
  expect(listed).not.toMatch(/__thaw/);
  expect(printed(await client.execute("inc();\n%whos"))).toMatch(/^n +number +2$/m);
  const { content } = await client.request("complete_request", { code: "__", cursor_pos: 2 });
  expect(String(content.matches)).not.toContain("__thaw$");
});

test("%reset forgets imports, and an import that failed is told by its own name", async () => {
  await cells(first, "%reset -f");
  expect(await cells("[typeof n, typeof inc]")).toBe("[ 'undefined', 'undefined' ]");
  await client.execute("import { missing } from './not-there.ts'");
  expect(errorText(await client.execute("missing"))).toMatch(/^ReferenceError: missing is not defined\n/);
});

test("an error of the loader shows the line of the cell that asked", async () => {
  for (const [code, line] of [
    ["\nimport { x } from './not-there.ts';", 2],
    ["\n\nimport { nothing } from './counter.ts';\nnothing;", 3],
    ["1;\nimport 'not-installed';", 2],
    ["function load() {\n  return require('not-installed');\n}\nload();", 2],
    ["async function get() {\n\n  return await import('./not-there.ts');\n}\nawait get();", 3],
  ] as const) {
    expect(errorText(await client.execute(code)), code).toMatch(
      new RegExp(`at .*In\\[\\d+\\]:${line}:\\d+\\)?\\n(.*\\n)?> ${line} \\|`),
    );
  }
});
