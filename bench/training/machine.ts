/** What figures of time are worth nothing without. */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { threads } from "./task.ts";

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  /** Of each side. */
  readonly threads: number;
  readonly memoryGb: number;
  /** Processes that waited for a processor in the minute before. */
  readonly loadBefore: number;
  /** GFLOP/s of a product of 2048 x 768 and 768 x 3072 in float32: the best of many. */
  readonly gemm: { readonly thaw: number; readonly torch: number };
  readonly versions: { readonly thaw: Versions; readonly torch: Versions };
}

export type Versions = Readonly<Record<string, string>>;

export function describeMachine(loadBefore: number, { gemm, versions }: Pick<Machine, "gemm" | "versions">): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    threads,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    loadBefore,
    gemm,
    versions,
  };
}

export const loadNow = (): number => Number((loadavg()[0] ?? 0).toFixed(1));

/** Whether the processor multiplies in bfloat16: elsewhere that is emulated, and slower than float32. */
export function hasBfloat16(): boolean {
  try {
    return /^(?:flags|Features)\s*:.*\b(?:avx512_bf16|amx_bf16|bf16)\b/m.test(readFileSync("/proc/cpuinfo", "utf8"));
  } catch {
    return process.platform === "darwin" && process.arch === "arm64"; // no list to read there
  }
}
