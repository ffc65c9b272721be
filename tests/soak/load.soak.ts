/** Goal 9: requests a second, floods of output complete and in order, and memory that stays flat. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, printed, type Run, sleep } from "../kernel/client.ts";

let client: Client;
beforeAll(async () => {
  client = await Client.start({ env: { THAW_OUTPUT_LIMIT: "0" } });
  await client.execute("for (let i = 0; i < 20_000; i++) console.log(i)"); // the first flood grows what later ones use
});
afterAll(async () => {
  await client.stop();
});

/** Memory the kernel holds, and the most it has held, in MB. */
function memory(): { now: number; most: number } {
  const status = readFileSync(`/proc/${client.process.pid}/status`, "utf8");
  const read = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
  return { now: read("VmRSS"), most: read("VmHWM") };
}

const at = (values: number[], share: number): number =>
  values.sort((a, b) => a - b)[Math.floor(values.length * share)] ?? 0;

/** Runs a flood, and says what it took. `lines` are the texts it must have printed. */
async function flood(title: string, code: string, lines: number, allowedMB = 50): Promise<Run> {
  client.iopub.length = 0;
  const before = memory();
  const started = performance.now();
  const run = await client.finish(client.start(code), 600_000);
  const seconds = (performance.now() - started) / 1000;
  const streams = run.messages.filter(({ header }) => header.msg_type === "stream");
  const text = streams.map(({ content }) => String(content.text)).join("");
  let expected = 0;
  let start = 0;
  for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
    if (text.slice(start, end) !== String(expected)) break;
    expected++;
    start = end + 1;
  }
  expect(expected).toBe(lines); // each line there once, in order
  expect(start).toBe(text.length);
  const growth = memory().most - before.now;
  console.log(
    `load: ${title}: ${seconds.toFixed(2)} s, ${streams.length} messages (${(streams.length / seconds).toFixed(1)} a second), ` +
      `RSS ${before.now.toFixed(0)} MB, ${growth.toFixed(0)} MB more at the most`,
  );
  expect(growth).toBeLessThanOrEqual(allowedMB);
  return run;
}

test("signed requests, one after the other", async () => {
  const times: number[] = [];
  const started = performance.now();
  for (let i = 0; i < 10_000; i++) {
    const sent = performance.now();
    await client.request("kernel_info_request", {});
    times.push(performance.now() - sent);
    client.iopub.length = 0;
  }
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `load: ${(10_000 / seconds).toFixed(0)} signed requests a second, serial; median ${at(times, 0.5).toFixed(2)} ms, ` +
      `99 % within ${at(times, 0.99).toFixed(2)} ms`,
  );
  expect(times).toHaveLength(10_000);
});

test("a million lines printed in one loop arrive complete, in order, in few messages", async () => {
  const run = await flood("10^6 console.log in a loop", "for (let i = 0; i < 1e6; i++) console.log(i)", 1_000_000);
  expect(printed(run).length).toBe(6_888_890);
});

test("a million lines printed between awaits, from many turns of the event loop", async () => {
  await flood(
    "10^6 console.log in 2,000 turns",
    "for (let turn = 0, i = 0; turn < 2000; turn++) { for (let n = 0; n < 500; n++) console.log(i++); await new Promise(setImmediate); }",
    1_000_000,
  );
});

test("a million stream messages, stdout and stderr in turn, arrive in order, and do not pile up", async () => {
  for (let tenth = 1; tenth <= 10; tenth++) {
    await flood(
      `10^5 messages, stdout and stderr in turn, ${tenth} of 10`,
      "for (let i = 0; i < 1e5; i++) i % 2 ? console.error(i) : console.log(i)",
      100_000,
    );
  }
});

test("output that is large and fast waits for whoever reads it", async () => {
  client.iopub.length = 0;
  const before = memory();
  const id = client.start(
    "const big = 'x'.repeat(100_000); for (let i = 0; i < 3000; i++) display({ data: { 'text/plain': big } }); 0",
  );
  const run = await client.finish(id, 600_000);
  expect(run.messages.filter(({ header }) => header.msg_type === "display_data")).toHaveLength(3000);
  console.log(
    `load: 300 MB of displays: RSS ${before.now.toFixed(0)} MB, ${(memory().most - before.now).toFixed(0)} MB more at the most`,
  );
  client.iopub.length = 0;
});

test("heartbeats go on while all that is printed", async () => {
  const id = client.start("for (let i = 0; i < 3e5; i++) i % 2 ? console.error(i) : console.log(i)");
  let worst = 0;
  for (let i = 0; i < 20; i++) {
    worst = Math.max(worst, await client.heartbeat());
    await sleep(20);
  }
  await client.finish(id, 600_000);
  console.log(`load: slowest of 20 heartbeats during a flood: ${worst.toFixed(0)} ms`);
});
