/** Restarts of a kernel on the same ports, as a frontend does them, and what they leave behind. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { expect } from "vitest";
import { Client, result, type StartOptions } from "./client.ts";

/** What a cell of each round leaves: a timer, a busy child and one in its own group, an open server, a thread. */
const left = [
  "setInterval(() => {}, 10);",
  "require('child_process').spawn('sleep', ['1000.25'], { stdio: 'inherit' });",
  "require('child_process').exec('sleep 1000.25; echo');",
  "require('net').createServer().listen(0);",
  "new (require('worker_threads').Worker)('setInterval(() => {}, 10)', { eval: true });",
  "const held = new Uint8Array(1e6); 6 * 7",
].join("\n");

/** Shuts down and starts again, `rounds` times; every round must leave nothing. Returns the slowest end in milliseconds. */
export async function restart(rounds: number): Promise<{ slowestEndMs: number; slowestRoundMs: number }> {
  const before = openDescriptors();
  const options: StartOptions = {};
  let connection = options.connection;
  let [slowestEndMs, slowestRoundMs] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    const client: Client = await Client.start(connection === undefined ? {} : { connection });
    connection = client.connection;
    expect(result(await client.execute(left))).toBe("42");
    const pid = client.process.pid as number;
    const family = [pid, ...childrenOf(pid)];
    expect(family.length).toBeGreaterThanOrEqual(3);
    const asked = performance.now();
    expect(await client.stop(true)).toBe(0);
    const ended = performance.now();
    expect(family.filter(isThere)).toEqual([]);
    slowestEndMs = Math.max(slowestEndMs, ended - asked);
    slowestRoundMs = Math.max(slowestRoundMs, ended - started);
  }
  expect(openDescriptors()).toBeLessThanOrEqual(before + 10);
  return { slowestEndMs, slowestRoundMs };
}

/** Pids of all processes below `pid`. */
function childrenOf(pid: number): number[] {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((row) => row.trim().split(/\s+/).map(Number));
  const found = [pid];
  for (const parent of found) for (const [child = 0, above] of rows) if (above === parent) found.push(child);
  return found.slice(1);
}

/** A zombie that nobody has waited for yet has ended. */
function isThere(pid: number): boolean {
  try {
    const state = execFileSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).trim();
    return state !== "" && !state.startsWith("Z");
  } catch {
    return false;
  }
}

function openDescriptors(): number {
  return readdirSync(process.platform === "linux" ? "/proc/self/fd" : "/dev/fd").length;
}
