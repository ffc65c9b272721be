import { afterAll, beforeAll, expect, test } from "vitest";
import type { Content, Message } from "../../../../kernel/protocol/wire/message.ts";
import { Client, errorText, parentId, printed, result, sleep } from "../../client.ts";

let client: Client;
beforeAll(async () => {
  client = await Client.start();
  await client.execute(`
    const bytes = [];
    Jupyter.comms.registerTarget("echo", (comm, opened) => {
      console.log("opened with", opened.data);
      comm.onMessage(({ data, metadata, buffers }) => {
        if (data === "fail") throw new RangeError("on purpose");
        if (data === "fail later") return Promise.reject(new RangeError("later"));
        comm.send({ got: data }, { metadata: { ...metadata, seen: true }, buffers: buffers.map((b) => b.toReversed()) });
      });
      comm.onClose(({ data }) => console.log("closed with", data));
    });`);
});
afterAll(async () => {
  await client.stop();
});

/** Sends a comm message, waits for its idle, and returns what it caused on iopub. */
async function say(type: string, content: Content, extra = {}): Promise<readonly Message[]> {
  const id = client.send(type, content, "shell", extra);
  const children = () => client.iopub.filter((message) => parentId(message) === id);
  await client.until(() => children().some(({ content }) => content.execution_state === "idle"));
  return children();
}

const text = (messages: readonly Message[]) => messages.map(({ content }) => content.text ?? "").join("");
const types = (messages: readonly Message[]) => messages.map(({ header }) => header.msg_type);

test("the frontend opens a comm, is answered with data, metadata and buffers, and closes it", async () => {
  const opened = await say("comm_open", { comm_id: "c1", target_name: "echo", data: { a: 1 } });
  expect(text(opened)).toBe("opened with { a: 1 }\n");
  expect((await client.request("comm_info_request", {})).content.comms).toEqual({ c1: { target_name: "echo" } });

  const buffers = [Buffer.from([1, 2, 3]), Buffer.alloc(100_000, 7)];
  const answered = await say("comm_msg", { comm_id: "c1", data: [1, "é"] }, { metadata: { m: 1 }, buffers });
  expect(types(answered)).toEqual(["status", "comm_msg", "status"]);
  const { content, metadata, buffers: returned } = answered[1] as Message;
  expect(content).toEqual({ comm_id: "c1", data: { got: [1, "é"] } });
  expect(metadata).toEqual({ m: 1, seen: true });
  expect(returned.map((buffer) => [...buffer].slice(0, 3))).toEqual([
    [3, 2, 1],
    [7, 7, 7],
  ]);
  expect(returned[1]).toHaveLength(100_000);

  expect(text(await say("comm_close", { comm_id: "c1", data: "bye" }))).toBe("closed with bye\n");
  expect((await client.request("comm_info_request", {})).content.comms).toEqual({});
});

test("a comm on a target nobody has registered is closed at once", async () => {
  const opened = await say("comm_open", { comm_id: "lost", target_name: "nobody", data: {} });
  expect(opened.map(({ header, content }) => [header.msg_type, content.comm_id])).toContainEqual([
    "comm_close",
    "lost",
  ]);
  expect((await client.request("comm_info_request", {})).content.comms).toEqual({});
});

test("a cell opens a comm, the frontend hears of it under that cell, and comm_info is answered by target", async () => {
  const run = await client.execute(
    "const slider = Jupyter.comms.open('slider', { value: 3 }, { buffers: [new Uint8Array([9])], metadata: { version: '2' } });",
  );
  const open = run.messages.find(({ header }) => header.msg_type === "comm_open") as Message;
  expect(open.content).toEqual({ comm_id: expect.any(String), target_name: "slider", data: { value: 3 } });
  expect([...(open.buffers[0] ?? [])]).toEqual([9]);
  expect(open.metadata).toEqual({ version: "2" });
  const comms = async (content: Content) => (await client.request("comm_info_request", content)).content.comms;
  expect(await comms({ target_name: "slider" })).toEqual({ [String(open.content.comm_id)]: { target_name: "slider" } });
  expect(await comms({ target_name: "other" })).toEqual({});
  expect(types((await client.execute("slider.close()")).messages)).toContain("comm_close");
  expect(await comms({})).toEqual({});
  expect(errorText(await client.execute("slider.send(1)"))).toContain("is closed: open another one");
  expect(
    result(await client.execute("let code; try { slider.send(1) } catch (error) { code = error.code }; code")),
  ).toBe("'COMM_CLOSED'");
});

test("messages are delivered while a cell awaits, and the cell sees them", async () => {
  const id = client.start(`
    const heard = Jupyter.comms.open("live");
    console.log(heard.id);
    const value = await new Promise((resolve) => heard.onMessage(({ data }) => { console.log("heard"); resolve(data); }));
    value`);
  const printedBy = () => client.iopub.filter((message) => parentId(message) === id).map(({ content }) => content.text);
  await client.until(() => printedBy().some(Boolean));
  const commId = String(printedBy().find(Boolean)).trim();
  expect(text(await say("comm_msg", { comm_id: commId, data: 42 }))).toBe("heard\n");
  const run = await client.finish(id);
  expect(result(run)).toBe("42");
  expect(printed(run)).toBe(`${commId}\n`);
});

test("what a handler throws is printed under its message, and the comm lives on", async () => {
  await say("comm_open", { comm_id: "c2", target_name: "echo" });
  for (const [data, message] of [
    ["fail", "RangeError: on purpose"],
    ["fail later", "RangeError: later"],
  ]) {
    const id = client.send("comm_msg", { comm_id: "c2", data });
    const children = () => client.iopub.filter((message) => parentId(message) === id);
    await client.until(() => text(children()).includes("later") || text(children()).includes("on purpose"));
    expect(text(children())).toContain("A comm's handler failed:");
    expect(text(children())).toContain(message);
  }
  expect(types(await say("comm_msg", { comm_id: "c2", data: 1 }))).toContain("comm_msg");
});

test("a target's handler that throws closes the comm", async () => {
  await client.execute("Jupyter.comms.registerTarget('broken', () => { throw new Error('no') })");
  const opened = await say("comm_open", { comm_id: "c3", target_name: "broken", data: {} });
  expect(types(opened)).toContain("comm_close");
  expect(text(opened)).toContain("Error: no");
});

test("a handler that loops for ever is stopped, and its message gets its idle", async () => {
  await client.execute("Jupyter.comms.registerTarget('loop', () => { while (true) {} })");
  const id = client.send("comm_open", { comm_id: "c4", target_name: "loop", data: {} });
  await sleep(100);
  await client.request("interrupt_request", {}, "control");
  expect(result(await client.execute("1 + 1"))).toBe("2");
  await say("comm_msg", { comm_id: "c2", data: 1 });
  expect(client.iopub.some((message) => parentId(message) === id && message.content.execution_state === "idle")).toBe(
    true,
  );
});

test("messages for comms that do not exist, and handlers that are none, do no harm", async () => {
  expect(types(await say("comm_msg", { comm_id: "nowhere", data: {} }))).toEqual(["status", "status"]);
  expect(types(await say("comm_close", { comm_id: "nowhere" }))).toEqual(["status", "status"]);
  expect(errorText(await client.execute("Jupyter.comms.registerTarget('x', 5)"))).toContain(
    "is a function; found number",
  );
  expect(errorText(await client.execute("Jupyter.comms.open('')"))).toContain("named by a text");
});

test("a library finds comms at the host, knowing nothing of the kernel", async () => {
  expect(result(await client.execute("globalThis[Symbol.for('thaw.host')].comms === Jupyter.comms"))).toBe("true");
});
