/** History as a frontend asks a running kernel for it. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { HistoryRow } from "../../../kernel/protocol/history.ts";
import type { Content } from "../../../kernel/protocol/wire/message.ts";
import { Client, type StartOptions } from "../client.ts";

const folder = mkdtempSync(join(tmpdir(), "thaw-history-"));
const file = join(folder, "thaw", "history.jsonl");
afterAll(() => rmSync(folder, { recursive: true }));

const start = (options: StartOptions = {}) => Client.start({ env: { JUPYTER_DATA_DIR: folder }, ...options });

async function ask(client: Client, content: Content): Promise<HistoryRow[]> {
  const reply = await client.request("history_request", { output: false, raw: true, ...content });
  expect(reply.content.status).toBe("ok");
  return reply.content.history as HistoryRow[];
}

const inputs = (rows: readonly HistoryRow[]) => rows.map((row) => row[2]);

test("history is searched by tail, range and pattern, and is there after a restart", async () => {
  const first = await start();
  for (const code of ["let a = 1", "a + 1", "let b = 2", "a + 1"]) await first.execute(code);
  await first.execute("'not kept'", { store_history: false });
  expect(inputs(await ask(first, { hist_access_type: "tail", n: 2 }))).toEqual(["let b = 2", "a + 1"]);
  const tail = await ask(first, { hist_access_type: "tail", n: 3, output: true });
  expect(tail.map((row) => row[2])).toEqual([
    ["a + 1", "2"],
    ["let b = 2", ""],
    ["a + 1", "2"],
  ]);
  expect(inputs(await ask(first, { hist_access_type: "range", session: 0, start: 2, stop: 4 }))).toEqual([
    "a + 1",
    "let b = 2",
  ]);
  expect(inputs(await ask(first, { hist_access_type: "search", pattern: "*let*" }))).toEqual([
    "let a = 1",
    "let b = 2",
  ]);
  expect(inputs(await ask(first, { hist_access_type: "search", pattern: "a ? 1" }))).toEqual(["a + 1", "a + 1"]);
  expect(inputs(await ask(first, { hist_access_type: "search", pattern: "*", unique: true }))).toEqual([
    "let a = 1",
    "let b = 2",
    "a + 1",
  ]);
  expect(inputs(await ask(first, { hist_access_type: "search", pattern: "*", n: 1 }))).toEqual(["a + 1"]);
  expect(await ask(first, { hist_access_type: "nonsense" })).toEqual([]);
  await first.stop();

  appendFileSync(file, "{ this line is torn\n[]\n");
  const second = await start();
  await second.execute("'second'");
  const all = await ask(second, { hist_access_type: "tail", n: 10 });
  expect(inputs(all)).toEqual(["let a = 1", "a + 1", "let b = 2", "a + 1", "'second'"]);
  expect(all.map((row) => row[1])).toEqual([1, 2, 3, 4, 1]);
  expect(all[4]?.[0]).toBeGreaterThan(all[0]?.[0] as number);
  expect(inputs(await ask(second, { hist_access_type: "range", session: -1, start: 1, stop: 3 }))).toEqual([
    "let a = 1",
    "a + 1",
  ]);
  expect(inputs(await ask(second, { hist_access_type: "range", session: all[0]?.[0], start: 4, stop: null }))).toEqual([
    "a + 1",
  ]);
  await second.stop();
});

test("two kernels write the same file at once, and no line is lost", async () => {
  const kernels = await Promise.all([start(), start()]);
  await Promise.all(
    kernels.map(async (kernel, k) => {
      for (let i = 0; i < 20; i++) await kernel.execute(`"k${k} i${i}"`);
    }),
  );
  await Promise.all(kernels.map((kernel) => kernel.stop()));
  const lines = readFileSync(file, "utf8").split("\n");
  for (const k of [0, 1]) for (let i = 0; i < 20; i++) expect(lines.join("\n")).toContain(`\\"k${k} i${i}\\"`);
});

test("THAW_HISTORY=0 writes nothing; this session's inputs are still there", async () => {
  const other = join(folder, "off");
  const client = await start({ env: { JUPYTER_DATA_DIR: other, THAW_HISTORY: "0" } });
  await client.execute("'private'");
  expect(inputs(await ask(client, { hist_access_type: "tail", n: 5 }))).toEqual(["'private'"]);
  await client.stop();
  expect(existsSync(other)).toBe(false);
});

test("a folder that cannot be written is no error", async () => {
  const blocked = join(folder, "a-file");
  writeFileSync(blocked, "");
  const client = await start({ env: { JUPYTER_DATA_DIR: blocked } });
  await client.execute("1");
  await client.execute("2");
  expect(inputs(await ask(client, { hist_access_type: "tail", n: 5 }))).toEqual(["1", "2"]);
  expect(client.log.match(/history is not kept/g)).toHaveLength(1);
  await client.stop();
});
