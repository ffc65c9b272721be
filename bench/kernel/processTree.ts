/** Memory of a process and of everything it has started, from /proc. */
import { readdirSync, readFileSync } from "node:fs";

/** Resident megabytes (10^6 bytes) of the tree below `pid`; 0 once it is gone. */
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

/** A process may end between two reads. */
function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
