/** Goal 9: requests a second, floods of output complete and in order, and memory that stays flat. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { settledMegabytes } from "../../bench/kernel/processMemory.ts";
import { Client, sleep } from "../kernel/client.ts";

/** A kernel for each flood: what one has left behind would be at hand for the next. */
let client: Client;
beforeEach(async () => {
  client = await Client.start({ env: { THAW_OUTPUT_LIMIT: "0" } });
  await client.execute("for (let i = 0; i < 1000; i++) console.log(i)"); // what printing needs once is no growth
});
afterEach(async () => {
  await client.stop();
});

const allowedMB = 50;
/** Messages a second that printed lines of one stream are gathered into. */
const allowedRate = 20;

/** The most memory the kernel has held since `forget`, in MB. */
function most(): number {
  const status = readFileSync(`/proc/${client.process.pid}/status`, "utf8");
  return (Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1024) / 1e6;
}

function forgetMost(): void {
  writeFileSync(`/proc/${client.process.pid}/clear_refs`, "5");
}

const at = (values: number[], share: number): number =>
  values.sort((a, b) => a - b)[Math.floor(values.length * share)] ?? 0;

type StreamOf = (line: number) => "stdout" | "stderr";

/** Follows the lines `0\n1\n...` through the messages that bring them, without keeping any: first to last, each on its stream. */
class Lines {
  count = 0;
  messages = 0;
  inOrder = true;
  readonly #streamOf: StreamOf;

  constructor(streamOf: StreamOf) {
    this.#streamOf = streamOf;
  }

  take(): void {
    for (const { header, content } of client.iopub.splice(0)) {
      if (header.msg_type !== "stream") continue;
      this.messages++;
      const lines = String(content.text).split("\n");
      if (lines.pop() !== "") this.inOrder = false; // a line in two parts
      for (const line of lines) {
        if (line !== String(this.count) || content.name !== this.#streamOf(this.count)) this.inOrder = false;
        this.count++;
      }
    }
  }
}

/** Runs a cell that prints a million lines, and says what it took. Returns the number of messages, and that a second. */
async function flood(
  title: string,
  code: string,
  streamOf: StreamOf = () => "stdout",
): Promise<{ messages: number; rate: number }> {
  const before = await settledMegabytes(client.process.pid ?? 0);
  forgetMost();
  client.iopub.length = 0;
  const lines = new Lines(streamOf);
  const taking = setInterval(() => lines.take(), 20);
  const started = performance.now();
  const run = await client.finish(client.start(code), 1_200_000);
  const seconds = (performance.now() - started) / 1000;
  clearInterval(taking);
  lines.take();
  const growth = [await settledMegabytes(client.process.pid ?? 0), most()].map((value) => value - before);
  console.log(
    `load: ${title}: ${lines.count} lines, ${lines.inOrder ? "0 lost, 0 out of order" : "not as printed"}, ` +
      `${seconds.toFixed(1)} s, ${lines.messages} messages (${(lines.messages / seconds).toFixed(0)} a second), ` +
      `RSS ${before.toFixed(0)} MB, ${growth[0]?.toFixed(0)} MB more after, ${growth[1]?.toFixed(0)} MB at the most`,
  );
  expect(run.reply.content.status).toBe("ok");
  expect([lines.count, lines.inOrder]).toEqual([1_000_000, true]);
  expect(growth[0]).toBeLessThanOrEqual(allowedMB);
  expect(growth[1]).toBeLessThanOrEqual(allowedMB);
  return { messages: lines.messages, rate: lines.messages / seconds };
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
  const { rate } = await flood("10^6 console.log in a loop", "for (let i = 0; i < 1e6; i++) console.log(i)");
  expect(rate).toBeLessThanOrEqual(allowedRate);
});

test("a million lines printed between awaits, from many turns of the event loop", async () => {
  const { rate } = await flood(
    "10^6 console.log in 2,000 turns",
    "for (let turn = 0, i = 0; turn < 2000; turn++) { for (let n = 0; n < 500; n++) console.log(i++); await new Promise(setImmediate); }",
  );
  expect(rate).toBeLessThanOrEqual(allowedRate);
});

test("a million messages, each of one line, stdout and stderr in turn, arrive in order, and do not pile up", async () => {
  const { messages } = await flood(
    "10^6 messages, stdout and stderr in turn",
    "for (let i = 0; i < 1e6; i++) i % 2 ? console.error(i) : console.log(i)",
    (line) => (line % 2 === 1 ? "stderr" : "stdout"),
  );
  expect(messages).toBe(1_000_000);
});

test("control characters, of which JSON is six times as long as a string can be, arrive complete", async () => {
  client.iopub.length = 0;
  let characters = 0;
  const take = () => {
    for (const { header, content } of client.iopub.splice(0)) {
      if (header.msg_type === "stream") characters += String(content.text).length;
    }
  };
  const taking = setInterval(take, 20);
  const id = client.start("process.stdout.write('\\x01'.repeat(2e8)); console.log(); 0");
  const { reply } = await client.finish(id, 600_000);
  clearInterval(taking);
  take();
  expect([reply.content.status, characters]).toEqual(["ok", 2e8 + 1]);
  expect((await client.execute("6 * 7")).reply.content.status).toBe("ok");
});

test("output that is large and fast waits for whoever reads it", async () => {
  const before = await settledMegabytes(client.process.pid ?? 0);
  forgetMost();
  client.iopub.length = 0;
  const id = client.start(
    "const big = 'x'.repeat(100_000); for (let i = 0; i < 3000; i++) display({ data: { 'text/plain': big } }); 0",
  );
  const run = await client.finish(id, 600_000);
  expect(run.messages.filter(({ header }) => header.msg_type === "display_data")).toHaveLength(3000);
  console.log(
    `load: 300 MB of displays: RSS ${before.toFixed(0)} MB, ${(most() - before).toFixed(0)} MB more at the most`,
  );
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
