import { expect, test } from "vitest";
import { slowestHeartbeat } from "./heartbeats.ts";

test("every heartbeat is echoed while a cell blocks the main thread for 3 s", async () => {
  const { slowestMs, count } = await slowestHeartbeat(3);
  console.log(`heartbeat: slowest of ${count} in 3 s ${slowestMs.toFixed(1)} ms`);
  expect(slowestMs).toBeLessThan(1000);
});
