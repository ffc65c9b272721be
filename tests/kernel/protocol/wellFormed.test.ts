/**
 * Half a surrogate pair, which JavaScript's strings may hold and no UTF-8 can, through every way out of the kernel. That
 * no message at all holds one is checked by the client, for each message of each test.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Outbox } from "../../../kernel/protocol/outbox.ts";
import { newHeader, type Outgoing } from "../../../kernel/protocol/wire/message.ts";
import { Client, errorText, isWellFormed, printed, type Run, result, sleep } from "../client.ts";

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
afterAll(async () => {
  await client.stop();
});

const half = "\\ud83d"; // as a cell writes it
const mended = "\ufffd";
const contentOf = (run: Run, type: string) => run.messages.find(({ header }) => header.msg_type === type)?.content;

test.each([
  ["console.log('So happy 😀'.slice(0, 10))", "stdout", `So happy ${mended}\n`],
  ["console.error('\\ude00 x')", "stderr", `${mended} x\n`],
  [`process.stdout.write('a${half}')`, "stdout", `a${mended}`],
  ["process.stdout.write(Uint8Array.of(0xed, 0xa0, 0xbd, 10))", "stdout", `${mended.repeat(3)}\n`],
  ["!printf '\\355\\240\\275\\n'", "stdout", `${mended.repeat(3)}\n`],
])("printed text: %s", async (code, name, text) => {
  expect(printed(await client.execute(code), name)).toBe(text);
});

test("what a cell ends with, shows, and shows again", async () => {
  const run = await client.execute(
    `display.json({ 'k${half}': ['v${half}'] }).update({ data: { 'text/html': '<b>${half}' }, metadata: { 'm${half}': '${half}' } });
     ({ [Symbol.for('Jupyter.display')]: () => ({ 'application/vnd.plotly.v1+json': { data: [{ name: '${half}' }] }, 'text/plain': '${half}' }) })`,
  );
  expect(contentOf(run, "display_data")?.data).toMatchObject({
    "application/json": { [`k${mended}`]: [`v${mended}`] },
  });
  expect(contentOf(run, "update_display_data")).toMatchObject({
    data: { "text/html": `<b>${mended}`, "text/plain": mended },
    metadata: { [`m${mended}`]: mended },
  });
  expect(contentOf(run, "execute_result")?.data).toEqual({
    "application/vnd.plotly.v1+json": { data: [{ name: mended }] },
    "text/plain": mended,
  });
});

test("an error's name, message, traceback and fields", async () => {
  const run = await client.execute(
    `throw Object.assign(new Error('why ${half}'), { name: 'Odd${half}', ['code${half}']: '${half}', cause: '${half}' })`,
  );
  expect(contentOf(run, "error")).toMatchObject({ ename: `Odd${mended}`, evalue: `why ${mended}` });
  expect(errorText(run)).toContain(mended);
  expect(run.reply.content).toMatchObject({ ename: `Odd${mended}`, evalue: `why ${mended}` });
  expect(errorText(await client.execute(`throw '${half}'`))).toContain(`Thrown: ${mended}`);
});

test("the question of input()", async () => {
  const id = client.start(`input('Name ${half}: ')`, { allow_stdin: true });
  expect((await client.answer("x", client.questions.length + 1)).content.prompt).toBe(`Name ${mended}: `);
  expect(result(await client.finish(id))).toBe("'x'");
});

test("what is said on comms: target, data, keys, metadata", async () => {
  const run = await client.execute(
    `const comm = Jupyter.comms.open('target${half}', { 'k${half}': '${half}' }, { metadata: { 'm${half}': 1 } });
     comm.send({ deep: [{ '${half}': '${half}' }] }); comm.close({ bye: '${half}' })`,
  );
  expect(contentOf(run, "comm_open")).toMatchObject({
    target_name: `target${mended}`,
    data: { [`k${mended}`]: mended },
  });
  expect(contentOf(run, "comm_msg")?.data).toEqual({ deep: [{ [mended]: mended }] });
  expect(contentOf(run, "comm_close")?.data).toEqual({ bye: mended });
  expect(run.messages.find(({ header }) => header.msg_type === "comm_open")?.metadata).toEqual({ [`m${mended}`]: 1 });
});

test("code that holds one: as the input that is echoed, in the history, completed, inspected, asked about", async () => {
  const content = String.raw`{"code":"'\ud834'; const odd = { 'key\udd1e': 1 }; 'a\ud834'.length"}`;
  const id = client.sendText("execute_request", content);
  const run = await client.finish(id);
  expect(result(run)).toBe("2"); // it runs as it came
  expect(String(contentOf(run, "execute_input")?.code)).toContain(`'${mended}'; const odd`);
  const tail = await client.request("history_request", { hist_access_type: "tail", n: 1, raw: true, output: true });
  expect(JSON.stringify(tail.content.history)).toContain(`'${mended}'; const odd`);
  const ask = async (type: string, text: string) => (await client.reply(client.sendText(type, text))).content;
  expect(await ask("complete_request", String.raw`{"code":"'\ud834'; odd.","cursor_pos":10}`)).toMatchObject({
    status: "ok",
  });
  expect(await ask("inspect_request", String.raw`{"code":"'\ud834'; odd","cursor_pos":8}`)).toMatchObject({
    status: "ok",
    found: true,
  });
  expect(await ask("is_complete_request", String.raw`{"code":"'\ud834"}`)).toMatchObject({ status: "invalid" });
  expect(await ask("complete_request", String.raw`{"code":"'\ud834'; Math.sqr","cursor_pos":13}`)).toMatchObject({
    cursor_start: 10,
    cursor_end: 13,
  });
});

test("what a reply carries: expressions, the pager, a cell to be filled in", async () => {
  const { reply } = await client.execute(`const doc = { '${half}': 'v${half}' }\ndoc?`, {
    user_expressions: { one: `'e${half}'`, bad: `throw '${half}'` },
  });
  expect(isWellFormed(reply.content)).toBe(true);
  expect(JSON.stringify(reply.content.user_expressions)).toContain(mended);
  const { reply: loaded } = await client.execute(
    `const file = process.env.JUPYTER_DATA_DIR + '/half.txt'; require('fs').writeFileSync(file, 'text ${half}')\n%load \${file}`,
  );
  expect(JSON.stringify(loaded.content.payload)).toContain(`text ${mended}`);
});

test("a header that holds one is answered all the same", async () => {
  const extra = { parentHeader: {}, metadata: {} };
  client.send("kernel_info_request", {}, "shell", {
    ...extra,
    header: { ...newHeader("kernel_info_request", "s\ud800"), odd: "\ud800" } as never,
  });
  const answered = () => client.iopub.some(({ parentHeader }) => parentHeader.session === `s${mended}`);
  await client.until(answered, 20_000, "an answer");
});

test("an emoji that is printed unit by unit stays one, while other messages come between", async () => {
  const id = client.start(
    "for (const unit of 'a😀b😀'.split('')) { process.stdout.write(unit); process.stderr.write('.'); await new Promise((r) => setTimeout(r, 30)); }",
  );
  for (let i = 0; i < 10; i++) {
    await client.request("kernel_info_request", {});
    await sleep(10);
  }
  const run = await client.finish(id);
  expect(printed(run)).toBe("a😀b😀");
  expect(printed(run, "stderr")).toBe("......");
});

test("a half that stays alone comes before the cell's end, and one that comes after it at once", async () => {
  const run = await client.execute(
    `process.stderr.write('${half}'); process.stdout.write('${half}'); display('shown'); setTimeout(() => process.stdout.write('late${half}'), 50)`,
  );
  expect([printed(run), printed(run, "stderr")]).toEqual([mended, mended]);
  await client.until(() => client.iopub.some(({ content }) => content.text === `late${mended}`), 20_000, "late text");
});

test("halves of two cells, or of two streams, never become a character", async () => {
  await client.execute(`process.stdout.write('${half}')`);
  expect(printed(await client.execute("process.stdout.write('\\ude00')"))).toBe(mended);
  const run = await client.execute(`process.stdout.write('${half}'); process.stderr.write('\\ude00')`);
  expect([printed(run), printed(run, "stderr")]).toEqual([mended, mended]);
});

/** What an outbox sends as streams, as text of JSON. */
function outboxOf(sent: (text: string) => void): Outbox {
  const outbox = new Outbox((_channel, { content }: Outgoing) => sent(String(content)), "session");
  outbox.adopt(1, {
    identities: [],
    header: newHeader("execute_request", "x"),
    parentHeader: {},
    metadata: {},
    content: {},
    buffers: [],
  });
  return outbox;
}

test("a text of which JSON would be longer than a string can be is sent in parts, none of which cuts a character", () => {
  let [parts, characters] = [0, 0];
  const outbox = outboxOf((text) => {
    parts++;
    characters += text.length;
  });
  outbox.stream(1, "stdout", "\u0001".repeat(9_000_000)); // six characters each
  outbox.closing(1);
  outbox.status("idle", undefined);
  expect(characters).toBeGreaterThan(6 * 9_000_000);
  expect(parts).toBeGreaterThan(40);
  let text = "";
  const pairs = outboxOf((content) => {
    text += (JSON.parse(content) as { text?: string }).text ?? "";
  });
  const odd = `x${"😀".repeat(600_000)}`;
  pairs.stream(1, "stdout", odd);
  pairs.closing(1);
  pairs.publish("clear_output", "{}", undefined);
  expect(text).toBe(odd);
});
