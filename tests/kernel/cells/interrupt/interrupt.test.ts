import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, errorText, printed, result, sleep } from "../../client.ts";
import { shapes } from "./shapes.ts";
import { stop } from "./stop.ts";

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
let slowest = 0;
afterAll(async () => {
  console.log(`interrupt: the slowest of the shapes ended ${slowest.toFixed(0)} ms after the request`);
  await client.stop();
});

test.each(shapes.map(({ group, name, code }) => [name, group, code] as const))(
  "%s ends in an error, nothing is printed afterwards, and the kernel goes on (%s)",
  async (_, group, code) => {
    const times = group === "two interrupts" ? 2 : 1;
    const { run, tookMs, late } = await stop(client, `globalThis.kept = 41;\n${code}`, { times });
    expect(errorText(run)).toMatch(/^KernelInterrupt: Interrupted/);
    expect(run.reply.content.status).toBe("error");
    expect(late).toEqual([]);
    expect(result(await client.execute("kept + 1"))).toBe("42");
    slowest = Math.max(slowest, tookMs);
  },
);

test("a training loop that checks nothing stops, and prints nothing afterwards", async () => {
  const { run, late } = await stop(
    client,
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
  const { run, tookMs } = await stop(
    client,
    [
      "const host = globalThis[Symbol.for('thaw.host')]; let done = 0, tidy = false;",
      "const step = new Function('ms', 'const end = Date.now() + ms; while (Date.now() < end);');",
      "const fit = new Function('host', 'step', 'count', 'end', `return (async () => {",
      "  try { for (;;) { host.signal.throwIfAborted(); step(400); count(); await new Promise(setImmediate); } } finally { end(); }",
      "})()`);",
      "await fit(host, step, () => done++, () => { tidy = true; });",
    ].join("\n"),
    { afterMs: 600 },
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

test("the host's signal is that of the cell that runs, and between cells one that an interrupt of no cell aborts", async () => {
  const probe = "globalThis[Symbol.for('thaw.host')].signal";
  expect(result(await client.execute(`${probe} instanceof AbortSignal`))).toBe("true");
  const heard = (word: string) => () => client.iopub.some(({ content }) => String(content.text).includes(word));
  await client.execute(
    `globalThis.own = ${probe};
     setTimeout(() => { globalThis.later = ${probe}; globalThis.same = ${probe}; console.log("first look") }, 1)`,
  );
  await client.until(heard("first look"));
  const state = "[own === later, later === same, own.aborted, later.aborted].join()";
  expect(result(await client.execute(state))).toBe("'false,true,false,false'");
  await client.request("interrupt_request", {}, "control");
  await sleep(60);
  expect(result(await client.execute(state))).toBe("'false,true,false,true'");
  await client.execute(`setTimeout(() => { globalThis.fresh = ${probe}; console.log("second look") }, 1)`);
  await client.until(heard("second look"));
  expect(result(await client.execute("[fresh === later, fresh.aborted].join()"))).toBe("'false,false'");
});

test("an interrupt while nothing runs ends what timers of earlier cells go on doing", async () => {
  await client.execute(
    "setInterval(() => console.log('tick'), 2); (function on() { setTimeout(on, 2); console.log('on') })()",
  );
  await client.until(() => client.iopub.slice(-5).some(({ header }) => header.msg_type === "stream"));
  await client.request("interrupt_request", {}, "control");
  let seen = -1; // on a busy machine what was on its way may take a while
  for (let i = 0; i < 30 && client.iopub.length !== seen; i++) {
    seen = client.iopub.length;
    await sleep(150);
  }
  expect(client.iopub.slice(seen)).toEqual([]);
});

test("the timers of earlier cells run on when another cell is interrupted", async () => {
  await client.execute("globalThis.beats = 0; globalThis.heart = setInterval(() => beats++, 2)");
  await stop(client, "await new Promise(() => {})");
  const before = Number(result(await client.execute("beats")));
  await sleep(40);
  expect(Number(result(await client.execute("clearInterval(heart); beats")))).toBeGreaterThan(before);
});

test("a native call ends its cell when it returns", async () => {
  const slow = "const started = Date.now(); require('node:crypto').pbkdf2Sync('a', 'b', 600_000, 64, 'sha512');";
  const { run, tookMs } = await stop(client, slow, { times: 1 });
  expect(errorText(run)).toMatch(/^KernelInterrupt/);
  console.log(`interrupt: a native call of some hundred milliseconds ended its cell after ${tookMs.toFixed(0)} ms`);
});

test("finally blocks run, awaits and loops in them included, and what is disposed of is disposed of", async () => {
  const code = [
    "const tidy: string[] = [];",
    "async function fit() {",
    "  try { await new Promise(() => {}) }",
    "  catch { tidy.push('caught') }",
    "  finally { for (const n of [1, 2]) { await null; tidy.push('inner ' + n) } }",
    "}",
    "try { await fit() } finally { tidy.push('outer') }",
  ].join("\n");
  const { run, tookMs } = await stop(client, code);
  expect(errorText(run)).toMatch(/^KernelInterrupt/);
  expect(result(await client.execute("tidy.toSorted().join()"))).toBe("'inner 1,inner 2,outer'");
  expect(tookMs).toBeLessThan(1000);
});

test("a for await that waits runs its finally", async () => {
  const never = "({ [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<number>>(() => {}) }) })";
  await stop(client, `let closed = false;\ntry { for await (const x of ${never}) x } finally { closed = true }`);
  expect(result(await client.execute("closed"))).toBe("true");
});

test("an error that the cell throws while it is stopped is the cause", async () => {
  const { run } = await stop(client, "try { await new Promise(() => {}) } finally { throw new RangeError('torn') }");
  expect(errorText(run)).toMatch(/^KernelInterrupt: Interrupted/);
  expect(errorText(run)).toContain("Caused by: RangeError: torn");
});

test("a promise that an interrupted cell awaited may be collected", async () => {
  for (const code of ["await new Promise(() => {})", "await new Function('return new Promise(() => {})')()"]) {
    await stop(client, code);
    const collect =
      "require('node:v8').setFlagsFromString('--expose-gc'); require('node:vm').runInNewContext('gc')(); 'alive'";
    expect(result(await client.execute(collect))).toBe("'alive'");
  }
});

test("an await without an interrupt gives what it gives without Thaw: values, errors and their functions", async () => {
  const code = [
    "const deep = async () => { await null; throw new TypeError('deep') };",
    "async function guarded() { try { await deep() } finally { void 0 } }",
    "let order = '';",
    "try { order += await 'a'; order += await { then: (done: (s: string) => void) => done('b') }; } finally { order += 'c' }",
    "console.log(order);",
    "await guarded();",
  ].join("\n");
  const run = await client.execute(code);
  expect(printed(run)).toBe("abc\n");
  expect(errorText(run)).toMatch(/^TypeError: deep\nTypeError: deep\n {4}at deep .*\n(.*\n)*.*at async guarded \(In/);
});

test("background processes of earlier cells are left alone, and so are detached ones", async () => {
  const spawn = "require('node:child_process').spawn('tail', ['-f', '/dev/null'],";
  const pids = `globalThis.before = ${spawn} { stdio: 'ignore' }); before.pid`;
  await client.execute(pids);
  await sleep(60); // the system counts in hundredths of a second
  await stop(
    client,
    `globalThis.detached = ${spawn} { detached: true, stdio: 'ignore' }); await new Promise(() => {})`,
  );
  await sleep(300);
  expect(result(await client.execute("[before, detached].map((child) => child.signalCode ?? child.kill())"))).toBe(
    "[ true, true ]",
  );
});

test("SIGINT interrupts as the message does", async () => {
  const id = client.start("await new Promise(() => {})");
  await sleep(100);
  client.process.kill("SIGINT");
  expect(errorText(await client.finish(id))).toMatch(/^KernelInterrupt/);
});

test("a cell that was given up does not speak into the next one when its promise settles after all", async () => {
  await stop(client, "await new Function('return new Promise((done) => { globalThis.wake = done })')(); 'ghost'");
  const run = await client.execute("wake(); await new Promise((done) => setTimeout(done, 20)); 'mine'");
  expect(result(run)).toBe("'mine'");
  expect(run.messages.filter(({ header }) => header.msg_type === "execute_result")).toHaveLength(1);
});

test("a process that the cell starts when the interrupt has already come is ended too", async () => {
  const busy = "new Function('const end = Date.now() + 280; while (Date.now() < end);')();";
  const { run } = await stop(client, `${busy} require('node:child_process').execSync('sleep 60')`);
  expect(run.reply.content.status).toBe("error");
  expect(result(await client.execute("kept + 1"))).toBe("42");
});
