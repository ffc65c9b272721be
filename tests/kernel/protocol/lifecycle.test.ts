import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { encode, Signer } from "../../../kernel/protocol/wire/frames.ts";
import { newHeader } from "../../../kernel/protocol/wire/message.ts";
import { temporaryFolder } from "../../temporary.ts";
import { Client, errorText, freeConnection, mainPath, result, sleep } from "../client.ts";

test("forged and replayed messages are ignored; the kernel does not say what would have been right", async () => {
  const client = await Client.start();
  const request = (code: string, key: string) =>
    encode(
      { identities: [], header: newHeader("execute_request", "x"), parentHeader: {}, content: { code } },
      new Signer(key),
    );
  await client.execute("globalThis.runs = 0");
  client.sendFrames(request("globalThis.runs += 10", "wrong key"));
  client.sendFrames([Buffer.from("nonsense")]);
  const frames = request("globalThis.runs += 1", client.connection.key);
  client.sendFrames(frames);
  client.sendFrames(frames);
  expect(result(await client.execute("runs"))).toBe("1");
  expect(client.log.match(/ignored: bad signature or replay/g)).toHaveLength(2);
  expect(client.log).not.toMatch(/[0-9a-f]{64}/);
  await client.stop();
});

test("with an empty key nothing is signed", async () => {
  const client = await Client.start({ key: "" });
  expect(result(await client.execute("1 + 1"))).toBe("2");
  await client.stop();
});

test.each([true, false])("shutdown echoes restart: %s and ends with code 0, sockets freed", async (restart) => {
  const client = await Client.start();
  await client.execute("setInterval(() => {}, 1000)");
  const reply = await client.request("shutdown_request", { restart }, "control");
  expect(reply.content).toEqual({ status: "ok", restart });
  expect(await client.stop()).toBe(0);
});

test("a kernel whose main thread is stuck ends all the same", async () => {
  const client = await Client.start();
  client.start("new Function('for (;;) {}')()");
  await sleep(150);
  const started = Date.now();
  await client.stop();
  expect(Date.now() - started).toBeLessThan(2000);
});

const hasAddon = existsSync(join(import.meta.dirname, "../../../native/stdio/build/stdio.node"));

test.runIf(hasAddon)("a kernel whose main thread waits in the system for ever ends with its exit code", async () => {
  const folder = mkdtempSync(join(tmpdir(), "thaw-fifo-"));
  const pipe = join(folder, "nobody-writes");
  execFileSync("mkfifo", [pipe]);
  const client = await Client.start();
  client.start(`console.log('in'); require('fs').openSync(${JSON.stringify(pipe)})`);
  await client.until(() => client.iopub.some(({ content }) => content.text === "in\n"));
  expect(await client.stop()).toBe(0);
  rmSync(folder, { recursive: true });
});

test("process.exit in a cell answers the cell before it ends the process", async () => {
  const client = await Client.start();
  const run = await client.execute("process.exit(3)");
  expect(run.reply.content).toMatchObject({ status: "error", ename: "ProcessExit" });
  expect(errorText(run)).toContain("A cell called process.exit(3): the kernel ends.");
  await client.until(() => client.process.exitCode !== null);
  expect(client.process.exitCode).toBe(3);
  await client.stop();
});

test("listeners of a cell for the end of the process may take their time, and keep the cell's exit code", async () => {
  const folder = temporaryFolder();
  const client = await Client.start();
  const work = `const until = Date.now() + 900; while (Date.now() < until); require('fs').writeFileSync('${folder}/done', '')`;
  await client.execute(`process.on('exit', () => { ${work} }); process.exit(3)`);
  await client.until(() => client.process.exitCode !== null);
  expect([client.process.exitCode, existsSync(join(folder, "done"))]).toEqual([3, true]);
  await client.stop();
});

test("what is asked of a kernel that is ending is answered: nothing is begun, and nobody waits in vain", async () => {
  const client = await Client.start();
  await client.execute("let runs = 0");
  await client.reply(client.start("process.exit(0)")); // later than any that was sent with it
  const cells = [client.start("runs++"), client.start("while (true) {}")];
  const others = [
    client.send("complete_request", { code: "run", cursor_pos: 3 }),
    client.send("inspect_request", { code: "runs", cursor_pos: 4, detail_level: 0 }),
    client.send("history_request", { hist_access_type: "tail", n: 1, output: false, raw: true }),
    client.send("is_complete_request", { code: "1 +" }),
    client.send("kernel_info_request", {}),
    client.send("comm_info_request", {}, "control"),
  ];
  for (const id of cells) expect((await client.finish(id)).reply.content.status).toBe("aborted");
  for (const id of others) expect((await client.finish(id)).reply.content.status).toMatch(/^(ok|incomplete)$/);
  expect(await client.stop()).toBe(0);
});

test.each([
  ["a timer that calls process.exit when its cell has ended", "setTimeout(() => process.exit(0), 50)"],
  ["a promise that does", "void Promise.resolve().then(() => setImmediate(() => process.exit(0)))"],
])("%s leaves no request behind it unanswered", async (_, code) => {
  const client = await Client.start();
  await client.execute(code);
  const sent: string[] = [];
  const statuses: unknown[] = [];
  for (let status: unknown = "ok"; status === "ok"; statuses.push(status)) {
    sent.push(client.start("1"), client.start("2")); // the second may come while the first is what runs
    for (const id of sent.splice(0)) {
      const { content } = await client.reply(id);
      status = content.ename ?? content.status;
    }
  }
  expect(statuses.at(-1)).toMatch(/^(aborted|ProcessExit)$/);
  expect(await client.stop()).toBe(0);
});

test("a shutdown answers the cell that runs and those that wait", async () => {
  const client = await Client.start();
  const cells = [client.start("while (true) {}"), client.start("2"), client.start("3")];
  await client.until(() => client.iopub.some(({ header }) => header.msg_type === "execute_input"));
  client.send("shutdown_request", { restart: true }, "control");
  for (const id of cells) expect((await client.finish(id)).reply.content.status).toBe("aborted");
  await client.stop();
});

/** Whether somebody accepts connections at a port of this machine: a kernel that does has started. */
function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

test("a kernel whose parent is gone ends by itself", async () => {
  const folder = mkdtempSync(join(tmpdir(), "thaw-orphan-"));
  const file = join(folder, "connection.json");
  const connection = await freeConnection("key");
  writeFileSync(file, JSON.stringify(connection));
  const script = `const kernel = require("node:child_process").spawn(process.execPath, ${JSON.stringify([mainPath, file])}, { stdio: "ignore" });
    console.log(kernel.pid); setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const pid = Number(
    await new Promise<string>((resolve) => parent.stdout.once("data", (data) => resolve(String(data)))),
  );
  const alive = () => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  while (!(await listens(connection.hb_port))) await sleep(50);
  expect(alive()).toBe(true);
  parent.kill("SIGKILL");
  const end = Date.now() + 20_000; // it looks once a second; a busy machine takes longer
  while (alive() && Date.now() < end) await sleep(50);
  expect(alive()).toBe(false);
  rmSync(folder, { recursive: true });
});
