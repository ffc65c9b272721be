import { expect, test } from "vitest";
import { Client, result } from "./client.ts";

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

// Promised: 0.5 s and 5 ms on a quiet machine; printed, not asserted, since a busy one says nothing about the kernel.
test("a kernel starts, and runs a trivial cell, in the time that is printed", async () => {
  const starts: number[] = [];
  const cells: number[] = [];
  for (let round = 0; round < 5; round++) {
    const client = await Client.start();
    starts.push(client.startMs);
    if (round === 4) {
      for (let i = 0; i < 60; i++) {
        const started = performance.now();
        const run = await client.execute(`const value${i}: number = ${i}; value${i}`);
        expect(result(run)).toBe(String(i));
        if (i >= 10) cells.push(performance.now() - started);
      }
    }
    await client.stop();
  }
  console.log(`kernel: spawn to kernel_info_reply, median of 5: ${median(starts).toFixed(0)} ms`);
  console.log(`kernel: trivial cell with new text, request to idle, median of 50: ${median(cells).toFixed(2)} ms`);
  expect(cells).toHaveLength(50);
});
