import { expect, test } from "vitest";
import { trainInKernels } from "./resumeInKernel.ts";

test("after Stop and a restart the same cells go on bit for bit", async () => {
  const unbroken = await trainInKernels(process.execPath);
  const stopped = await trainInKernels(process.execPath, () => 500 + 1000 * Math.random(), 1);
  expect(stopped.outcome).toBe(unbroken.outcome);
  expect(stopped.leftOver).toEqual([]);
  console.log(`resume in kernels, ${process.version}: ${stopped.stops} stop`);
}, 240_000);
