import { expect, test } from "vitest";
import { restart } from "./restarts.ts";

test("five restarts on the same ports leave no process and no port behind", async () => {
  const { slowestEndMs, slowestRoundMs } = await restart(5);
  console.log(`restart: slowest end ${slowestEndMs.toFixed(0)} ms, slowest round ${slowestRoundMs.toFixed(0)} ms`);
  expect(slowestEndMs).toBeLessThan(3000);
});
