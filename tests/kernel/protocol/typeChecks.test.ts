import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Client, errorText, parentId, sleep } from "../client.ts";
import { startWarm } from "../language/warm.ts";

let client: Client;
const folder = mkdtempSync(join(tmpdir(), "thaw-types-"));
beforeAll(async () => {
  client = await startWarm({ cwd: folder });
});
afterAll(async () => {
  await client.stop();
  rmSync(folder, { recursive: true });
});

/** What stands on stderr under the cell with this request, now. */
function warnings(id: string): string {
  return client.iopub
    .filter((message) => parentId(message) === id && message.content.name === "stderr")
    .map((message) => String(message.content.text))
    .join("");
}

/** Runs cells; a last one with an error of its own says when all before it have been checked. Returns their warnings. */
async function check(...cells: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const code of cells) ids.push(String((await client.execute(code)).reply.parentHeader.msg_id));
  const sentinel = String((await client.execute('{ const n: number = ""; }')).reply.parentHeader.msg_id);
  await client.until(() => warnings(sentinel) !== "", 20_000, "the last check");
  return ids.map(warnings);
}

test("a type error is a warning under its own cell, with place, code and the line", async () => {
  const started = performance.now();
  const [first = "", second = "", third] = await check(
    "let size: number = 1;\nsize = 'large';",
    "const n = size + 1;\nn.toUpperCase(); // runs, and throws",
    "size = 3; const wide: number = size;",
  );
  console.log(`kernel: four cells were checked ${(performance.now() - started).toFixed(0)} ms after the first began`);
  expect(first).toMatch(
    /^Types: 1 warning in In\[\d+\]\nIn\[\d+\]:2:1 TS2322: Type 'string' is not assignable to type 'number'\.\n {2}1 \| let size: number = 1;\n> 2 \| size = 'large';\n {4}\| \^\n$/,
  );
  expect(second).toContain("TS2339: Property 'toUpperCase' does not exist on type 'number'.");
  expect(third).toBe("");
});

test.each<[what: string, cells: string[], warning: RegExp]>([
  [
    "a constant assigned in a later cell",
    ["const rate = 0.1", "rate = 0.2;"],
    /In\[\d+\]:1:1 TS2588: Cannot assign to 'rate'/,
  ],
  [
    "a constant counted up in a function of a later cell",
    ["export const steps = 1", "function next() {\n  steps++;\n}"],
    /:2:3 TS2588: Cannot assign to 'steps'/,
  ],
  ["a constant that is taken apart into", ["const [low] = [1]", "[low] = [2];"], /TS2588: Cannot assign to 'low'/],
  ["a constant of the same cell", ["const seed = 1;\nseed = 2;"], /:2:1 TS2588/],
])("a warning for %s, which runs all the same", async (_, cells, expected) => {
  const found = await check(...cells);
  expect(found.at(-1)).toMatch(expected);
  expect(found.slice(0, -1).join("")).toBe("");
});

test.each<[what: string, cells: string[]]>([
  ["redeclaration", ["const a = 1; class B { x = 1 }", "const a = 'one'; class B { y = 2 }", "a.length; new B().y"]],
  [
    "types, generics, enums, namespaces",
    [
      "interface P { n: number } type Q<T> = { v: T }; enum E { A } namespace N { export type T = 1; export const t = 1 }",
      "const p: P = { n: 1 }; const q: Q<P> = { v: p }; const e: E = E.A; const t: N.T = N.t;",
    ],
  ],
  [
    "a type beside a value of that name",
    ["const Row = { n: 1 }", "type Row = typeof Row", "const row: Row = Row; Row.n + row.n"],
  ],
  ["an interface that changes", ["interface I { a: 1 }", "interface I { b: 1 }", "const i: I = { b: 1 }"]],
  ["what is put on globalThis", ["globalThis.kept = 41;", "kept + 1"]],
  ["a module without types", ["const m = await import('magic-string'); m", "import x from 'falafel'; x.y"]],
  [
    "imports used later",
    ["import { join } from 'node:path'; import * as os from 'node:os'", "join('a', 'b'); os.cpus().length"],
  ],
  ["variables that were assigned since", ["let best: string | undefined;", "best = 'x'", "best.length"]],
  ["a failed cell's declarations", ["const kept1: number[] = []; throw new Error('stop')", "kept1.push(1)"]],
  ["a cell with a syntax error", ["const broken: = 1", "const fine = 1"]],
  [
    "destructuring and var",
    [
      "var { d: [f1, ...g1], ...h1 } = { d: [1, 2], z: 1 }; if (true) { var inner = 1 }",
      "f1 + g1.length + h1.z + inner",
    ],
  ],
  ["await, for await and unused expressions", ["await 1; for await (const x of [1]) x; (1, 2);"]],
  [
    "what the kernel puts in place",
    [
      "display.html(\"<b>x</b>\").update(1); clearOutput({ wait: true }); const p9 = params({ n: 1 }); p9.n.toFixed(); input; password; Jupyter.comms; Deno.jupyter; require('node:fs'); __dirname; import.meta.url",
    ],
  ],
  [
    "a sketch without types",
    ["function sketch(a, b) { try { return a.x + b } catch (e) { e.message } } let list = []; list.push(1)"],
  ],
])("no warning for %s", async (_, cells) => {
  expect(await check(...cells)).toEqual(cells.map(() => ""));
});

test("types of browsers are known from the first cell on that uses one", async () => {
  const [drawn = "", page, mistake] = await check(
    "function draw(into: HTMLElement) { into.innerHTML.nothing }",
    "const inPage = () => document.title.length + window.innerWidth",
    "() => noSuchName",
  );
  expect(drawn).toContain("Property 'nothing' does not exist on type 'string'");
  expect(page).toBe("");
  expect(mistake).toContain("Cannot find name 'noSuchName'");
});

test.each([
  "new URL('http://a/')",
  "await fetch('data:,x')",
  "AbortSignal.timeout(1)",
  "structuredClone(new Blob([]))",
])("%s has the type that Node gives it", async (expression) => {
  expect(await check(`(${expression}).nothing`)).toEqual([
    expect.stringContaining("Property 'nothing' does not exist"),
  ]);
});

test("magics are no TypeScript, and what stands beside them is", async () => {
  const [timed, shell, whole] = await check(
    "%time const timed: number = 'x'",
    "const listing: string[] = !ls\nlisting.length",
    "%%bash\necho hello",
  );
  expect(timed).toContain("TS2322");
  expect([shell, whole]).toEqual(["", ""]);
});

test("%types chooses what happens, from the next cell on", async () => {
  await client.execute("%types strict");
  expect(errorText(await client.execute("const s: number = 's'"))).toContain("TypeScriptError");
  await client.execute("%types off");
  const run = await client.execute("const s: number = 's'");
  expect(run.reply.content.status).toBe("ok");
  await client.execute("%types warn");
  await check();
  expect(warnings(String(run.reply.parentHeader.msg_id))).toBe("");
});

test("name? shows signature, doc comment and value", async () => {
  await client.execute("/** How many. */\nconst quantity: number = 3");
  const { payload } = (await client.execute("quantity?")).reply.content as {
    payload: { data: Record<string, string> }[];
  };
  expect(payload[0]?.data["text/plain"]).toBe("const quantity: number\n\nHow many.\n\nvalue: 3");
});

test("a missing name in a cell that failed is left to the error", async () => {
  expect(await check("missingName + 1", "() => missingToo")).toEqual([
    "",
    expect.stringContaining("Cannot find name 'missingToo'."),
  ]);
});

test("a long cell has its warnings before it ends", async () => {
  const { messages } = await client.execute(
    "const long: string = 1; await new Promise((resolve) => setTimeout(resolve, 3000));",
  );
  const kinds = messages.map(({ header, content }) =>
    `${header.msg_type} ${content.name ?? content.execution_state ?? ""}`.trim(),
  );
  expect(kinds).toEqual(["status busy", "execute_input", "stream stderr", "status idle"]);
});

test("a tsconfig.json of the notebook's folder is heard", async () => {
  const strict = mkdtempSync(join(tmpdir(), "thaw-strict-"));
  writeFileSync(join(strict, "tsconfig.json"), '{ "compilerOptions": { "strict": true } }');
  const other = await startWarm({ cwd: strict, env: { THAW_TYPES: "strict" } });
  try {
    const refused = await other.execute("let before = 1; function f(x) { return x }");
    expect(errorText(refused)).toMatch(
      /^TypeScriptError: In\[1\] has a type error and was not run[\s\S]*TS7006[\s\S]*\^$/,
    );
    expect(refused.reply.content).toMatchObject({ status: "error", ename: "TypeScriptError" });
    expect(errorText(await other.execute("before"))).toContain("Cannot find name 'before'");
    expect(errorText(await other.execute("function f(x: number) { return x } f(1)"))).toBe("");
  } finally {
    await other.stop();
    rmSync(strict, { recursive: true });
  }
});

test("with THAW_TYPES=off nothing is said", async () => {
  const other = await startWarm({ cwd: folder, env: { THAW_TYPES: "off" } });
  await other.execute("const n: number = 'x'");
  await sleep(1500);
  expect(other.iopub.filter(({ header }) => header.msg_type === "stream")).toEqual([]);
  await other.stop();
});
