/** Finds the processes of tokenizers on Linux. */
import { readdirSync, readFileSync } from "node:fs";

/** Processes below this one that hold tokenizers. */
export function tokenizersOf(parent: number | undefined): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => statusOf(pid, "PPid") === String(parent) && isTokenizers(pid));
}

function statusOf(pid: number, field: string): string {
  try {
    const line = readFileSync(`/proc/${pid}/status`, "utf8").match(new RegExp(`^${field}:\\s*(.*)$`, "m"));
    return line?.[1] ?? "";
  } catch {
    return "";
  }
}

const isTokenizers = (pid: number) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("thaw tokenizers");
  } catch {
    return false;
  }
};
