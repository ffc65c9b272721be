/** Heartbeats while a cell blocks the main thread. */
import { expect } from "vitest";
import { Client, result, sleep } from "./client.ts";

/** The slowest of the heartbeats sent every 100 ms for `seconds`, in milliseconds. */
export async function slowestHeartbeat(seconds: number): Promise<{ slowestMs: number; count: number }> {
  const client = await Client.start();
  await client.execute("0");
  const id = client.start(
    `const end = Date.now() + ${seconds * 1000}; new Function('end', 'while (Date.now() < end);')(end); 'blocked'`,
  );
  let slowestMs = 0;
  let count = 0;
  for (const end = Date.now() + seconds * 1000 - 200; Date.now() < end; await sleep(100)) {
    slowestMs = Math.max(slowestMs, await client.heartbeat());
    count++;
  }
  expect(result(await client.finish(id, seconds * 1000 + 20_000))).toBe("'blocked'");
  await client.stop();
  return { slowestMs, count };
}
