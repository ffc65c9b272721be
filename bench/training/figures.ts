/** What was measured, and what is made of it: medians, ratios, and the JSON that others read. */
import { median } from "../kernel/statistics.ts";

/** Of one side. */
export interface Samples {
  /** Milliseconds of a step, a plan or a prediction: those of each block. */
  readonly blocks: readonly (readonly number[])[];
  /** The most memory of the side's process. */
  readonly peakRssMb: number;
  /** Share of right labels at the end, by seed; only of plans and predictions. */
  readonly accuracies: readonly number[];
  /** Model FLOPs of what was measured, by this side's way of doing it; undefined where they are not counted. */
  readonly flops: number | undefined;
}

export interface Measured {
  readonly name: string;
  readonly title: string;
  /** Thaw's time over PyTorch's, at most. */
  readonly asked: number;
  readonly thaw: Samples;
  readonly torch: Samples;
}

/** Of all samples, whichever block they are in. */
export const medianMs = ({ blocks }: Samples): number => median(blocks.flat());

export const blockMedians = ({ blocks }: Samples): number[] => blocks.map((block) => median(block));

export const ratioOf = ({ thaw, torch }: Measured): number => medianMs(thaw) / medianMs(torch);

/** Each of Thaw's blocks against the PyTorch block that came next, of the same batches. */
export function ratiosByPair({ thaw, torch }: Measured): number[] {
  const others = blockMedians(torch);
  return blockMedians(thaw).map((ms, pair) => ms / (others[pair] as number));
}

/** In GFLOP/s. */
export function speedOf({ blocks, flops }: Samples): number | undefined {
  return flops === undefined ? undefined : flops / blocks.flat().reduce((sum, ms) => sum + ms, 0) / 1e6;
}

/** `{ name, thaw: { medianMs, peakRssMb }, torch: { ... }, ratio }` for each workload. */
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
