/**
 * The processes around the kernel: those that cells have started, which an interrupt and the end of the kernel end, and the
 * one that started the kernel, with which it ends.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** Start time in ticks of the system's clock; 0 if unknown. */
  readonly started: number;
}

/** Ticks per second that Linux reports to every program, whatever the system's kernel was built with. */
const ticksPerSecond = 100;
/** Tolerance in ticks: `/proc/uptime` and the start of a process are both rounded down. */
const slackTicks = 1;

/**
 * Returns the processes below this one that were started `since` (as `performance.now()` says it) or later, parents first;
 * without `/proc`, all that are there. Those with a process group of their own were detached, and are left alone, as those in
 * `letGo` are.
 */
export function childrenSince(since: number, letGo: ReadonlySet<number> = new Set()): number[] {
  try {
    const rows = process.platform === "linux" ? fromProc() : fromPs();
    const self = rows.find(({ pid }) => pid === process.pid);
    if (self === undefined) return [];
    const secondsAgo = (performance.now() - since) / 1000;
    const earliest = self.started === 0 ? 0 : (secondsUp() - secondsAgo) * ticksPerSecond - slackTicks;
    const isNew = ({ started, pid }: ProcessRow): boolean => started >= earliest && !letGo.has(pid);
    const found = rows.filter((row) => row.parent === self.pid && row.group === self.group && isNew(row));
    for (const parent of found) found.push(...rows.filter((row) => row.parent === parent.pid));
    return found.map(({ pid }) => pid);
  } catch {
    return []; // without them an interrupt still ends what it can
  }
}

/** Sends a signal to those of the processes that still exist. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // it has ended meanwhile
    }
  }
}

function secondsUp(): number {
  return Number(readFileSync("/proc/uptime", "latin1").split(" ")[0]);
}

function fromProc(): ProcessRow[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "latin1");
        // the name, in parentheses, may hold anything; what follows: state ppid pgrp session ... and starttime as the 22nd
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        const [parent, group, started] = [fields[1], fields[2], fields[19]].map(Number);
        return [{ pid: Number(name), parent: parent ?? 0, group: group ?? 0, started: started ?? 0 }];
      } catch {
        return []; // gone between the two reads
      }
    });
}

function fromPs(): ProcessRow[] {
  const table = execFileSync("ps", ["-A", "-o", "pid=,ppid=,pgid="], { encoding: "utf8" });
  return table.split("\n").map((line) => {
    const [pid = 0, parent = 0, group = 0] = line.trim().split(/\s+/).map(Number);
    return { pid, parent, group, started: 0 };
  });
}

/**
 * Returns the pid that `process.ppid` must keep. Where the parent has died before this was asked, the system's first process has
 * taken its place already; Jupyter names itself in JPY_PARENT_PID, so that this is seen.
 */
export function parentPid(ppid = process.ppid, named = process.env.JPY_PARENT_PID): number {
  const jupyter = Number(named);
  return ppid === 1 && jupyter > 1 && !isAlive(jupyter) ? jupyter : ppid;
}

/** Whether a process exists, another user's included. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
