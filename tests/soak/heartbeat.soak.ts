import { expect, test } from "vitest";
import { slowestHeartbeat } from "../kernel/heartbeats.ts";

test("no heartbeat takes longer than 100 ms while a cell blocks the main thread for 60 s", async () => {
  const { slowestMs, count } = await slowestHeartbeat(60);
  console.log(`heartbeat: slowest of ${count} in 60 s ${slowestMs.toFixed(1)} ms`);
  expect(slowestMs).toBeLessThanOrEqual(100);
});
