/** Worker threads and Stop: those of the interrupted cell end with it, the others go on. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { goldenPath } from "../../../golden/read.ts";
import { Client, errorText, parentId, result } from "../../client.ts";
import { stop } from "./stop.ts";

let client: Client;
beforeAll(async () => {
  client = await Client.start();
  const preparation = [
    "import { Worker } from 'node:worker_threads';",
    "import { setTimeout as wait } from 'node:timers/promises';",
    "globalThis.start = (body: string) => {",
    "  globalThis.beats = new Int32Array(new SharedArrayBuffer(8));",
    "  const beat = 'const { workerData } = require(\"node:worker_threads\"); const beat = () => Atomics.add(workerData, 0, 1);';",
    "  return new Worker(beat + body, { eval: true, workerData: globalThis.beats });",
    "};",
    "globalThis.beating = async () => { const before = beats[0]; await wait(150); return before > 0 && beats[0] > before; };",
  ];
  expect(errorText(await client.execute(preparation.join("\n")))).toBe("");
});
afterAll(async () => {
  await client.stop();
});

const ticking = "setInterval(() => { beat(); console.log('tick'); }, 5)";
const bodies = {
  "that prints in an interval": ticking,
  "in a loop": "for (;;) beat()",
  "in a loop that prints": "for (;;) { beat(); console.log('tick'); }",
  "that prints past the kernel": "const fs = require('node:fs'); for (;;) { beat(); fs.writeSync(1, 'tick\\n'); }",
  "that has threads of its own":
    "const { Worker } = require('node:worker_threads'); new Worker('setInterval(() => Atomics.add(require(\"node:worker_threads\").workerData, 0, 1), 5)', { eval: true, workerData })",
};
const waits = {
  "awaits for ever": "await new Promise(() => {})",
  "blocks its thread": "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
};
const cases = Object.entries(bodies).flatMap(([thread, body]) =>
  Object.entries(waits).map(([cell, wait]) => [thread, cell, body, wait] as const),
);

test.each(cases)("a thread %s ends with its cell, which %s", async (_thread, _cell, body, wait) => {
  const { run, tookMs, late } = await stop(client, `start(${JSON.stringify(body)});\n${wait}`, { afterMs: 300 });
  expect(errorText(run)).toMatch(/^KernelInterrupt/);
  expect(tookMs).toBeLessThan(1000);
  expect(late).toEqual([]);
  expect(result(await client.execute("[beats[0] > 0, await beating()]"))).toBe("[ true, false ]");
});

test("a thread of an earlier cell runs on, and prints under that cell", async () => {
  const earlier = await client.execute(`globalThis.earlier = start(${JSON.stringify(ticking)}); 0`);
  await stop(client, "await new Promise(() => {})");
  client.iopub.length = 0;
  expect(result(await client.execute("await beating()"))).toBe("true");
  const ticks = client.iopub.filter(({ content }) => String(content.text).includes("tick"));
  expect(ticks.length).toBeGreaterThan(0);
  expect(new Set(ticks.map(parentId))).toEqual(new Set([earlier.reply.parentHeader.msg_id]));
  await client.execute("await earlier.terminate()");
});

test("a thread that a cell has let go of, as libraries let go of those they work with, outlives a Stop", async () => {
  await stop(client, `globalThis.kept = start(${JSON.stringify(ticking)}); kept.unref();\nawait new Promise(() => {})`);
  expect(result(await client.execute("await beating()"))).toBe("true");
  await stop(client, `kept.ref();\nawait new Promise(() => {})`);
  expect(result(await client.execute("await beating()"))).toBe("false");
});

test("a tokenizer that the interrupted cell has loaded goes on working", async () => {
  const load = [
    'import { AutoTokenizer } from "thaw";',
    `globalThis.tokenizer = await AutoTokenizer.fromPretrained(${JSON.stringify(goldenPath("bert-tiny"))});`,
    "console.log('loaded'); await new Promise(() => {})",
  ];
  const id = client.start(load.join("\n"));
  await client.until(() => client.iopub.some(({ content }) => content.text === "loaded\n"));
  await client.request("interrupt_request", {}, "control");
  expect(errorText(await client.finish(id))).toMatch(/^KernelInterrupt/);
  expect(result(await client.execute("tokenizer.encodeBatch(['a b c']).length"))).toBe("1");
});
