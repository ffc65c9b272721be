/** The most memory that this process has had at once. */
import { readFileSync } from "node:fs";

/** In MB. On Linux not by getrusage: there, what the parent had before it started this process counts as well. */
export function peakRssMb(): number {
  try {
    const kilobytes = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) / 1024;
  } catch {
    // not Linux
  }
  return process.resourceUsage().maxRSS / 1024;
}
