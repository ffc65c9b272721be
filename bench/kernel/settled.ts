/** Waits until a process holds as much memory as it is going to: what a kernel loads in the background is no growth. */
import { sleep } from "./leanClient.ts";
import { residentMegabytes } from "./processTree.ts";

/** How long memory must stand still, give or take a megabyte, and how long that is waited for, in milliseconds. */
const stillMs = 2500;
const patienceMs = 30_000;
const lookEveryMs = 100;

/** Resident megabytes of the tree below `pid`, at rest. */
export async function settledMegabytes(pid: number): Promise<number> {
  let level = residentMegabytes(pid);
  const started = performance.now();
  for (let since = started; performance.now() < Math.min(since + stillMs, started + patienceMs); ) {
    await sleep(lookEveryMs);
    const now = residentMegabytes(pid);
    if (Math.abs(now - level) <= 1) continue;
    level = now;
    since = performance.now();
  }
  return residentMegabytes(pid);
}
