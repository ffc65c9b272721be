/** The process of the tokenizers, from the kernel of a notebook: started, interrupted, killed, and gone when it should be. */
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { goldenPath } from "../../golden/read.ts";
import { Client, errorText, result, sleep } from "../../kernel/client.ts";
import { tokenizersOf } from "./processes.ts";

const load = [
  'import { AutoTokenizer } from "thaw";',
  `globalThis.tokenizer = await AutoTokenizer.fromPretrained(${JSON.stringify(goldenPath("bert-tiny"))});`,
  "tokenizer.encodeBatch(['a b c']).length",
].join("\n");
/** Takes a minute, and is no damage. */
const long = 'tokenizer.encodeBatch(["a b c d e ".repeat(2e6)]).length';

let client: Client;
beforeAll(async () => {
  client = await Client.start();
  expect(result(await client.execute(load))).toBe("1");
});
afterAll(async () => {
  await client.stop();
});

async function until(condition: () => boolean, ms = 10_000): Promise<boolean> {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(20)) if (condition()) return true;
  return condition();
}

const socketsOf = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/${pid}/fd/${fd}`);
      return target.startsWith("socket:") ? [target] : [];
    } catch {
      return [];
    }
  });

test("forty tokenizers have one process, which has none of the kernel's sockets", async () => {
  const many = `globalThis.many = await Promise.all(Array.from({ length: 40 }, () => AutoTokenizer.fromPretrained(${JSON.stringify(goldenPath("bert-tiny"))}))); many.map((each) => each("a b").inputIds[0].length).join("")`;
  expect(result(await client.execute(many))).toBe(`'${"4".repeat(40)}'`);
  const pids = tokenizersOf(client.process.pid);
  expect(pids).toHaveLength(1);
  const kernels = new Set(socketsOf(client.process.pid as number));
  expect(kernels.size).toBeGreaterThan(3);
  expect(socketsOf(pids[0] as number).filter((socket) => kernels.has(socket))).toEqual([]);
});

test("Stop ends a call that is being answered, the work behind it, and nothing else", async () => {
  const [before] = tokenizersOf(client.process.pid);
  const id = client.start(`console.log("begins"); ${long}`);
  await client.until(() => client.iopub.some(({ content }) => content.text === "begins\n"));
  await sleep(500);
  const asked = performance.now();
  await client.request("interrupt_request", {}, "control");
  expect(errorText(await client.finish(id))).toMatch(/^KernelInterrupt/);
  console.log(`a call to the tokenizer was interrupted in ${(performance.now() - asked).toFixed(0)} ms`);
  expect(await until(() => !existsSync(`/proc/${before}`))).toBe(true);
  expect(
    result(await client.execute("[tokenizer, ...many].every((each) => each('a b c').inputIds[0].length === 5)")),
  ).toBe("true");
});

test("a process that is killed while nothing is asked is started again without a word", async () => {
  for (const pid of tokenizersOf(client.process.pid)) process.kill(pid, "SIGKILL");
  const run = await client.execute("tokenizer('a b c').inputIds[0].length");
  expect([result(run), errorText(run)]).toEqual(["5", ""]);
});

test("a process that is killed at work is an error that says so, and the next call is answered", async () => {
  const id = client.start(long);
  // on a busy machine it may not have begun at first, and then another process takes over
  const killing = setInterval(() => {
    for (const pid of tokenizersOf(client.process.pid)) process.kill(pid, "SIGKILL");
  }, 600);
  const run = await client.finish(id, 60_000);
  clearInterval(killing);
  expect(errorText(run)).toMatch(/ThawError: .*failed on a text of 20000000 characters.*ended by SIGKILL/s);
  expect(result(await client.execute("tokenizer('a b c').inputIds[0].length"))).toBe("5");
});

test.each(["idle", "at work"])("killed without warning, the kernel takes the process with it: %s", async (state) => {
  const kernel = await Client.start();
  expect(result(await kernel.execute(load))).toBe("1");
  const [pid] = tokenizersOf(kernel.process.pid);
  if (state === "at work") {
    kernel.start(long);
    await sleep(700);
  }
  kernel.process.kill("SIGKILL");
  expect(await until(() => !existsSync(`/proc/${pid}`))).toBe(true);
  await kernel.stop();
});

test("a shutdown does not wait for the process, and leaves none", async () => {
  const kernel = await Client.start();
  expect(result(await kernel.execute(load))).toBe("1");
  const [pid] = tokenizersOf(kernel.process.pid);
  expect(await kernel.stop()).toBe(0);
  expect(await until(() => !existsSync(`/proc/${pid}`))).toBe(true);
});
