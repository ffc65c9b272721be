import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, errorText, printed, result, sleep } from "../client.ts";

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
let slowest = 0;
afterAll(async () => {
  console.log(`interrupt: the slowest of the shapes ended ${slowest.toFixed(0)} ms after the request`);
  await client.stop();
});

/** Starts `code`, interrupts it after `afterMs`, and says how long its end took and what came after it. */
async function interrupted(code: string, afterMs = 150) {
  const id = client.start(code);
  await sleep(afterMs);
  const asked = performance.now();
  await client.request("interrupt_request", {}, "control");
  const run = await client.finish(id);
  const tookMs = performance.now() - asked;
  const seen = client.iopub.length;
  await sleep(120);
  const late = client.iopub.slice(seen).filter(({ header }) => header.msg_type === "stream");
  return { run, tookMs, late };
}

// The shapes in which training code, and code that does not end, comes. The last column: how it is stopped.
test.each<[shape: string, code: string]>([
  ["a synchronous loop", "while (true) {}"],
  ["a synchronous loop in a package, out of the rewriting's reach", "new Function('while (true) {}')()"],
  ["an await that never settles", "await new Promise(() => {})"],
  ["a loop behind an await", "await 1; while (true) {}"],
  ["a loop behind an await, out of reach", "await 1; new Function('while (true) {}')()"],
  ["a loop of awaits", "while (true) await null"],
  ["a loop of awaits, out of reach", "await new Function('return (async () => { while (true) await null })()')()"],
  ["a loop over an endless generator", "function* all() { while (true) yield 1 }\nfor (const one of all()) one;"],
  ["a for await", "for await (const x of (async function* () { while (true) yield 1 })()) x;"],
  [
    "nested functions",
    "const inner = async () => { for (;;) await new Promise((r) => setTimeout(r, 1)) };\nawait (async () => await inner())()",
  ],
  ["a loop in a timer that the cell awaits", "await new Promise(() => setTimeout(() => { while (true) {} }, 10))"],
  ["a blocked thread", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)"],
  ["a regular expression that backtracks", "/^(a+)+$/.test('a'.repeat(60) + 'b')"],
  ["a catch that swallows", "while (true) { try { await new Promise((r) => setTimeout(r, 5)) } catch {} }"],
])("%s ends in an error, and the kernel goes on", async (_, code) => {
  const { run, tookMs, late } = await interrupted(`globalThis.kept = 41;\n${code}`);
  expect(errorText(run)).toMatch(/^KernelInterrupt: Interrupted/);
  expect(run.reply.content.status).toBe("error");
  expect(late).toEqual([]);
  expect(result(await client.execute("kept + 1"))).toBe("42");
  slowest = Math.max(slowest, tookMs);
});

test("a training loop that checks nothing stops, and prints nothing afterwards", async () => {
  const { run, late } = await interrupted(
    [
      "let steps = 0;",
      "async function train() {",
      "  while (true) { steps++; console.log('step', steps); await new Promise((done) => setTimeout(done, 5)); }",
      "}",
      "await train();",
    ].join("\n"),
  );
  expect(printed(run)).toMatch(/^step 1\nstep 2\n/);
  expect(late).toEqual([]);
  const before = result(await client.execute("steps"));
  await sleep(60);
  expect(result(await client.execute("steps"))).toBe(before);
  expect(Number(before)).toBeGreaterThan(3);
});

test("a library that watches the host's signal ends by itself, and its finally runs", async () => {
  const { run, tookMs } = await interrupted(
    [
      "const host = globalThis[Symbol.for('thaw.host')]; let done = 0, tidy = false;",
      "const step = new Function('ms', 'const end = Date.now() + ms; while (Date.now() < end);');",
      "const fit = new Function('host', 'step', 'count', 'end', `return (async () => {",
      "  try { for (;;) { host.signal.throwIfAborted(); step(400); count(); await new Promise(setImmediate); } } finally { end(); }",
      "})()`);",
      "await fit(host, step, () => done++, () => { tidy = true; });",
    ].join("\n"),
    600,
  );
  expect(errorText(run)).toMatch(/^KernelInterrupt/);
  expect(tookMs).toBeLessThan(900);
  expect(result(await client.execute("[done, tidy]"))).toBe("[ 2, true ]");
});

test("a loop in a timer after its cell has ended is stopped too", async () => {
  await client.execute("setTimeout(() => { while (true) {} }, 20)");
  await sleep(60);
  await client.request("interrupt_request", {}, "control");
  expect(result(await client.execute("'alive'"))).toBe("'alive'");
});

test("an interrupt while nothing runs does no harm to the next cell", async () => {
  await client.request("interrupt_request", {}, "control");
  expect(result(await client.execute("let n = 0; for (let i = 0; i < 3; i++) n += i; await n"))).toBe("3");
});

test("the signal of the host exists only while a cell runs", async () => {
  const probe = "globalThis[Symbol.for('thaw.host')].signal";
  expect(result(await client.execute(`${probe} instanceof AbortSignal`))).toBe("true");
  await client.execute(`globalThis.later = 'unset'; setTimeout(() => { globalThis.later = ${probe} }, 1)`);
  await sleep(30);
  expect(await client.execute("String(later)").then(result)).toBe("'undefined'");
});

test("SIGINT interrupts as the message does", async () => {
  const id = client.start("await new Promise(() => {})");
  await sleep(100);
  client.process.kill("SIGINT");
  expect(errorText(await client.finish(id))).toMatch(/^KernelInterrupt/);
});

test("a cell that was given up does not speak into the next one when its promise settles after all", async () => {
  await interrupted("await new Function('return new Promise((done) => { globalThis.wake = done })')(); 'ghost'");
  const run = await client.execute("wake(); await new Promise((done) => setTimeout(done, 20)); 'mine'");
  expect(result(run)).toBe("'mine'");
  expect(run.messages.filter(({ header }) => header.msg_type === "execute_result")).toHaveLength(1);
});
