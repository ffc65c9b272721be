import { afterAll, beforeAll, expect, test } from "vitest";
import { type Header, newHeader } from "../../../kernel/protocol/wire/message.ts";
import { Client, errorText, parentId, printed, type Run, result, sleep } from "../client.ts";

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
afterAll(async () => {
  await client.stop();
});

/** `busy execute_input stream ... idle` */
function order(run: Run): string {
  return run.messages
    .map(({ header, content }) => (header.msg_type === "status" ? content.execution_state : header.msg_type))
    .join(" ");
}

test("busy, the input, the outputs in the order they were made, idle", async () => {
  const run = await client.execute(
    "console.log('a'); display('shown'); process.stdout.write('b'); console.error('c'); await 1; console.log('d'); clearOutput(); 42",
  );
  expect(order(run)).toBe(
    "busy execute_input stream display_data stream stream stream clear_output execute_result idle",
  );
  expect(printed(run)).toBe("a\nbd\n");
  expect(printed(run, "stderr")).toBe("c\n");
  expect(run.messages[1]?.content).toMatchObject({ execution_count: run.reply.content.execution_count });
});

test("20,000 lines arrive complete, in order, before idle, in few messages", async () => {
  const run = await client.execute("for (let i = 0; i < 20_000; i++) console.log(i)");
  expect(printed(run)).toBe(Array.from({ length: 20_000 }, (_, i) => `${i}\n`).join(""));
  expect(run.messages.length).toBeLessThan(40);
});

test("what is printed before a long loop is seen while it runs", async () => {
  const id = client.start("console.log('now'); const end = Date.now() + 600; while (Date.now() < end);");
  const started = Date.now();
  await client.until(() =>
    client.iopub.some((message) => parentId(message) === id && message.content.text === "now\n"),
  );
  expect(Date.now() - started).toBeLessThan(400);
  await client.finish(id);
});

test("600 displays in one go all arrive", async () => {
  const run = await client.execute("for (let i = 0; i < 600; i++) display(i)");
  expect(run.messages.filter(({ header }) => header.msg_type === "display_data")).toHaveLength(600);
});

test("what a timer prints after its cell still arrives", async () => {
  const { reply } = await client.execute("setTimeout(() => console.log('late'), 30)");
  await client.until(() => client.iopub.some((message) => message.content.text === "late\n"));
  const late = client.iopub.find((message) => message.content.text === "late\n");
  expect(late === undefined ? "" : parentId(late)).toBe(parentId(reply));
});

test("the counter counts stored cells only, and a silent cell says nothing", async () => {
  const count = async (options = {}) => (await client.execute("1", options)).reply.content.execution_count as number;
  const first = await count();
  expect(await count({ store_history: false })).toBe(first);
  expect(await count({ silent: true })).toBe(first);
  expect(await count()).toBe(first + 1);
  expect(order(await client.execute("console.log('x'); 1", { silent: true }))).toBe("busy stream idle");
});

test("cells behind one that fails are aborted, unless it says otherwise", async () => {
  const failing = client.start("throw new Error('stop')");
  const behind = [client.start("globalThis.ran = 1"), client.start("globalThis.ran = 2")];
  await client.finish(failing);
  for (const id of behind) expect((await client.finish(id)).reply.content.status).toBe("aborted");
  expect(result(await client.execute("typeof ran"))).toBe("'undefined'");

  const lenient = client.start("throw new Error('go on')", { stop_on_error: false });
  const next = client.start("5 + 5");
  expect(errorText(await client.finish(lenient))).toContain("go on");
  expect(result(await client.finish(next))).toBe("10");
});

test("what a client sent before its cell failed is aborted however late it comes, and what it sends then runs", async () => {
  const date = (ms: number) => ({
    ...newHeader("execute_request", "late"),
    date: new Date(Date.now() + ms).toISOString(),
  });
  const clockOff = 3_600_000; // of a client on another machine
  const ask = (header: Header, code: string) => {
    client.send("execute_request", { code }, "shell", { header });
    return header.msg_id;
  };
  const before = date(clockOff + 1);
  const failing = ask(date(clockOff), "await new Promise((r) => setTimeout(r, 50)); throw new Error('stop')");
  const statusOf = async (id: string) => (await client.finish(id)).reply.content.status;
  expect(await statusOf(failing)).toBe("error");
  expect(await statusOf(ask(before, "globalThis.late = 1"))).toBe("aborted");
  await sleep(20);
  expect(await statusOf(ask(date(clockOff), "globalThis.late = 2"))).toBe("ok");
  const rerun = async (header: object) => await statusOf(ask({ ...before, ...header } as Header, "1"));
  expect(await rerun({ msg_id: "other session", session: "other" })).toBe("ok");
  expect(await rerun({ msg_id: "coarse", date: `${before.date.slice(0, 19)}Z` })).toBe("ok");
  await sleep(500);
  expect(await statusOf(ask({ ...before, msg_id: "much later" }, "late"))).toBe("ok");
});

test("user expressions are evaluated after the cell, each with its own result or error", async () => {
  const { reply } = await client.execute("const base: number = 20", {
    user_expressions: { good: "base + 1 as number", bad: "nowhere.x" },
  });
  expect(reply.content).toMatchObject({
    payload: [],
    user_expressions: {
      good: { status: "ok", data: { "text/plain": "21" } },
      bad: { status: "error", ename: "ReferenceError" },
    },
  });
  expect((await client.execute("1")).reply.content.user_expressions).toEqual({});
});

test("kernel_info and heartbeats are answered while a loop blocks the main thread", async () => {
  const id = client.start("const stop = Date.now() + 700; while (Date.now() < stop);");
  await sleep(100);
  const started = performance.now();
  const shell = await client.request("kernel_info_request", {});
  const control = await client.request("kernel_info_request", {}, "control");
  const beat = await client.heartbeat();
  expect(performance.now() - started).toBeLessThan(400);
  expect(beat).toBeLessThan(100);
  for (const { content } of [shell, control]) expect(content).toMatchObject({ status: "ok", protocol_version: "5.3" });
  const isBusyAgain = () => {
    const state = client.iopub.findLast(({ content }) => content.execution_state !== undefined);
    return state?.content.execution_state === "busy" && parentId(state) === id;
  };
  await client.until(isBusyAgain, 20_000, "the state of the cell behind those of the requests");
  await client.finish(id);
});

test("history, comm_info and unknown requests", async () => {
  await client.execute("'remember me'");
  const history = await client.request("history_request", { hist_access_type: "tail", n: 1, output: false, raw: true });
  expect(history.content).toMatchObject({
    status: "ok",
    history: [[expect.any(Number), expect.any(Number), "'remember me'"]],
  });
  const unknown = client.send("no_such_request", {});
  expect((await client.request("comm_info_request", {})).content).toEqual({ status: "ok", comms: {} });
  await client.until(() => client.log.includes("no_such_request"));
  expect(client.iopub.some((message) => parentId(message) === unknown)).toBe(false);
});

test("a worker thread of the user prints into the cell", async () => {
  const run = await client.execute(
    "import { Worker } from 'node:worker_threads';\nconst w = new Worker('console.log(\"from a worker\")', { eval: true });\nawait new Promise((done) => w.once('exit', done));",
  );
  expect(printed(run)).toBe("from a worker\n");
});

test("an uncounted cell leaves the tracebacks of the one before it alone", async () => {
  await client.execute("// one\n// two\nfunction fails() { throw new Error('line three') }");
  await client.execute("const unrelated = 1", { silent: true });
  expect(errorText(await client.execute("fails()"))).toMatch(
    /In\[\d+\]:3:\d+\)\n {2}2 \| \/\/ two\n> 3 \| function fails/,
  );
});
