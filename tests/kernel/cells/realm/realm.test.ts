/** The kernel's code runs on a global object of its own: whatever a cell does to the built-ins, the kernel answers, and what it gives to cells is made of theirs. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseSync, Visitor } from "oxc-parser";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, errorText, printed, result } from "../../client.ts";
import { kit, patches } from "../../patches.ts";

const folder = mkdtempSync(join(tmpdir(), "thaw-realm-"));
let client: Client;
beforeAll(async () => {
  writeFileSync(join(folder, "twice.ts"), "export const twice = (n: number): number => 2 * n;\n");
  client = await Client.start({ cwd: folder, env: { THAW_TYPES: "off" } });
  expect(errorText(await client.execute(kit))).toBe("");
});
afterAll(async () => {
  await client.stop();
  rmSync(folder, { recursive: true, force: true });
});

test.each(patches)(
  "after a cell where $what the next cells run, an error is told, and %reset resets",
  async ({ code }) => {
    await client.execute(code);
    expect(result(await client.execute("const six: number = 6;\nsix * 7"))).toBe("42");
    expect(errorText(await client.execute("1;\nnull.x"))).toMatch(
      /^TypeError: Cannot read properties of null \(reading 'x'\)/,
    );
    expect(printed(await client.execute("%reset -f"))).toMatch(/undefined now/);
    await client.execute("kit.restore()");
    expect(result(await client.execute("[{ a: 1, b: 2 }, { a: 3, b: 4 }].map((row) => ({ ...row, c: 5 }))"))).toContain(
      "2 rows × 3 columns",
    );
  },
);

test("several at once do not either, and Stop still stops", async () => {
  await client.execute(
    "for (const p of [Map.prototype, Promise.prototype, Function.prototype, String.prototype]) kit.methods(p); kit.methods(Array.prototype, 'pop')",
  );
  for (const code of ["while (true) {}", "await new Promise(() => {})"]) {
    const id = client.start(code);
    await new Promise((done) => setTimeout(done, 150));
    await client.request("interrupt_request", {}, "control");
    expect(errorText(await client.finish(id))).toMatch(/^KernelInterrupt/);
  }
  await client.execute("kit.restore()");
  expect(result(await client.execute("import { twice } from './twice.ts'; [1].map(twice)"))).toBe("[ 2 ]");
});

test.each<[what: string, code: string]>([
  ["a promise of import()", "import('node:fs') instanceof Promise"],
  ["a promise of a timer", "import { setTimeout as wait } from 'node:timers/promises'; wait(1) instanceof Promise"],
  [
    "functions of the kernel",
    "[display, params, input, clearOutput, setTimeout, require, process.exit].every((f) => f instanceof Function)",
  ],
  ["module and exports", "module instanceof Object && module.exports instanceof Object && exports === module.exports"],
  ["the lines of a command", "const lines = !echo one; echo two\nlines instanceof Array && lines.length === 2"],
  ["parameters", "Object.getPrototypeOf(params({ a: 1 })) === Object.prototype"],
  ["the environment", "const all = %env\nObject.getPrototypeOf(all) === Object.prototype"],
  ["import.meta", "import.meta instanceof Object"],
  ["process.argv", "process.argv instanceof Array"],
  [
    "an error that input() throws",
    "let thrown; try { input() } catch (error) { thrown = error }; thrown instanceof Error",
  ],
  [
    "an error of a display",
    "let bad; try { display.png(1) } catch (error) { bad = error }; bad instanceof TypeError && bad.code === 'BAD_DISPLAY'",
  ],
  [
    "an error of an import",
    "let lost; try { await import('./lost.ts') } catch (error) { lost = error }; lost instanceof Error",
  ],
  [
    "an error of a magic",
    "let wrong; try {\n%cd /nowhere/at/all\n} catch (error) { wrong = error }; wrong instanceof Error",
  ],
  [
    "a stream",
    "process.stdout instanceof require('node:stream').Writable && process.stdin instanceof require('node:stream').Readable",
  ],
])("%s is the cell's own", async (_, code) => {
  const run = await client.execute(code);
  expect(errorText(run)).toBe("");
  expect(result(run)).toBe("true");
});

test("the part of the kernel that lives beside the cells uses nothing that a cell can replace", () => {
  const file = new URL("../../../../kernel/cells/realm/cellRuntime.ts", import.meta.url);
  const source = readFileSync(file, "utf8");
  const text = ({ start, end }: { start: number; end: number }) => source.slice(start, end);
  const { program } = parseSync("cellRuntime.ts", source);
  const taken = source.slice(0, source.indexOf("class Runtime")); // what is taken at the start
  const found: string[] = [];
  const note = (node: { start: number; end: number }) => {
    if (node.start >= taken.length) found.push(text(node));
  };
  new Visitor({
    ForOfStatement: (node) => {
      if (!node.await && !text(node).startsWith("for (const value of values) yield")) note(node); // the cell's own iteration
    },
    SpreadElement: note,
    ArrayPattern: note,
    CallExpression: ({ callee }) => {
      const isOwn = callee.type === "MemberExpression" && /^(this|super|runtime|iterator)\b/.test(text(callee.object));
      if (callee.type === "MemberExpression" && !isOwn && !/asyncIterator/.test(text(callee))) note(callee);
    },
    NewExpression: ({ callee }) => {
      if (text(callee) !== "NativePromise") note(callee);
    },
    Identifier: (node) => {
      if (
        /^(Promise|Object|Array|Reflect|Symbol|JSON|Map|Set|Error|globalThis)$/.test(node.name) &&
        !/type|:|<|Promise</.test(source[node.start - 2] ?? "")
      ) {
        if (source[node.end] === ".") note(node);
      }
    },
  }).visit(program);
  expect(found).toEqual([]);
});
