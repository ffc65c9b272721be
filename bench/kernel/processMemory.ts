/** The resident memory of a process and of everything it has started, from /proc: now, or once it stands still. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Measures the resident megabytes (10^6 bytes) of the processes from `pid` down; 0 once it is gone. */
export function residentMegabytes(pid: number): number {
  return tree(pid).reduce((sum, id) => sum + residentOf(id), 0);
}

function tree(pid: number): number[] {
  const children = attempt(() => readdirSync(`/proc/${pid}/task`), []).flatMap((task) =>
    attempt(() => readFileSync(`/proc/${pid}/task/${task}/children`, "utf8"), "")
      .split(" ")
      .filter((id) => id !== "")
      .map(Number),
  );
  return [pid, ...children.flatMap(tree)];
}

function residentOf(pid: number): number {
  const status = attempt(() => readFileSync(`/proc/${pid}/status`, "utf8"), "");
  return (Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024) / 1e6;
}

/** Reads what may be gone: a process can end between two reads. */
function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** Memory must stand still for so long, give or take a megabyte, and it is given so long to do so, in milliseconds. */
const stillMs = 2500;
const patienceMs = 30_000;
const lookEveryMs = 100;

/**
 * Waits until the processes from `pid` down hold as much memory as they are going to, since what a kernel loads in the
 * background is no growth. Returns their resident megabytes.
 */
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
