import { afterAll, beforeAll, expect, test } from "vitest";
import type { Content, Message } from "../../../kernel/protocol/wire/message.ts";
import { Client, errorText, parentId, printed, result, sleep } from "../client.ts";
import { disorder, violations } from "../messageSchema.ts";

let client: Client;
const replies: Message[] = [];
beforeAll(async () => {
  client = await Client.start();
});
afterAll(async () => {
  const seen = [...client.iopub, ...replies];
  console.log(`protocol: ${seen.length} messages checked against the schema`);
  expect(seen.flatMap(violations)).toEqual([]);
  expect(disorder(client.iopub, ["stream"])).toEqual([]);
  await client.stop();
});

async function request(type: string, content: Content, channel: "shell" | "control" = "shell"): Promise<Content> {
  const reply = await client.request(type, content, channel);
  replies.push(reply);
  expect(reply.header.msg_type).toBe(type.replace("_request", "_reply"));
  return reply.content;
}

test("the first message a subscriber gets is its welcome", () => {
  expect(client.iopub[0]?.header.msg_type).toBe("iopub_welcome");
  expect(client.iopub[0]?.content).toEqual({ subscription: "" });
  expect(client.iopub[0]?.parentHeader).toEqual({});
});

test.each(["shell", "control"] as const)("every kind of request is answered on %s", async (channel) => {
  const { shell_port, control_port } = client.connection;
  expect(await request("kernel_info_request", {}, channel)).toMatchObject({ status: "ok", protocol_version: "5.3" });
  expect(await request("connect_request", {}, channel)).toMatchObject({ status: "ok", shell_port, control_port });
  expect(await request("comm_info_request", {}, channel)).toEqual({ status: "ok", comms: {} });
  expect(await request("is_complete_request", { code: "f(" }, channel)).toMatchObject({ status: "incomplete" });
  expect(await request("complete_request", { code: "Math.sq", cursor_pos: 7 }, channel)).toMatchObject({
    status: "ok",
  });
  expect(await request("inspect_request", { code: "Math", cursor_pos: 2 }, channel)).toMatchObject({ status: "ok" });
  expect(await request("history_request", { hist_access_type: "tail", n: 1 }, channel)).toMatchObject({ status: "ok" });
  expect(await request("interrupt_request", {}, channel)).toEqual({ status: "ok" });
  expect(await request("execute_request", { code: "1" }, channel)).toMatchObject({ status: "ok" });
});

test.each<[type: string, content: Content]>([
  ["execute_request", { code: 5 }],
  ["execute_request", {}],
  ["execute_request", { code: "1", user_expressions: "x" }],
  ["complete_request", { code: "Math.", cursor_pos: "5" }],
  ["complete_request", { code: null, cursor_pos: 1 }],
  ["inspect_request", { code: [], cursor_pos: 0 }],
  ["is_complete_request", { code: {} }],
  ["history_request", { hist_access_type: 1 }],
  ["comm_info_request", { target_name: 1 }],
  ["shutdown_request", { restart: "no" }],
])("%s with %j gets an error as its reply, and nothing runs", async (type, content) => {
  const reply = await request(type, content);
  const status = type === "is_complete_request" ? "unknown" : "error";
  expect(reply).toMatchObject({ status, ename: "BadRequest", evalue: expect.stringContaining(type) });
  if (type === "execute_request") expect(reply.execution_count).toEqual(expect.any(Number));
});

test.each([-3, 99, 1.5])("a cursor at %d is taken to the nearest place in the code", async (cursor_pos) => {
  expect(await request("complete_request", { code: "Math.", cursor_pos })).toMatchObject({ status: "ok" });
  expect(await request("inspect_request", { code: "Math", cursor_pos })).toMatchObject({ status: "ok" });
});

test("code with lone surrogates runs, and positions in it are code points", async () => {
  const reply = await request("complete_request", { code: "'\ud834'; Math.sqr", cursor_pos: 13 });
  expect(reply).toMatchObject({ cursor_start: 10, cursor_end: 13 });
  const run = await client.execute("console.log('\ud834'); '\udd1e'.length");
  expect(printed(run)).toHaveLength(2);
  expect(result(run)).toBe("1");
});

test("comm messages that lack their id are ignored", async () => {
  client.send("comm_msg", { data: 1 });
  client.send("comm_open", { comm_id: 1, target_name: "x" });
  await client.until(() => client.log.includes('comm_open has "comm_id" of type number'));
});

test("requests of unknown types are ignored, whatever they are called", async () => {
  for (const type of ["no_such_request", "debug_request", "__proto__", "constructor", "", "x".repeat(10_000)]) {
    client.send(type, { code: "globalThis.unknown = 1" });
  }
  expect(result(await client.execute("typeof unknown"))).toBe("'undefined'");
});

test("the control channel is served while a cell blocks, and a cell there runs after it", async () => {
  const id = client.start("const until = Date.now() + 400; while (Date.now() < until); 'first'");
  await sleep(50);
  const started = performance.now();
  await request("kernel_info_request", {}, "control");
  expect(performance.now() - started).toBeLessThan(300);
  const reply = await request("execute_request", { code: "'second'" }, "control");
  expect(result(await client.finish(id))).toBe("'first'");
  expect(reply.status).toBe("ok");
});

test("a reply to a cell says when it began; aborted cells say the number of the newest cell", async () => {
  const before = (await client.execute("1")).reply;
  expect(before.metadata).toEqual({ started: expect.stringMatching(/^\d{4}-.*Z$/) });
  const failing = client.start("throw 1");
  const behind = client.start("2");
  const { reply } = await client.finish(failing);
  const aborted = (await client.finish(behind)).reply;
  expect(reply.content.execution_count).toBe((before.content.execution_count as number) + 1);
  expect(aborted.content).toEqual({ status: "aborted", execution_count: reply.content.execution_count });
});

test("a silent cell that fails says so in its reply, and is not counted", async () => {
  const count = (await client.execute("1")).reply.content.execution_count;
  const run = await client.execute("throw new Error('quiet')", { silent: true, store_history: true });
  expect(run.reply.content).toMatchObject({ status: "error", ename: "Error", execution_count: count });
  expect(run.messages.some(({ header }) => header.msg_type === "execute_input")).toBe(false);
});

test("text beyond a cell's limit is dropped, and the cell says how much", async () => {
  const small = await Client.start({ env: { THAW_OUTPUT_LIMIT: "1000" } });
  const run = await small.execute("for (let i = 0; i < 10_000; i++) console.log('line', i); 'value'");
  const shown = printed(run);
  expect(shown.length).toBeLessThanOrEqual(1000);
  expect(shown).toMatch(/^line 0\n(line \d+\n)+$/);
  const missing = 10_000 - shown.split("\n").length + 1;
  expect(printed(run, "stderr")).toContain("This cell has printed 1,000 characters");
  expect(printed(run, "stderr")).toContain(`Not shown: ${missing.toLocaleString("en")} lines`);
  expect(result(run)).toBe("'value'");
  expect(printed(await small.execute("console.log('next cell')"))).toBe("next cell\n");
  await small.stop();
});

test("shutdown on shell answers there and on iopub before the sockets close", async () => {
  const other = await Client.start();
  const id = other.send("shutdown_request", { restart: true });
  expect((await other.reply(id)).content).toEqual({ status: "ok", restart: true });
  await other.until(() =>
    other.iopub.some((message) => parentId(message) === id && message.header.msg_type === "shutdown_reply"),
  );
  expect(other.iopub.at(-1)?.content).toEqual({ status: "ok", restart: true });
  expect(await other.stop()).toBe(0);
});

test("process.exit answers with the number of its cell, and aborts those behind it", async () => {
  const other = await Client.start();
  await other.execute("1");
  const exits = other.start("process.exit(0)");
  const behind = other.start("3");
  expect((await other.reply(exits)).content).toMatchObject({
    status: "error",
    ename: "ProcessExit",
    execution_count: 2,
  });
  expect((await other.reply(behind)).content.status).toBe("aborted");
  expect(errorText({ reply: await other.reply(behind), messages: other.iopub })).not.toContain("3");
  await other.stop();
});
