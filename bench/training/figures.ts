/** The figures of a measurement: samples, medians and ratios, the machine they come from, and the JSON that others read. */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { median } from "../statistics.ts";
import { threads } from "./task.ts";

/** The samples of one side. */
export interface Samples {
  /** The milliseconds of each step, plan or prediction, by block. */
  readonly blocks: readonly (readonly number[])[];
  /** The peak memory of the side's process in MB. */
  readonly peakRssMb: number;
  /** The accuracy at the end, by seed; only for plans and predictions. */
  readonly accuracies: readonly number[];
  /** The model FLOPs of all blocks, for the layers that this side computes; undefined where they are not counted. */
  readonly flops: number | undefined;
}

export interface Measured {
  readonly name: string;
  readonly title: string;
  /** The target: Thaw's time over PyTorch's, at most. */
  readonly asked: number;
  readonly thaw: Samples;
  readonly torch: Samples;
}

/** Computes the median of all samples, whichever block they are in. */
export const medianMs = ({ blocks }: Samples): number => median(blocks.flat());

export const blockMedians = ({ blocks }: Samples): number[] => blocks.map((block) => median(block));

export const ratioOf = ({ thaw, torch }: Measured): number => medianMs(thaw) / medianMs(torch);

/** Divides each of Thaw's blocks by the PyTorch block that came next, which has the same batches. */
export function ratiosByPair({ thaw, torch }: Measured): number[] {
  const others = blockMedians(torch);
  return blockMedians(thaw).map((ms, pair) => ms / (others[pair] as number));
}

/** Computes the speed in GFLOP/s. */
export function speedOf({ blocks, flops }: Samples): number | undefined {
  return flops === undefined ? undefined : flops / blocks.flat().reduce((sum, ms) => sum + ms, 0) / 1e6;
}

/** Makes `{ name, thaw: { medianMs, peakRssMb }, torch: { ... }, ratio }` of each workload. */
export function toJson(machine: object, measured: readonly Measured[]): object {
  const side = (samples: Samples) => ({ medianMs: medianMs(samples), peakRssMb: samples.peakRssMb });
  const workloads = measured.map((figures) => ({
    name: figures.name,
    thaw: side(figures.thaw),
    torch: side(figures.torch),
    ratio: ratioOf(figures),
  }));
  return { machine, workloads };
}

/** The machine and its state, without which times say nothing. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  /** The number of threads of each side. */
  readonly threads: number;
  readonly memoryGb: number;
  /** The number of processes that waited for a processor in the minute before. */
  readonly loadBefore: number;
  /** The GFLOP/s of a product of 2048 x 768 and 768 x 3072 in float32, the best of many. */
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

/** Says whether the processor multiplies in bfloat16: elsewhere that is emulated, and slower than float32. */
export function hasBfloat16(): boolean {
  try {
    return /^(?:flags|Features)\s*:.*\b(?:avx512_bf16|amx_bf16|bf16)\b/m.test(readFileSync("/proc/cpuinfo", "utf8"));
  } catch {
    return process.platform === "darwin" && process.arch === "arm64"; // no list to read there
  }
}
