/** Which process the kernel ends with. */

/**
 * The pid that `process.ppid` must keep. Where the parent has died before this was asked the system's first process has
 * taken its place already; Jupyter names itself in JPY_PARENT_PID, so that this is seen.
 */
export function parentPid(ppid = process.ppid, named = process.env.JPY_PARENT_PID): number {
  const jupyter = Number(named);
  return ppid === 1 && jupyter > 1 && !isAlive(jupyter) ? jupyter : ppid;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
