import { expect, test } from "vitest";
import { restart } from "../kernel/restarts.ts";

test("a hundred restarts on the same ports leave no process and no port behind, and take at most a second each", async () => {
  const { slowestEndMs, slowestRoundMs } = await restart(100);
  console.log(
    `restart: slowest end of 100 ${slowestEndMs.toFixed(0)} ms, slowest round ${slowestRoundMs.toFixed(0)} ms`,
  );
  expect(slowestEndMs).toBeLessThan(1000);
});
