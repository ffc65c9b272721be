import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, errorText, printed, type Run, result, sleep } from "../../client.ts";

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
afterAll(async () => {
  await client.stop();
});

/** Starts `late` in one cell and has others run meanwhile. Returns what was printed under each of the three. */
async function printedLater(late: string, waitMs = 150): Promise<string[]> {
  const first = await client.execute(late);
  const second = await client.execute("console.log('second'); await new Promise((done) => setTimeout(done, 30))");
  const third = await client.execute("console.log('third')");
  await sleep(waitMs);
  return [first, second, third].map((run) => printed({ ...run, messages: ofSameParent(run) }));
}

/** Everything with the parent of `run`, its late messages too. */
function ofSameParent(run: Run) {
  return client.iopub.filter(({ parentHeader }) => parentHeader.msg_id === run.reply.parentHeader.msg_id);
}

test.each<[what: string, code: string, text: string]>([
  ["setTimeout", "setTimeout((a, b) => console.log('late', a, b), 20, 1, 2)", "late 1 2\n"],
  [
    "setInterval",
    "let n = 0; const i = setInterval(() => { console.log(++n); if (n === 3) clearInterval(i) }, 20)",
    "1\n2\n3\n",
  ],
  ["setImmediate", "setTimeout(() => setImmediate(() => console.log('soon')), 20)", "soon\n"],
  [
    "node:timers imported by name",
    "import { setTimeout as later } from 'node:timers'; later(() => console.log('late'), 20)",
    "late\n",
  ],
  ["a timer set by a timer", "setTimeout(() => setTimeout(() => console.log('last'), 20), 20)", "last\n"],
])("%s prints under the cell that set it", async (_, code, text) => {
  expect(await printedLater(code)).toEqual([text, "second\n", "third\n"]);
});

test("a timer is what Node makes of it: this, arguments, promisify, refusal", async () => {
  const run = await client.execute(`
    import { promisify } from "node:util"; import timers from "node:timers"; import promises from "node:timers/promises";
    const seen: unknown[] = [];
    const timeout = setTimeout(function (this: unknown) { seen.push(this === timeout) }, 1);
    seen.push(timeout.hasRef(), timeout.unref() === timeout, timeout.hasRef(), typeof +timeout);
    timeout.ref();
    seen.push(await promisify(setTimeout)(5, "value"), await promises.setImmediate("now"));
    seen.push(setTimeout === timers.setTimeout, setTimeout.name, promisify(setTimeout) === promises.setTimeout);
    for await (const tick of promises.setInterval(1, "tick")) { seen.push(tick); break; }
    try { setTimeout("text" as never, 1) } catch (error) { seen.push(error.code) }
    seen.join()`);
  expect(errorText(run)).toBe("");
  expect(result(run)).toBe("'true,true,false,number,true,value,now,true,setTimeout,true,tick,ERR_INVALID_ARG_TYPE'");
});

test("a timer costs about a microsecond", async () => {
  const run = await client.execute(`
    const time = (set) => {
      const start = performance.now();
      const all = Array.from({ length: 50_000 }, () => set(() => {}, 1e6));
      const took = performance.now() - start;
      all.forEach(clearTimeout);
      return took / 50;
    };
    time(setTimeout);
    [1, 2, 3].map(() => time(setTimeout)).sort((a, b) => a - b)[1].toFixed(2)`);
  console.log(`parents: setTimeout takes ${result(run)} microseconds`);
  expect(Number(result(run)?.replaceAll("'", ""))).toBeLessThan(200); // two loaded cores take their time
});

test("what follows an await prints under its own cell from Node 24 on, and under the running one before", async () => {
  const major = Number(result(await client.execute("Number.parseInt(process.versions.node)")));
  const wait = "new Promise((done) => require('node:fs').stat('/', () => setTimeout(done, 20)))";
  const own = major >= 24;
  const seen = await printedLater(`(async () => { await ${wait}; await ${wait}; console.log('late') })(); 0`);
  expect(seen.join("")).toContain("late\n");
  expect(seen[0]).toBe(own ? "late\n" : "");
});
