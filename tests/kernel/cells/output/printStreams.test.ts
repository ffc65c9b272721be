/** `console`, `process.stdout` and `process.stderr` as cells, and the packages that print, find them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, errorText, printed, result } from "../../client.ts";

const folder = mkdtempSync(join(tmpdir(), "thaw-print-"));
let client: Client;
beforeAll(async () => {
  writeFileSync(join(folder, "data.csv"), "a,b\n1,2\n");
  client = await Client.start({ cwd: folder });
  await client.execute(
    "import { createReadStream } from 'node:fs'; import { Readable, finished, pipeline as piped } from 'node:stream'; import { pipeline } from 'node:stream/promises'; import readline from 'node:readline';",
  );
});
afterAll(async () => {
  await client.stop();
  rmSync(folder, { recursive: true, force: true });
});

test.each<[what: string, code: string, shown: string]>([
  ["a pipeline of a file", "await pipeline(createReadStream('data.csv'), process.stdout); 'over'", "a,b\n1,2\n"],
  [
    "two pipelines, one after the other",
    "for (const text of ['a', 'b']) await pipeline(Readable.from([text]), process.stdout); 'over'",
    "ab",
  ],
  [
    "pipe, which leaves it open",
    "const source = Readable.from(['x']); source.pipe(process.stdout); await new Promise((done) => source.once('end', done)); 'over'",
    "x",
  ],
  ["end with a callback", "await new Promise((done) => process.stdout.end('z', done)); 'over'", "z"],
  [
    "finished()",
    "const ends = new Promise((done) => finished(process.stdout, done)); process.stdout.end('y'); await ends; 'over'",
    "y",
  ],
  [
    "a pipeline that fails",
    "const failed = await pipeline(new Readable({ read() { this.destroy(new Error('torn')) } }), process.stdout).catch((e) => e.message); failed === 'torn' ? 'over' : failed",
    "",
  ],
])("%s into process.stdout comes to its end, and later cells print as before", async (_, code, shown) => {
  const run = await client.execute(code);
  expect(errorText(run)).toBe("");
  expect([printed(run), result(run)]).toEqual([shown, "'over'"]);
  expect(printed(await client.execute("process.stdout.write('on\\n'); console.log('and on')"))).toBe("on\nand on\n");
});

test.each([
  ["process.stdout.write('x')", "x"],
  ["process.stdout.cursorTo(0)", "\r"],
  ["process.stdout.end('x')", "x"],
])("that %s has printed is no result", async (code, shown) => {
  const run = await client.execute(code);
  expect([printed(run), result(run)]).toEqual([shown, undefined]);
});

test("what a value says is a result, though it was printed in between", async () => {
  expect(result(await client.execute("const wrote = process.stdout.write('x'); wrote"))).toBe("true");
  expect(result(await client.execute("process.stdout.fd"))).toBe("1");
});

test("progress is drawn over itself, by the stream's methods and by readline's", async () => {
  const bar =
    "const out = process.stdout; out.write('50 % of it'); out.clearLine(0); out.cursorTo(0); out.write('100 %\\n')";
  const blank = " ".repeat("50 % of it".length);
  expect(printed(await client.execute(bar))).toBe(`50 % of it\r${blank}\r\r100 %\n`);
  const toTheRight = "out.write('\\u001b[32m50 %\\u001b[39m'); out.cursorTo(0); out.clearLine(1); out.write('9\\n')";
  expect(printed(await client.execute(toTheRight))).toMatch(/50 %.*\r\r {4}\r9\n$/);
  for (const code of [
    "out.moveCursor(0, -1); out.clearScreenDown(); out.clearLine(1); out.cursorTo(3); out.cursorTo(0, 0)",
    "readline.moveCursor(out, 0, -1); readline.clearScreenDown(out); readline.clearLine(out, 1); readline.cursorTo(out, 3); readline.cursorTo(out, 0, 0)",
  ])
    expect(printed(await client.execute(`${code};`))).toBe("\u001b[1A\u001b[0J\u001b[0K\u001b[4G\u001b[1;1H");
  const called =
    "await new Promise((done) => process.stderr.cursorTo(0, done)); await new Promise((done) => process.stderr.clearLine(-1, done)); 'called'";
  expect(result(await client.execute(called))).toBe("'called'");
  expect(result(await client.execute("[out.getWindowSize(), out.hasColors(), out.getColorDepth(), out.isTTY]"))).toBe(
    "[ [ 80, 24 ], false, 1, false ]",
  );
});

test("console.clear empties the cell's output", async () => {
  const run = await client.execute("console.log('before'); console.clear(); console.log('behind')");
  const types = run.messages.map(({ header }) => header.msg_type);
  expect(types.filter((type) => /stream|clear/.test(type))).toEqual(["stream", "clear_output", "stream"]);
});

test("a console.group that is left open indents its own cell, and no other", async () => {
  expect(
    printed(await client.execute("console.group('g'); console.log('in'); console.group(); console.log('deeper')")),
  ).toBe("g\n  in\n    deeper\n");
  expect(printed(await client.execute("console.log('out'); console.groupEnd(); console.log('still')"))).toBe(
    "out\nstill\n",
  );
  expect(printed(await client.execute("console.group('a'); console.groupEnd(); console.table([{ x: 1 }])"))).toMatch(
    /^a\n[^ ]/,
  );
});

test("process.argv names the notebook, and not what the kernel was started with", async () => {
  expect(result(await client.execute("[process.argv.length, process.argv[1], process.argv.slice(2)]"))).toContain(
    `${folder}/notebook.ts`,
  );
});
