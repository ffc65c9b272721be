/**
 * The 27 checks of runtimed/kernel-testbed (src/tests.rs, 2026), stricter where it gives half marks or looks at a status
 * only. Its display snippets call `Deno.jupyter.broadcast`; here they are this kernel's `display`.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, errorText, parentId, printed, result, sleep } from "../client.ts";

let client: Client;

beforeAll(async () => {
  client = await Client.start();
});
afterAll(async () => {
  await client.stop();
});

const completeCode = "const x = 1";
const typesOf = (messages: readonly { header: { msg_type: string } }[]) =>
  messages.map(({ header }) => header.msg_type);

test("heartbeat: the kernel echoes", async () => {
  console.log(`echo of the heartbeat: ${(await client.heartbeat()).toFixed(1)} ms`);
});

test("iopub: a subscriber is welcomed", () => {
  const welcome = client.iopub.find(({ header }) => header.msg_type === "iopub_welcome");
  expect(welcome).toMatchObject({ parentHeader: {}, content: { subscription: "" } });
});

test("kernel_info: status ok, a language with a name, a version of the protocol", async () => {
  const { content } = await client.request("kernel_info_request", {});
  expect(content).toMatchObject({ status: "ok", language_info: { name: "typescript" } });
  expect(content.protocol_version).toMatch(/^5\.\d+/);
});

test("execute: stdout and stderr are streams of their own", async () => {
  expect(printed(await client.execute("console.log('hello')"))).toBe("hello\n");
  expect(printed(await client.execute("console.error('error')"), "stderr")).toBe("error\n");
});

test("execute: the reply is ok, the code is broadcast, and busy comes first and idle last", async () => {
  const { reply, messages } = await client.execute(completeCode);
  expect(reply.content.status).toBe("ok");
  expect(typesOf(messages)).toEqual(["status", "execute_input", "status"]);
  expect(messages.map(({ content }) => content.execution_state)).toEqual(["busy", undefined, "idle"]);
  expect(messages[1]?.content.code).toBe(completeCode);
});

test("complete: a name of an earlier cell is found by its beginning", async () => {
  await client.execute("const testVariableForCompletion = 42");
  const code = "testVariableFor";
  const { content } = await client.request("complete_request", { code, cursor_pos: code.length });
  expect(content).toMatchObject({ status: "ok", cursor_start: 0, cursor_end: code.length });
  expect(content.matches).toContain("testVariableForCompletion");
});

test("inspect: a name of an earlier cell is described", async () => {
  const code = "testVariableForCompletion";
  const request = { code, cursor_pos: code.length, detail_level: 0 };
  const { content } = await client.request("inspect_request", request);
  expect(content).toMatchObject({ status: "ok", found: true });
  expect((content.data as Record<string, string>)["text/plain"]).toMatch(/number|42/);
});

test.each([
  ["complete", completeCode],
  ["incomplete", "const x = {"],
  ["invalid", "function function"],
])("is_complete: %s", async (status, code) => {
  expect((await client.request("is_complete_request", { code })).content.status).toBe(status);
});

test("history: the tail ends with the newest cell", async () => {
  await client.execute("const newest = 1");
  const request = { hist_access_type: "tail", n: 10, output: false, raw: true };
  const { content } = await client.request("history_request", request);
  expect(content.status).toBe("ok");
  expect((content.history as [number, number, string][]).at(-1)?.[2]).toBe("const newest = 1");
});

test("comm_info: status ok and a table", async () => {
  const { content } = await client.request("comm_info_request", {});
  expect(content).toMatchObject({ status: "ok", comms: {} });
});

test("error: a syntax error is in the reply and on iopub", async () => {
  const run = await client.execute("function function");
  expect(run.reply.content).toMatchObject({ status: "error", ename: "SyntaxError" });
  expect(errorText(run)).toContain("SyntaxError");
});

test("display_data, then update_display_data under the same id", async () => {
  const { messages } = await client.execute(
    'const html = (text) => ({ data: { "text/html": text } }); display(html("<b>initial</b>")).update(html("<b>updated</b>"));',
  );
  const shown = messages.filter(({ header }) => header.msg_type.endsWith("display_data"));
  expect(typesOf(shown)).toEqual(["display_data", "update_display_data"]);
  expect(shown.map(({ content }) => (content.data as Record<string, string>)["text/html"])).toEqual([
    "<b>initial</b>",
    "<b>updated</b>",
  ]);
  const [first, second] = shown.map(({ content }) => (content.transient as { display_id?: string }).display_id);
  expect(first).toBeTruthy();
  expect(second).toBe(first);
});

test("execute_result: a number as text, a rich value as HTML too", async () => {
  expect(result(await client.execute("1 + 1"))).toBe("2");
  const rich = '({ [Symbol.for("Jupyter.display")]: () => ({ "text/html": "<b>5</b>", "text/plain": "5" }) })';
  const { messages } = await client.execute(rich);
  const data = messages.find(({ header }) => header.msg_type === "execute_result")?.content.data;
  expect(data).toEqual({ "text/html": "<b>5</b>", "text/plain": "5" });
  const rows = await client.execute('[{ letter: "A", frequency: 0.08167 }, { letter: "B", frequency: 0.01492 }]');
  const table = rows.messages.find(({ header }) => header.msg_type === "execute_result")?.content.data;
  expect(table).toMatchObject({ "text/html": expect.stringContaining("0.08167") });
});

test("stdin: a cell asks, the frontend answers, the cell goes on with the answer", async () => {
  const id = client.start("const answer = prompt('Enter:'); answer", { allow_stdin: true });
  const question = await client.answer("test_input_42", client.questions.length + 1);
  expect(question).toMatchObject({
    header: { msg_type: "input_request" },
    content: { prompt: expect.stringMatching(/^Enter: *$/), password: false },
  });
  expect(result(await client.finish(id))).toBe("'test_input_42'");
});

test("comms: an unknown target is closed again, and the kernel answers on", async () => {
  const comm_id = "unknown-target";
  const id = client.send("comm_open", { comm_id, target_name: "jupyter.kernel_testbed.test", data: {} });
  const isClose = (message: (typeof client.iopub)[number]) =>
    message.header.msg_type === "comm_close" && message.content.comm_id === comm_id;
  await client.until(() => client.iopub.some(isClose), 20_000, "comm_close");
  expect(parentId(client.iopub.find(isClose) as (typeof client.iopub)[number])).toBe(id);
  client.send("comm_close", { comm_id, data: {} });
  expect(result(await client.execute("2 + 2"))).toBe("4");
});

test("interrupt: answered on control, with nothing running too", async () => {
  expect((await client.request("interrupt_request", {}, "control")).content).toEqual({ status: "ok" });
  expect(result(await client.execute("3 + 3"))).toBe("6");
});

test("execution counts go up by one", async () => {
  const counts = [await client.execute(completeCode), await client.execute(completeCode)].map(({ reply }) =>
    Number(reply.content.execution_count),
  );
  expect((counts[1] ?? 0) - (counts[0] ?? 0)).toBe(1);
});

test("every message of a cell names the cell's request as its parent", async () => {
  const before = client.iopub.length;
  const { reply } = await client.execute("console.log('hello'); 5");
  await sleep(50);
  const parents = new Set(client.iopub.slice(before).map(parentId));
  expect([...parents]).toEqual([parentId(reply)]);
});

test("shutdown: answered, then the process ends with 0", async () => {
  const other = await Client.start();
  const { content } = await other.request("shutdown_request", { restart: false }, "control");
  expect(content).toEqual({ status: "ok", restart: false });
  expect(await other.stop()).toBe(0);
});
