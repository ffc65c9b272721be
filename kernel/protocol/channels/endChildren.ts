/** Processes that cells have started end with the kernel, but for those that were given a group of their own. */
import { setTimeout as sleep } from "node:timers/promises";
import { childrenSince, signalAll } from "../../shared/children.ts";

/** How long they may take to clear up, in milliseconds. */
const graceMs = 300;
const lookEveryMs = 10;

export async function endChildren(): Promise<void> {
  const children = childrenSince(Number.NEGATIVE_INFINITY);
  signalAll(children, "SIGTERM");
  for (let waited = 0; waited < graceMs && children.some(isThere); waited += lookEveryMs) await sleep(lookEveryMs);
  signalAll(children, "SIGKILL");
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
