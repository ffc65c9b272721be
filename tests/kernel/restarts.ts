/** Restarts of a kernel on the same ports, as a frontend does them, what they leave behind, and ends while messages pour in. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { expect } from "vitest";
import { Dealer } from "zeromq";
import { arriving } from "../../kernel/protocol/sockets/oneSocket.ts";
import { encode, Signer } from "../../kernel/protocol/wire/frames.ts";
import { newHeader } from "../../kernel/protocol/wire/message.ts";
import { Client, result, type StartOptions, sleep } from "./client.ts";

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

export const floods = ["heartbeats", "requests", "nonsense on control"] as const;
export type Flood = (typeof floods)[number];

const portOf = { heartbeats: "hb_port", requests: "shell_port", "nonsense on control": "control_port" } as const;

/**
 * Starts a kernel and shuts it down while three peers send without a pause, `rounds` times. Returns each exit code, or
 * signal, and how long the slowest end took.
 */
export async function endUnder(flood: Flood, rounds: number): Promise<{ exits: unknown[]; slowestMs: number }> {
  const exits: unknown[] = [];
  let slowestMs = 0;
  for (let round = 0; round < rounds; round++) {
    const kernel = await Client.start();
    const { connection } = kernel;
    const signer = new Signer(connection.key);
    const framesOf = (i: number) => {
      if (flood === "heartbeats") return ["", "x".repeat(i % 900)];
      if (flood !== "requests") return ["", "?"];
      const header = newHeader("kernel_info_request", "flood");
      return encode({ identities: [], header, parentHeader: {}, content: {} }, signer);
    };
    let isOpen = true;
    const peers = Array.from({ length: 3 }, async () => {
      const peer = new Dealer({ linger: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0 });
      peer.connect(`tcp://127.0.0.1:${connection[portOf[flood]]}`);
      const reading = (async () => {
        for await (const _ of arriving(peer));
      })();
      for (let i = 0; isOpen; i++) {
        await peer.send(framesOf(i));
        if (i % 50 === 0) await sleep(0);
      }
      peer.close();
      await reading;
    });
    await sleep(100);
    const asked = performance.now();
    exits.push(await kernel.stop());
    slowestMs = Math.max(slowestMs, performance.now() - asked);
    isOpen = false;
    await Promise.all(peers);
  }
  return { exits, slowestMs };
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
