/** Goal 8: restarts leave nothing behind, and a kernel ends in order whatever it is sent meanwhile. */
import { expect, test } from "vitest";
import { endUnder, floods, restart } from "../kernel/restarts.ts";

test("a hundred restarts on the same ports leave no process and no port behind, and take at most a second each", async () => {
  const { slowestEndMs, slowestRoundMs } = await restart(100);
  console.log(
    `restart: slowest end of 100 ${slowestEndMs.toFixed(0)} ms, slowest round ${slowestRoundMs.toFixed(0)} ms`,
  );
  expect(slowestEndMs).toBeLessThan(1000);
});

const ends = 100;

test.each(floods)(`${ends} ends under a flood of %s are clean`, async (flood) => {
  const { exits, slowestMs } = await endUnder(flood, ends);
  const clean = exits.filter((code) => code === 0).length;
  console.log(`restart: ${clean} of ${ends} exits under ${flood} with code 0, slowest ${slowestMs.toFixed(0)} ms`);
  expect(exits.filter((code) => code !== 0)).toEqual([]);
});
