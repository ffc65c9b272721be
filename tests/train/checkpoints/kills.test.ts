import { expect, test } from "vitest";
import { killedRuns } from "./killedRuns.ts";

/** 200 kills in the second tier. */
test("kill -9, 30 times, half of them within a save: each run goes on, ends as the unbroken one, and leaves nothing over", async () => {
  const { inside, anywhere, runs } = await killedRuns(30, 0);
  console.log(`kill -9: ${inside} times within a save, ${anywhere} times at a random moment, in ${runs} runs`);
  expect(inside + anywhere).toBeGreaterThanOrEqual(30);
  expect(Math.abs(inside - anywhere)).toBeLessThanOrEqual(4);
}, 600_000);
