import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, errorText, printed, result, sleep } from "../../client.ts";

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
afterAll(async () => {
  await client.stop();
});

const asking = (code: string) => client.start(code, { allow_stdin: true });
let asked = 0;

test("a cell asks for text and for a password, of the client that runs it", async () => {
  const id = asking(
    "console.log('before'); const name = input('Name: '); const secret = password('Key: '); [name, secret]",
  );
  const first = await client.answer("Ada, 𝄞", ++asked);
  expect(first.header.msg_type).toBe("input_request");
  expect(first.content).toEqual({ prompt: "Name: ", password: false });
  expect(first.parentHeader).toMatchObject({ msg_id: id });
  expect((await client.answer("pw", ++asked)).content).toEqual({ prompt: "Key: ", password: true });
  const run = await client.finish(id);
  expect(result(run)).toBe("[ 'Ada, 𝄞', 'pw' ]");
  expect(printed(run)).toBe("before\n");
});

test.each<[code: string, answer: string, question: string, result: string | undefined]>([
  ["prompt('City')", "Oslo", "City ", "'Oslo'"],
  ["prompt('City', 'Rome')", "", "City [Rome] ", "'Rome'"],
  ["prompt('City')", "", "City ", "null"],
  ["confirm('Sure?')", "Yes", "Sure? [y/N] ", "true"],
  ["confirm('Sure?')", "", "Sure? [y/N] ", "false"],
  ["alert('Done')", "", "Done [Enter] ", undefined],
  ["input()", "", "", "''"],
  ["input('long').length", "x".repeat(200_000), "long", "200000"],
])("%s, answered with %j", async (code, answer, question, expected) => {
  const id = asking(code);
  expect((await client.answer(answer, ++asked)).content.prompt).toBe(question);
  expect(result(await client.finish(id))).toBe(expected);
});

test("a frontend that takes no input gets an error that says so", async () => {
  const run = await client.execute("input('?')");
  expect(errorText(run)).toMatch(/^InputError: .*allow_stdin: false.*write the value into the notebook/);
  expect(result(await client.execute("let code; try { input() } catch (error) { code = error.code }; code"))).toBe(
    "'NO_STDIN'",
  );
});

test("input outside a cell is refused", async () => {
  await client.execute("setTimeout(() => { try { input() } catch (error) { globalThis.late = error.code } }, 30)");
  await sleep(150);
  expect(result(await client.execute("late"))).toBe("'NO_CELL'");
});

test("Stop ends a cell that waits for input, and an answer that comes later is nobody's", async () => {
  const id = asking("globalThis.kept = 1; input('never: ')");
  await client.until(() => client.questions.length > asked);
  const started = performance.now();
  await client.request("interrupt_request", {}, "control");
  const run = await client.finish(id);
  console.log(`input: a cell that waits ended ${(performance.now() - started).toFixed(0)} ms after the interrupt`);
  expect(errorText(run)).toMatch(/^KernelInterrupt/);
  await client.answer("too late", ++asked);
  const next = asking("[kept, input('again: ')]");
  await client.until(() => client.questions.length > asked);
  await sleep(100);
  expect(client.iopub.some(({ content }) => String(content.text).includes("too late"))).toBe(false);
  await client.answer("now", ++asked);
  expect(result(await client.finish(next))).toBe("[ 1, 'now' ]");
  expect(client.log).toContain("input_reply on stdin ignored");
});

test("heartbeat, kernel_info and other cells' requests go on while a cell waits for input", async () => {
  const id = asking("input('wait: ')");
  await client.until(() => client.questions.length > asked);
  expect(await client.heartbeat()).toBeLessThan(1000);
  expect((await client.request("kernel_info_request", {})).content.status).toBe("ok");
  await client.answer("go", ++asked);
  expect(result(await client.finish(id))).toBe("'go'");
});

test("a client without a stdin channel gets an error at once", async () => {
  const deaf = await Client.start({ stdin: false });
  const run = await deaf.execute("let code; try { input('?') } catch (error) { code = error.code }; code", {
    allow_stdin: true,
  });
  expect(result(run)).toBe("'NO_STDIN_CLIENT'");
  await deaf.stop();
});
