import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { Client, errorText, printed, result, sleep } from "../client.ts";

let client: Client;
afterEach(async () => {
  await client.stop();
});

/** A cell that leaves a child, a shell with a child of its own, and one in a group of its own, and says their numbers. */
const left = [
  "const { spawn } = require('child_process');",
  "const child = spawn('sleep', ['1000.5']), shell = spawn('sh', ['-c', 'sleep 1000.5; echo']), own = spawn('sleep', ['1000.5'], { detached: true });",
  "console.log(child.pid, shell.pid, own.pid);",
].join("\n");

const state = (pid: number): string => {
  try {
    return execFileSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).trim();
  } catch {
    return "";
  }
};
const isThere = (pid: number) => !/^(Z|$)/.test(state(pid));
const exit = async (): Promise<unknown> => {
  await client.until(() => client.process.exitCode !== null || client.process.signalCode !== null, 20_000, "the end");
  return client.process.exitCode ?? client.process.signalCode;
};

test.each([
  ["SIGTERM", 143],
  ["SIGHUP", 129],
  ["SIGQUIT", 131],
] as const)(
  "%s ends the kernel in order: the running cell is answered, children are ended, the exit code is %i",
  async (signal, code) => {
    client = await Client.start();
    const pids = printed(await client.execute(left))
      .trim()
      .split(" ")
      .map(Number);
    const [child = 0, shell = 0, own = 0] = pids;
    const id = client.start("console.log('printed'); await new Promise(() => {})");
    const behind = client.start("'never'");
    await client.until(() => client.iopub.some(({ content }) => content.text === "printed\n"));
    client.process.kill(signal);
    const run = await client.finish(id);
    expect(run.reply.content).toMatchObject({ status: "error", ename: "KernelEnded" });
    expect(errorText(run)).toContain(`The kernel was asked to end by ${signal}.`);
    expect((await client.reply(behind)).content.status).toBe("aborted");
    expect(await exit()).toBe(code);
    expect([child, shell].filter(isThere)).toEqual([]);
    expect(isThere(own)).toBe(true); // it was let go of
    process.kill(own, "SIGKILL");
  },
);

const relayed = existsSync(join(import.meta.dirname, "../../../native/stdio/build/stdio.node"));

test.runIf(relayed)("SIGTERM ends a kernel whose main thread is blocked, and SIGINT interrupts it", async () => {
  client = await Client.start();
  const blocks = "console.log('in'); new Function('for (;;) {}')()";
  for (const [signal, count] of [
    ["SIGINT", 1],
    ["SIGTERM", 2],
  ] as const) {
    const id = client.start(blocks);
    await client.until(() => client.iopub.filter(({ content }) => content.text === "in\n").length === count);
    client.process.kill(signal);
    const { ename } = (await client.finish(id)).reply.content;
    expect(ename).toBe(signal === "SIGINT" ? "KernelInterrupt" : "KernelEnded");
  }
  expect(await exit()).toBe(143);
});

test("a cell's own listeners hear the signal too, and cannot keep the kernel from ending", async () => {
  client = await Client.start();
  await client.execute(
    "process.on('SIGTERM', () => console.log('heard')); process.once('SIGHUP', () => {}); process.removeAllListeners('SIGHUP'); process.kill(process.pid, 'SIGTERM')",
  );
  expect(await exit()).toBe(143);
});

/** In an orphaned process group, which nobody at a terminal could continue, the system ignores all of them but SIGSTOP. */
const isOrphaned =
  spawnSync("sh", ["-c", "kill -s TSTP $$"], { timeout: 2000, killSignal: "SIGKILL" }).signal !== "SIGKILL";

test.each([
  ["SIGSTOP", "process.kill(process.pid, 'SIGSTOP')", true],
  ["SIGTSTP", "process.kill(process.pid, 'SIGTSTP')", !isOrphaned],
  ["SIGTTIN, by its number", "process.kill(process.pid, require('os').constants.signals.SIGTTIN)", !isOrphaned],
  ["SIGSTOP from a shell", "require('child_process').execSync('kill -s STOP ' + process.pid)", true],
])("a kernel that stops itself by %s goes on after SIGCONT, and so do its cells", async (_, code, stops) => {
  client = await Client.start();
  const id = client.start(`const before = 1; ${code}; 'continued'`);
  const pid = client.process.pid as number;
  const isStopped = () => state(pid).startsWith("T");
  const isOver = () => client.replied(id);
  for (let i = 0; i < 200 && !isStopped() && !isOver(); i++) await sleep(20);
  expect(isStopped()).toBe(stops);
  if (stops) {
    await sleep(300);
    client.process.kill("SIGCONT");
  }
  expect(result(await client.finish(id))).toBe("'continued'");
  expect(result(await client.execute("before + 1"))).toBe("2");
  expect(result(await client.execute("await new Promise((done) => setTimeout(() => done('timer'), 10))"))).toBe(
    "'timer'",
  );
});

test("a kernel that is stopped and continued from outside, idle or busy, goes on", async () => {
  client = await Client.start();
  for (const code of ["1", "for (let i = 0; i < 40; i++) await new Promise((r) => setTimeout(r, 10)); 1"]) {
    const id = client.start(code);
    await sleep(100);
    client.process.kill("SIGSTOP");
    await sleep(400);
    client.process.kill("SIGCONT");
    expect(result(await client.finish(id))).toBe("1");
  }
  expect(result(await client.execute("6 * 7"))).toBe("42");
});
