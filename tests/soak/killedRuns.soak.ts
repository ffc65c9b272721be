/** Runs that are killed, or asked to end, at random moments, and go on to the end of the unbroken run. */
import { expect, test } from "vitest";
import { killedRuns } from "../train/checkpoints/killedRuns.ts";
import { signalledRuns } from "../train/checkpoints/signalledRuns.ts";

test("kill -9, 200 times, half of them within a save: each run goes on, ends as the unbroken one, and leaves nothing over", async () => {
  const { inside, anywhere, runs } = await killedRuns(200, 1);
  console.log(`kill -9: ${inside} times within a save, ${anywhere} times at a random moment, in ${runs} runs`);
  expect(inside + anywhere).toBeGreaterThanOrEqual(200);
  expect(Math.abs(inside - anywhere)).toBeLessThanOrEqual(4);
});

test("SIGTERM and SIGINT at 50 random moments: a checkpoint within one step, and the same end after a resume", async () => {
  const stoppedAt = await signalledRuns(50, 1);
  console.log(
    `signals: saved at steps ${[...stoppedAt].sort((a, b) => a - b).join(", ")}; each went on to the same end`,
  );
  expect(stoppedAt).toHaveLength(50);
});
